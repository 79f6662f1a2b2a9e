"""`spec.proxy`: as a struct, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

from .common import SecretKeyRef
from .section import Section


@dataclass(frozen=True, slots=True)
class Proxy:
    """The registry that is cached; `ttl` is a Go duration, None for the line's own."""

    remote_url: str
    credentials_secret_ref: str | None = None
    ca_secret_ref: SecretKeyRef | None = None
    ttl: str | None = None


def proxy(section: Section) -> Proxy:
    return Proxy(
        remote_url=section.url("remoteURL"),
        credentials_secret_ref=section.secret("credentialsSecretRef"),
        ca_secret_ref=section.secret_key("caSecretRef", "ca.crt"),
        ttl=section.duration("ttl", "168h") if section.has("ttl") else None,
    )
