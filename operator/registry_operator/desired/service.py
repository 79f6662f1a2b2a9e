"""The address of a Registry."""

from __future__ import annotations

from registry_operator.api.registry import Registry
from registry_operator.desired import hosts, meta
from registry_operator.desired.names import Names

TARGET_PORT = "registry"


def port_name(registry: Registry) -> str:
    """The name of the Service's port; proxies take it for the protocol that is spoken there."""
    return "https" if registry.spec.tls.enabled else "http"


def service(registry: Registry) -> meta.Object:
    """The Service; what the author leaves open (ClusterIP, node ports) is the API server's to choose and to keep."""
    wanted = registry.spec.service
    port: meta.Object = {
        "name": port_name(registry),
        "port": hosts.port(registry),
        "protocol": "TCP",
        "targetPort": TARGET_PORT,
    }
    if wanted.node_port and wanted.type != "ClusterIP":
        port["nodePort"] = wanted.node_port
    spec: meta.Object = {"type": wanted.type, "selector": meta.selector(registry.name), "ports": [port]}
    if wanted.type == "LoadBalancer":
        if wanted.load_balancer_class:
            spec["loadBalancerClass"] = wanted.load_balancer_class
        if wanted.load_balancer_source_ranges:
            spec["loadBalancerSourceRanges"] = list(wanted.load_balancer_source_ranges)
    if wanted.external_traffic_policy and wanted.type != "ClusterIP":
        spec["externalTrafficPolicy"] = wanted.external_traffic_policy
    if wanted.ip_family_policy:
        spec["ipFamilyPolicy"] = wanted.ip_family_policy
    if wanted.ip_families:
        spec["ipFamilies"] = list(wanted.ip_families)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta.metadata(registry, Names(registry.name).service, annotations=wanted.annotations),
        "spec": spec,
    }
