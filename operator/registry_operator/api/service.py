"""`spec.service`: how the Registry is reached inside of the cluster, and outside of it without a proxy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .section import Section

ServiceType = Literal["ClusterIP", "NodePort", "LoadBalancer"]
TrafficPolicy = Literal["Cluster", "Local"]
IpFamilyPolicy = Literal["SingleStack", "PreferDualStack", "RequireDualStack"]


@dataclass(frozen=True, slots=True)
class Service:
    """How the Registry is reached; without `port` 443, or 80 without TLS."""

    type: ServiceType = "ClusterIP"
    port: int | None = None
    node_port: int | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    load_balancer_class: str | None = None
    load_balancer_source_ranges: tuple[str, ...] = ()
    external_traffic_policy: TrafficPolicy | None = None
    ip_family_policy: IpFamilyPolicy | None = None
    ip_families: tuple[str, ...] = ()


def service(section: Section) -> Service:
    return Service(
        type=section.choice("type", ServiceType, Service().type),
        port=section.number("port", None),
        node_port=section.number("nodePort", None),
        annotations=section.map("annotations"),
        load_balancer_class=section.text("loadBalancerClass", None),
        load_balancer_source_ranges=section.texts("loadBalancerSourceRanges"),
        external_traffic_policy=section.optional_choice("externalTrafficPolicy", TrafficPolicy),
        ip_family_policy=section.optional_choice("ipFamilyPolicy", IpFamilyPolicy),
        ip_families=section.texts("ipFamilies"),
    )
