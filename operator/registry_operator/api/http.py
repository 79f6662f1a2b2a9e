"""`spec.http`: what the registry says over HTTP beside its content."""

from __future__ import annotations

from dataclasses import dataclass

from .section import Section


@dataclass(frozen=True, slots=True)
class Header:
    """A header of every answer of the API."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Http:
    """Headers beside the registry's own."""

    headers: tuple[Header, ...] = ()


def http(section: Section) -> Http:
    return Http(
        headers=tuple(Header(item.required("name"), item.required("value")) for item in section.sections("headers"))
    )
