"""What clients need to trust a Registry; public by nature, so a ConfigMap that every tool may mount."""

from __future__ import annotations

from registry_operator.api.registry import Registry
from registry_operator.desired import meta
from registry_operator.desired.names import Names

CA_KEY = "ca.crt"


def ca(registry: Registry, ca_pem: str) -> meta.Object:
    """The ConfigMap with the certificate authorities that clients should trust."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta.metadata(registry, Names(registry.name).ca_config_map),
        "data": {CA_KEY: ca_pem},
    }
