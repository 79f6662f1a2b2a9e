"""A registry that gives tokens, as Docker Hub and most others do: a door over TLS before the real program.

The door answers `/token` itself and passes everything else on, since a cache of line 3 sends its password to no other
host and port of a loopback address than the registry's own.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from registry_operator.registry import config
from registry_operator.registry.authority import Pair
from registry_operator.registry.config import Line
from tests.distribution import LOOPBACK, started
from tests.ports import free_port

SERVICE, ISSUER = "registry.example.org", "tokens.example.org"
_PASSED = ("Accept", "Authorization", "Host")


@dataclass
class Door:
    """What clients reach; `realm` is where it sends them for a token."""

    port: int
    account: tuple[str, str]
    pair: Pair
    behind: int
    asked: list[str]  # who asked for a token

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    def token(self, account: str | None, scopes: list[str]) -> str | None:
        """A token for what is asked, or none for one who is not let in."""
        self.asked.append((account or "").partition(":")[0])
        if account != ":".join(self.account):
            return None
        now = int(time.time())
        access = [_granted(scope) for each in scopes for scope in each.split(" ") if scope]
        claims = {"iss": ISSUER, "sub": self.account[0], "aud": SERVICE, "exp": now + 300, "nbf": now, "iat": now}
        return _signed(self.pair, {**claims, "jti": uuid.uuid4().hex, "access": access})


@contextmanager
def behind_tokens(
    options: config.Options, line: Line, folder: Path, pair: Pair, ca: str, account: tuple[str, str]
) -> Iterator[Door]:
    """The registry with these options, which lets in whoever has a token; the account gets one."""
    door = Door(free_port(), account, pair, free_port(), [])
    settings = yaml.safe_load(config.render(replace(options, line=line, port=door.behind)))
    (folder / "authority.crt").write_text(ca)
    settings["auth"] = {
        "token": {
            "realm": f"{door.url}/token",
            "service": SERVICE,
            "issuer": ISSUER,
            "rootcertbundle": str(folder / "authority.crt"),
        }
    }
    with started(line, yaml.safe_dump(settings), folder, door.behind), _open(door, folder):
        yield door


@contextmanager
def _open(door: Door, folder: Path) -> Iterator[None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (folder / "door.pem").write_text(door.pair.crt + door.pair.key)
    context.load_cert_chain(folder / "door.pem")
    server = ThreadingHTTPServer((LOOPBACK, door.port), type("Handler", (_Handler,), {"door": door}))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    door: Door

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        if parts.path != "/token":
            self._pass_on()
            return
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        account = base64.b64decode(value).decode() if scheme == "Basic" else None
        token = self.door.token(account, urllib.parse.parse_qs(parts.query).get("scope", []))
        body = {"token": token, "access_token": token, "expires_in": 300} if token else {"errors": []}
        self._answer(200 if token else 401, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def do_HEAD(self) -> None:
        self.do_GET()

    def _pass_on(self) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, self.door.behind, timeout=30)
        headers = {name: ", ".join(self.headers.get_all(name, [])) for name in _PASSED if name in self.headers}
        connection.request(self.command, self.path, headers=headers)
        with connection.getresponse() as response:
            self._answer(response.status, dict(response.headers), response.read())
        connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            if name not in ("Connection", "Transfer-Encoding"):
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """What the program behind it logs is enough."""


def _granted(scope: str) -> dict[str, Any]:
    kind, name, actions = scope.split(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _signed(pair: Pair, claims: dict[str, Any]) -> str:
    """ES256 with the certificate in the header, which every line checks against the bundle."""
    leaf = x509.load_pem_x509_certificate(pair.crt.encode()).public_bytes(Encoding.DER)
    header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(leaf).decode()]}
    text = ".".join(_url(json.dumps(part).encode()) for part in (header, claims))
    key = load_pem_private_key(pair.key.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    r, s = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(SHA256())))
    return f"{text}.{_url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
