"""The registry's API as the plainest client speaks it: a connection for each request, and nothing is tried twice.

Whoever loses no request with it loses none with a client that retries.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = b"{}"


class Unexpected(Exception):
    """Another answer than the one that a working registry gives."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def location(self) -> str:
        """Path and query of where an upload goes on."""
        return self.headers["Location"]


@dataclass(frozen=True)
class Talk:
    """Requests to one address. `authority` is the CA in PEM; without it plain HTTP is spoken."""

    address: str
    port: int
    account: tuple[str, str] | None = None
    authority: str | None = None
    seconds: float = 30
    _contexts: list[ssl.SSLContext] = field(default_factory=list, repr=False)

    def request(
        self, method: str, path: str, body: bytes | None = None, *, expect: int, headers: Mapping[str, str] = {}
    ) -> Answer:
        """The answer; raises Unexpected, or what a broken connection raises."""
        connection = self._connection()
        try:
            connection.request(method, path, body, {**self._credentials(), **headers})
            response = connection.getresponse()
            answer = Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()
        if answer.status != expect:
            raise Unexpected(f"{method} {path.partition('?')[0]}: {answer.status} {answer.body[:200]!r}")
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        if self.authority is None:
            return http.client.HTTPConnection(self.address, self.port, timeout=self.seconds)
        if not self._contexts:
            self._contexts.append(ssl.create_default_context(cadata=self.authority))
        return http.client.HTTPSConnection(self.address, self.port, context=self._contexts[0], timeout=self.seconds)

    def _credentials(self) -> dict[str, str]:
        if self.account is None:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(":".join(self.account).encode()).decode()}

    # ---------------------------------------------------------------- uploads
    def begin(self, repository: str) -> str:
        """Where the upload goes on."""
        return self.request("POST", f"/v2/{repository}/blobs/uploads/", b"", expect=202).location

    def send(self, location: str, chunk: bytes) -> str:
        headers = {"Content-Type": "application/octet-stream"}
        return self.request("PATCH", location, chunk, expect=202, headers=headers).location

    def end(self, location: str, content: bytes) -> str:
        """Finish an upload that is to be `content`; its digest."""
        name = digest(content)
        self.request("PUT", f"{location}{'&' if '?' in location else '?'}digest={name}", b"", expect=201)
        return name

    # ---------------------------------------------------------------- images
    def push_blob(self, repository: str, content: bytes) -> str:
        """In two chunks: five requests of which each may reach another pod."""
        half = len(content) // 2
        location = self.send(self.begin(repository), content[:half])
        return self.end(self.send(location, content[half:]), content)

    def push(self, repository: str, tag: str, layer: bytes) -> str:
        """An image of one layer; the digest of its manifest."""
        self.push_blob(repository, layer)
        self.push_blob(repository, CONFIG)
        text = json.dumps(manifest(layer)).encode()
        self.request("PUT", f"/v2/{repository}/manifests/{tag}", text, expect=201, headers={"Content-Type": MANIFEST})
        return digest(text)

    def pull(self, repository: str, tag: str) -> bytes:
        """The layer of such an image, checked against its digest."""
        text = self.request("GET", f"/v2/{repository}/manifests/{tag}", expect=200, headers={"Accept": MANIFEST}).body
        wanted = json.loads(text)["layers"][0]["digest"]
        content = self.request("GET", f"/v2/{repository}/blobs/{wanted}", expect=200).body
        if digest(content) != wanted:
            raise Unexpected(f"{repository}: a layer of {len(content)} bytes is not {wanted}")
        return content


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest(layer: bytes) -> dict[str, Any]:
    def described(kind: str, content: bytes) -> dict[str, Any]:
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(content), "size": len(content)}

    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": described("config.v1+json", CONFIG),
        "layers": [described("layer.v1.tar", layer)],
    }
