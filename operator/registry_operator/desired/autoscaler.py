"""The autoscaler that chooses the number of pods by their load."""

from __future__ import annotations

from registry_operator.api.registry import Autoscaling, Registry
from registry_operator.desired import meta
from registry_operator.desired.names import Names


def autoscaler(registry: Registry, wanted: Autoscaling) -> meta.Object:
    """The HorizontalPodAutoscaler of the Deployment, and not of the Registry, whose spec is its author's alone."""
    names = Names(registry.name)
    target = {"type": "Utilization", "averageUtilization": wanted.cpu_utilization}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta.metadata(registry, names.autoscaler),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": names.deployment},
            "minReplicas": wanted.min_replicas,
            "maxReplicas": wanted.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }
