"""How Prometheus finds the pods: a PodMonitor, since a Service for the metrics would be one more way for clients."""

from __future__ import annotations

from registry_operator.api.registry import Registry
from registry_operator.desired import meta
from registry_operator.desired.deployment import METRICS
from registry_operator.desired.names import Names

_OF_THE_POD = "__meta_kubernetes_pod_label_" + "".join(c if c.isalnum() else "_" for c in meta.LABEL_REGISTRY)


def pod_monitor(registry: Registry) -> meta.Object:
    """The PodMonitor; each series gets the Registry's name as the label `registry`."""
    wanted = registry.spec.metrics.pod_monitor
    metadata = meta.metadata(registry, Names(registry.name).pod_monitor)
    endpoint: meta.Object = {
        "port": METRICS,
        "relabelings": [{"sourceLabels": [_OF_THE_POD], "targetLabel": "registry", "action": "replace"}],
    }
    if wanted.interval:
        endpoint["interval"] = wanted.interval
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {**metadata, "labels": {**wanted.labels, **metadata["labels"]}},
        "spec": {"selector": {"matchLabels": meta.selector(registry.name)}, "podMetricsEndpoints": [endpoint]},
    }
