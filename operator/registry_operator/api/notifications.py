"""`spec.notifications`: who is told of what happens in the Registry."""

from __future__ import annotations

from dataclasses import dataclass

from .section import Section


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver of events; `headers_secret_ref` names the Secret with headers for it."""

    name: str
    url: str
    headers_secret_ref: str | None = None
    ignored_actions: tuple[str, ...] = ()
    ignored_media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notifications:
    """Each endpoint gets every event that it does not ignore."""

    endpoints: tuple[Endpoint, ...] = ()


def notifications(section: Section) -> Notifications:
    return Notifications(endpoints=tuple(_endpoint(item) for item in section.sections("endpoints")))


def _endpoint(section: Section) -> Endpoint:
    ignore = section.section("ignore")
    named = section.has("headersSecretRef")
    return Endpoint(
        name=section.required("name"),
        url=section.url("url"),
        headers_secret_ref=section.section("headersSecretRef").required("name") if named else None,
        ignored_actions=ignore.texts("actions"),
        ignored_media_types=ignore.texts("mediaTypes"),
    )
