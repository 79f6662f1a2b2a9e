"""The requests that pass the proxy, and the rules by which some of them are spoiled."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

_PATH = re.compile(
    r"^/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]+))?/(?P<resource>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<subresource>.+))?$"
)


@dataclass
class Request:
    """One request of the operator's; `status` is 0 until it is answered (and stays so where nothing was)."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    body: Any
    at: float = field(default_factory=time.monotonic)
    status: int = 0
    content_type: str = ""

    def __post_init__(self) -> None:
        match = _PATH.match(self.path)
        parts = match.groupdict() if match else {}
        self.group: str = parts.get("group") or ""
        self.namespace: str = parts.get("namespace") or ""
        self.resource: str = parts.get("resource") or ""
        self.name: str = parts.get("name") or ""
        self.subresource: str = parts.get("subresource") or ""
        if self.method == "POST" and not self.name and isinstance(self.body, dict):
            self.name = self.body.get("metadata", {}).get("name", "")

    @property
    def write(self) -> bool:
        """A change of the cluster's state; reviews (who am I, may I) and leases are none."""
        reviews = ("authentication.k8s.io", "authorization.k8s.io")
        return self.method != "GET" and self.group not in reviews and self.resource != "leases"

    @property
    def watch(self) -> bool:
        return self.query.get("watch", "") in ("1", "true")

    def __str__(self) -> str:
        sub = f"/{self.subresource}" if self.subresource else ""
        return f"{self.method} {self.resource}{sub} {self.namespace}/{self.name} → {self.status}"


Forward = Callable[[], Awaitable[web.StreamResponse]]
Spoil = Callable[[web.BaseRequest, Forward], Awaitable[web.StreamResponse]]


@dataclass
class Rule:
    """What to do with requests that match, `times` times (None: until it is lifted)."""

    matches: Callable[[Request], bool]
    spoil: Spoil
    times: int | None = 1
    hits: list[Request] = field(default_factory=list)

    def takes(self, request: Request) -> bool:
        if (self.times is not None and len(self.hits) >= self.times) or not self.matches(request):
            return False
        self.hits.append(request)
        return True


def to(
    resource: str | None = None,
    *,
    methods: tuple[str, ...] = ("POST", "PUT", "PATCH", "DELETE"),
    namespace: str | None = None,
    name: str | None = None,
    subresource: str | None = None,
) -> Callable[[Request], bool]:
    """Requests to a resource (by its plural); by default its writes. `subresource` "" means: to the object itself."""

    def matches(request: Request) -> bool:
        return (
            request.method in methods
            and resource in (None, request.resource)
            and namespace in (None, request.namespace)
            and name in (None, request.name)
            and subresource in (None, request.subresource)
        )

    return matches


def watching(resource: str) -> Callable[[Request], bool]:
    """The watches of a resource."""
    return lambda request: request.watch and request.resource == resource
