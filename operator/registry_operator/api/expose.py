"""`spec.expose`: ways to the Registry from outside, beside its Service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .section import InvalidSpec, Section

ParentKind = Literal["Gateway", "ListenerSet"]
GatewayTls = Literal["Terminate", "Passthrough"]


@dataclass(frozen=True, slots=True)
class Ingress:
    """An Ingress; without `tls_secret_name` the controller serves the Registry's own certificate."""

    host: str
    class_name: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    tls_secret_name: str | None = None


@dataclass(frozen=True, slots=True)
class ParentRef:
    """What takes a route; without `namespace` it is in the Registry's."""

    name: str
    kind: ParentKind = "Gateway"
    namespace: str | None = None
    section_name: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """A route of the Gateway API: an HTTPRoute, or a TLSRoute with `tls` Passthrough."""

    hostnames: tuple[str, ...] = ()
    parent_refs: tuple[ParentRef, ...] = ()
    tls: GatewayTls = "Terminate"


@dataclass(frozen=True, slots=True)
class Expose:
    """Any of them."""

    ingress: Ingress | None = None
    gateway: Gateway | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that clients type."""
        return (*((self.ingress.host,) if self.ingress else ()), *(self.gateway.hostnames if self.gateway else ()))


def expose(section: Section) -> Expose:
    """A way that this operator does not know is named and not passed over: its author waits for it."""
    unknown = next((key for key in section.content if key not in ("ingress", "gateway")), None)
    if unknown is not None:
        raise InvalidSpec(section.at(unknown), "is not known to this operator; it may be ingress or gateway")
    return Expose(
        ingress=_ingress(section.section("ingress")) if section.has("ingress") else None,
        gateway=_gateway(section.section("gateway")) if section.has("gateway") else None,
    )


def _ingress(section: Section) -> Ingress:
    return Ingress(
        host=section.required("host"),
        class_name=section.text("className", None),
        annotations=section.map("annotations"),
        tls_secret_name=section.text("tlsSecretName", None),
    )


def _gateway(section: Section) -> Gateway:
    return Gateway(
        hostnames=section.texts("hostnames"),
        parent_refs=tuple(_parent(item) for item in section.sections("parentRefs")),
        tls=section.choice("tls", GatewayTls, Gateway().tls),
    )


def _parent(section: Section) -> ParentRef:
    return ParentRef(
        name=section.required("name"),
        kind=section.choice("kind", ParentKind, "Gateway"),
        namespace=section.text("namespace", None),
        section_name=section.text("sectionName", None),
        port=section.number("port", None),
    )
