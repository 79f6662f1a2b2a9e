"""Names for what a run does that are the same in the next run: without namespaces, hashes, times and ports."""

from __future__ import annotations

import re

from tests.stage.traffic import Request

_HASH = re.compile(r"(?<=[-.])[0-9a-f]{8,}(?=$|[^0-9a-z])")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)[0-9]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def stable(text: str, namespace: str = "") -> str:
    """`text` without what differs from one run to the next."""
    if namespace:
        text = text.replace(namespace, "{namespace}")
    return _HASH.sub("*", _PORT.sub("*", _TIME.sub("{time}", text)))


def label(request: Request) -> str:
    """What a write does, such as "PATCH secrets images-config-*" or "PATCH registries/status images"."""
    sub = f"/{request.subresource}" if request.subresource else ""
    return f"{request.method} {request.resource}{sub} {stable(request.name)}"
