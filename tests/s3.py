"""A real S3 server (moto's, as a process of its own) that checks keys and signatures as Amazon's does.

Its bucket is made while it asks nobody for keys; from then on each request is checked against the users made here.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

BUCKET = "images"
START_SECONDS = 60
ALL = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@dataclass(frozen=True)
class Keys:
    """The keys of one user."""

    id: str
    secret: str = field(repr=False)

    @property
    def data(self) -> dict[str, str]:
        """As the Secret of `credentialsSecretRef` has them."""
        return {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}


@dataclass(frozen=True)
class S3Server:
    """A running server; `url` is what a Registry's `endpoint` is."""

    url: str
    context: ssl.SSLContext | None = None

    def make_user(self, name: str, *, allow: str = "s3:*") -> Keys:
        """A user who may do this, and keys of his."""
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**ALL, "Action": allow}]})
        with self._unguarded():
            self._iam("CreateUser", UserName=name)
            self._iam("PutUserPolicy", UserName=name, PolicyName="images", PolicyDocument=policy)
        return self.make_keys(name)

    def make_keys(self, name: str) -> Keys:
        """Further keys of a user."""
        with self._unguarded():
            answer = self._iam("CreateAccessKey", UserName=name)
        return Keys(*(_inner(answer, tag) for tag in ("AccessKeyId", "SecretAccessKey")))

    def revoke(self, name: str, keys: Keys) -> None:
        with self._unguarded():
            self._iam("DeleteAccessKey", UserName=name, AccessKeyId=keys.id)

    def make_bucket(self, name: str) -> None:
        with self._unguarded():
            self._request("PUT", f"/{name}")

    def objects(self, bucket: str = BUCKET) -> list[str]:
        """The names of what lies in a bucket (the first thousand)."""
        with self._unguarded():
            return re.findall("<Key>([^<]*)</Key>", self._request("GET", f"/{bucket}?list-type=2"))

    @contextmanager
    def _unguarded(self) -> Iterator[None]:
        self.guard("inf")
        try:
            yield
        finally:
            self.guard("0")

    def guard(self, after: str) -> None:
        """Ask for keys after so many further requests."""
        self._request("POST", "/moto-api/reset-auth", after.encode(), {"Content-Type": "text/plain"})

    def _iam(self, action: str, **parameters: str) -> str:
        """The service is told by the scope of a signature, which is not looked at now."""
        scope = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x"
        body = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", **parameters}).encode()
        return self._request("POST", "/", body, {"Authorization": scope})

    def _request(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> str:
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers=headers or {}, method=method)
        with urllib.request.urlopen(request, timeout=30, context=self.context) as response:
            text: str = response.read().decode()
            return text


def _inner(xml: str, tag: str) -> str:
    found = re.search(f"<{tag}>([^<]*)</{tag}>", xml)
    assert found, xml
    return found[1]


@contextmanager
def running(folder: Path, address: str, port: int, *, pair: Path | None = None, ca: str = "") -> Iterator[S3Server]:
    """The server with the bucket `images`; over TLS with the `tls.crt` and `tls.key` of the folder `pair`."""
    log_file = folder / "s3.log"
    argv = [sys.executable, "-W", "ignore", "-m", "moto.server", "--host", address, "--port", str(port)]
    if pair is not None:
        argv += ["--ssl-cert", str(pair / "tls.crt"), "--ssl-key", str(pair / "tls.key")]
    context = ssl.create_default_context(cadata=ca) if pair else None
    server = S3Server(f"{'https' if pair else 'http'}://{address}:{port}", context)
    with log_file.open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ, "MOTO_S3_CUSTOM_ENDPOINTS": ""})
    try:
        _wait(server, process, log_file)
        server.make_bucket(BUCKET)
        yield server
    finally:
        process.kill()
        process.wait(10)


def _wait(server: S3Server, process: subprocess.Popen[bytes], log_file: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            server.guard("inf")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(
        f"the S3 server does not start (exit code {process.poll()}):\n{log_file.read_text(errors='replace')[-2000:]}"
    )
