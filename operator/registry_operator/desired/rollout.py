"""How a Registry's pods give way to the next ones: what its storage allows, and its author chooses."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from registry_operator.api.registry import Registry
from registry_operator.desired import meta

SHARED_MODE = "ReadWriteMany"
NODE = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"


class Rollout(Enum):
    """The three ways."""

    RECREATE = "one pod, which ends before the next one starts"
    SURGE = "one pod, and the next one starts beside it on the same node, where the volume is mounted already"
    ROLLING = "any number of pods that all write to the same storage"


def rollout(registry: Registry, access_modes: Collection[str]) -> Rollout:
    """The way for a storage that may be mounted in these modes."""
    if registry.spec.proxy is not None:
        return Rollout.RECREATE  # two pods would each expire what the other one has cached
    if SHARED_MODE in access_modes:
        return Rollout.ROLLING
    return Rollout.SURGE if registry.spec.rollout == "Surge" else Rollout.RECREATE


def strategy(way: Rollout) -> meta.Object:
    """The Deployment's strategy. Where pods may overlap none ends before its successor is ready."""
    if way is Rollout.RECREATE:
        return {"type": "Recreate"}
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1 if way is Rollout.SURGE else "25%", "maxUnavailable": 0},
    }


def affinity(registry: Registry, way: Rollout) -> meta.Object:
    """The author's, and in a surge the pod's own: it must stand where a pod of this Registry stands.

    The scheduler lets the first pod of such a group go anywhere. As long as a pod of the Registry is on a node, also
    on its way out, the next one can be nowhere else, and neither could a ReadWriteOnce volume.
    """
    wanted = registry.spec.pod.affinity
    if way is not Rollout.SURGE:
        return wanted
    beside = {"topologyKey": NODE, "labelSelector": {"matchLabels": meta.selector(registry.name)}}
    pods = wanted.get("podAffinity", {})
    key = "requiredDuringSchedulingIgnoredDuringExecution"
    return {**wanted, "podAffinity": {**pods, key: [*pods.get(key, ()), beside]}}


def spread(registry: Registry, way: Rollout) -> list[meta.Object]:
    """The author's constraints; without any, pods keep to different zones and nodes where they can.

    Each generation of pods is spread by itself: the old ones are on their way out.
    """
    own = {"labelSelector": {"matchLabels": meta.selector(registry.name)}}
    wanted = [{**own, **each} for each in registry.spec.pod.topology_spread_constraints]
    if wanted or way is not Rollout.ROLLING:
        return wanted
    soft = {"maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", "matchLabelKeys": ["pod-template-hash"], **own}
    return [{"topologyKey": key, **soft} for key in (ZONE, NODE)]
