"""Who may connect to the pods of a Registry.

Only what comes in: what a registry needs to reach (object storage, an upstream, receivers of notifications) is known by
name and not by address, which a NetworkPolicy cannot say. Kubelet's probes need no rule, since a node may always
connect to its own pods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry_operator.api.registry import Registry
from registry_operator.desired import meta
from registry_operator.desired.deployment import METRICS_PORT, PORT
from registry_operator.desired.names import Names


@dataclass(frozen=True, slots=True)
class OperatorPods:
    """Where the operator runs and the labels that select its pods there; without labels any pod of the namespace."""

    namespace: str
    labels: Mapping[str, str]


def network_policy(registry: Registry, operator: OperatorPods | None, monitoring: Sequence[str] = ()) -> meta.Object:
    """The NetworkPolicy: the registry's port for whom the spec says, and no other port for anybody.

    `operator` is None where it runs outside of the cluster: nobody can tell then from where it connects. `monitoring`
    are the namespaces that may read metrics where the spec does not say who.
    """
    rules = [_clients(registry, operator), *_scrapers(registry, monitoring)]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta.metadata(registry, Names(registry.name).network_policy),
        "spec": {
            "podSelector": {"matchLabels": meta.selector(registry.name)},
            "policyTypes": ["Ingress"],
            "ingress": rules,
        },
    }


def _clients(registry: Registry, operator: OperatorPods | None) -> meta.Object:
    """Without sources there is no `from`, which lets everybody in, the operator too."""
    sources = list(registry.spec.network_policy.sources)
    ports = [{"port": PORT, "protocol": "TCP"}]
    if not sources:
        return {"ports": ports}
    return {"ports": ports, "from": [*([_peer(operator)] if operator else []), *sources]}


def _scrapers(registry: Registry, namespaces: Sequence[str]) -> list[meta.Object]:
    """No rule at all where nobody is named: an empty `from` would let everybody in."""
    wanted = registry.spec.metrics
    sources = list(wanted.sources) or [_namespace(name) for name in namespaces]
    if wanted.mode == "Disabled" or not sources:
        return []
    return [{"ports": [{"port": METRICS_PORT, "protocol": "TCP"}], "from": sources}]


def _namespace(name: str) -> meta.Object:
    """Namespaces carry their name as a label since Kubernetes 1.22."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _peer(operator: OperatorPods) -> meta.Object:
    peer = _namespace(operator.namespace)
    if operator.labels:
        peer["podSelector"] = {"matchLabels": dict(operator.labels)}
    return peer
