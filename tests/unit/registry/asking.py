"""One request to a registry, as a client that follows no redirect."""

from __future__ import annotations

import base64
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping

from tests.distribution import LOOPBACK


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def ask(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    ca: str | None = None,
    account: tuple[str, str] | None = None,
    kind: str = "application/octet-stream",
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of the answer; over TLS if there is a `ca`."""
    request = urllib.request.Request(f"{'https' if ca else 'http'}://{LOOPBACK}:{port}{path}", body, method=method)
    request.add_header("Content-Type", kind)
    request.add_header("Accept", "application/vnd.oci.image.manifest.v1+json, */*")
    if account:
        request.add_header("Authorization", f"Basic {base64.b64encode(':'.join(account).encode()).decode()}")
    context = urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=ca)) if ca else _Stay()
    try:
        with urllib.request.build_opener(_Stay, context).open(request, timeout=30) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()
