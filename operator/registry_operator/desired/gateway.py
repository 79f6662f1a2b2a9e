"""The routes of the Gateway API, and how a gateway trusts the Registry behind it.

All that the API server would default inside of lists is spelled out: they are atomic, so what is defaulted there counts
as ours.
"""

from __future__ import annotations

from registry_operator.api.expose import Gateway, ParentRef
from registry_operator.api.registry import Registry
from registry_operator.desired import hosts, meta
from registry_operator.desired.names import Names
from registry_operator.desired.service import port_name

GROUP = "gateway.networking.k8s.io"
API_VERSION = f"{GROUP}/v1"


def http_route(registry: Registry, wanted: Gateway) -> meta.Object:
    """TLS ends at the gateway. No time-out: a layer takes as long as it takes (Envoy's 15 seconds would cut it off)."""
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [_backend(registry)],
        "timeouts": {"request": "0s"},
    }
    return _route(registry, wanted, "HTTPRoute", rule)


def tls_route(registry: Registry, wanted: Gateway) -> meta.Object:
    """The gateway passes TLS on by the name that the client asks for."""
    return _route(registry, wanted, "TLSRoute", {"backendRefs": [_backend(registry)]})


def backend_tls_policy(registry: Registry, *, ca_config_map: str | None) -> meta.Object:
    """What a gateway verifies the Registry by: the CA that clients are told (`ca.crt`), else the system's."""
    names = Names(registry.name)
    trust: meta.Object = {"wellKnownCACertificates": "System"}
    if ca_config_map:
        trust = {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": ca_config_map}]}
    target = {"group": "", "kind": "Service", "name": names.service, "sectionName": port_name(registry)}
    return {
        "apiVersion": API_VERSION,
        "kind": "BackendTLSPolicy",
        "metadata": meta.metadata(registry, names.backend_tls_policy),
        "spec": {"targetRefs": [target], "validation": {"hostname": hosts.server_name(registry), **trust}},
    }


def _route(registry: Registry, wanted: Gateway, kind: str, rule: meta.Object) -> meta.Object:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": meta.metadata(registry, Names(registry.name).route),
        "spec": {
            "parentRefs": [_parent(reference) for reference in wanted.parent_refs],
            "hostnames": list(wanted.hostnames),
            "rules": [rule],
        },
    }


def _parent(reference: ParentRef) -> meta.Object:
    result: meta.Object = {"group": GROUP, "kind": reference.kind, "name": reference.name}
    if reference.namespace:
        result["namespace"] = reference.namespace
    if reference.section_name:
        result["sectionName"] = reference.section_name
    if reference.port:
        result["port"] = reference.port
    return result


def _backend(registry: Registry) -> meta.Object:
    name = Names(registry.name).service
    return {"group": "", "kind": "Service", "name": name, "port": hosts.port(registry), "weight": 1}
