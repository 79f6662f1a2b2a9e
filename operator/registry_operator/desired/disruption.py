"""How many of several pods may be taken away at once, by those who empty a node."""

from __future__ import annotations

from registry_operator.api.registry import Registry
from registry_operator.desired import meta
from registry_operator.desired.names import Names


def wanted(registry: Registry) -> bool:
    """Of a single pod nobody could demand that it stays: no node could ever be emptied."""
    return registry.spec.replicas > 1 or registry.spec.autoscaling is not None


def disruption_budget(registry: Registry) -> meta.Object:
    """One pod at a time. One that is not ready may always go: keeping it would help nobody."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta.metadata(registry, Names(registry.name).disruption_budget),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": meta.selector(registry.name)},
        },
    }
