"""What the tests that start a real registry share: options, files and who signs them."""

from __future__ import annotations

import datetime
import json
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from registry_operator.registry import authority, config, htpasswd

NOW = datetime.datetime.now(datetime.UTC)
HOST = "images.team-a.svc"
CA = authority.make_ca("images registry CA", "team-a", NOW)
PAIR = authority.make_leaf(CA, [HOST], ["127.0.0.1"], NOW)
USER, PASSWORD = "admin", "pass:word"

OPTIONS = config.Options(
    line="2",
    port=5000,
    drain_seconds=60,
    http_secret="0012345",
    storage=config.filesystem("/var/lib/registry"),
    log_fields={"service": "registry", "registry": "team-a/images"},
)


def write_files(folder: Path, pair: authority.Pair = PAIR) -> None:
    """The certificate, its key and the password file."""
    (folder / "tls.crt").write_text(pair.crt)
    (folder / "tls.key").write_text(pair.key)
    (folder / "htpasswd").write_text(htpasswd.line(USER, PASSWORD, b"key") + "\n")


@cache
def google_key() -> str:
    """The key file of a service account that nobody has; nothing listens where its tokens come from."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    account = {"type": "service_account", "client_email": "a@b.c", "token_uri": "http://127.0.0.1:1/token"}
    return json.dumps({**account, "private_key": key.decode()})
