"""The few fields of each kind that a reconciliation looks at, and the projections that pick them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern

from registry_operator.desired import meta
from registry_operator.desired.rollout import Rollout, strategy
from registry_operator.kube.managed_fields import owned
from registry_operator.reconcile.projections import Child, Json, child, decoded


@dataclass(frozen=True, slots=True)
class ServiceView:
    """`cluster_ips` are empty for a headless or an ExternalName Service; `addresses` are those of the load balancer."""

    cluster_ips: tuple[str, ...]
    addresses: tuple[str, ...]
    node_port: int | None = None


def service(obj: Json) -> Child:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    cluster_ips = spec.get("clusterIPs") or [spec.get("clusterIP")]
    ports = spec.get("ports") or [{}]
    return child(
        obj,
        ServiceView(
            cluster_ips=tuple(address for address in cluster_ips if address not in (None, "", "None")),
            addresses=balanced(status),
            node_port=ports[0].get("nodePort"),
        ),
    )


def balanced(status: Json) -> tuple[str, ...]:
    """The addresses that a load balancer has given to a Service or an Ingress."""
    entries = (status.get("loadBalancer") or {}).get("ingress") or ()
    return tuple(entry.get("hostname") or entry.get("ip", "") for entry in entries)


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """`settled` says that the controller has seen the newest spec and no pod of an older one is left; `counted`, that
    the number of pods is ours to say; `beside`, that its pods may only stand where one of them stands already."""

    replicas: int
    ready: int
    settled: bool
    failure: str | None
    counted: bool
    beside: bool
    mounted: frozenset[str]
    version: str | None
    image: str | None


def deployment(obj: Json) -> Child:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    wanted = spec.get("replicas", 1)
    settled = (
        status.get("observedGeneration") == obj["metadata"].get("generation")
        and status.get("updatedReplicas", 0) == status.get("replicas", 0) == wanted
        and not status.get("unavailableReplicas")
    )
    pod_spec = spec.get("template", {}).get("spec", {})
    failure = next(
        (
            condition.get("message", "")
            for condition in status.get("conditions", ())
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True"
        ),
        None,
    )
    return child(
        obj,
        DeploymentView(
            replicas=wanted,
            ready=status.get("readyReplicas", 0),
            settled=settled,
            failure=failure,
            beside=spec.get("strategy") == strategy(Rollout.SURGE),
            counted="replicas" in owned(obj).get("spec", {}),
            mounted=mounted_secrets(pod_spec),
            image=next((each["image"] for each in pod_spec.get("containers", ()) if each["name"] == "registry"), None),
            version=(obj["metadata"].get("annotations") or {}).get(meta.ANNOTATION_VERSION),
        ),
    )


def mounted_secrets(pod_spec: Json) -> frozenset[str]:
    """The names of the Secrets that a pod's volumes and environment variables name."""
    volumes = pod_spec.get("volumes") or ()
    variables = [each for container in pod_spec.get("containers") or () for each in container.get("env") or ()]
    sources = [each["valueFrom"]["secretKeyRef"] for each in variables if "secretKeyRef" in each.get("valueFrom", {})]
    named = {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}
    return frozenset(named | {source["name"] for source in sources})


def replica_set(obj: Json) -> Child:
    return child(obj, mounted_secrets(obj.get("spec", {}).get("template", {}).get("spec", {})))


@dataclass(frozen=True, slots=True)
class AutoscalerView:
    """`trouble` is why it does not choose, in its own words; a number of 0, by which it is told to rest, counts too."""

    trouble: str | None


def autoscaler(obj: Json) -> Child:
    conditions = {condition["type"]: condition for condition in obj.get("status", {}).get("conditions") or ()}
    failed = (conditions.get(kind, {}) for kind in ("AbleToScale", "ScalingActive"))
    messages = (each.get("message") or each.get("reason", "") for each in failed if each.get("status") == "False")
    return child(obj, AutoscalerView(next(messages, None)))


@dataclass(frozen=True, slots=True)
class PodView:
    """`trouble` is the kubelet's or the scheduler's reason for not running, with its message."""

    ip: str | None
    node: str | None
    ready: bool
    trouble: tuple[str, str] | None
    mounted: frozenset[str]
    claims: frozenset[str]


def pod(obj: Json) -> Child:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    volumes = spec.get("volumes") or ()
    return child(
        obj,
        PodView(
            ip=status.get("podIP"),
            node=spec.get("nodeName"),
            ready=conditions.get("Ready", {}).get("status") == "True",
            trouble=_trouble(status, conditions),
            mounted=mounted_secrets(spec),
            claims=frozenset(
                volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume
            ),
        ),
    )


_STARTING = {"ContainerCreating", "PodInitializing"}


def _trouble(status: Json, conditions: Mapping[str, Json]) -> tuple[str, str] | None:
    before = [each for each in status.get("initContainerStatuses", ()) if not _done(each)]
    for container in (*before, *status.get("containerStatuses", ())):
        state = container.get("state", {})
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason") not in _STARTING:
            last = container.get("lastState", {}).get("terminated") or {}
            hint = f" (last exit code {last['exitCode']})" if "exitCode" in last else ""
            return waiting.get("reason", "Waiting"), f"{waiting.get('message', '')}{hint}".strip()
        if ended:
            return ended.get("reason", "Terminated"), f"exit code {ended.get('exitCode')}"
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return scheduled.get("reason", "Unschedulable"), scheduled.get("message", "")
    if status.get("phase") == "Failed":
        return status.get("reason", "Failed"), status.get("message", "")
    return None


def _done(init_container: Json) -> bool:
    """Init containers, which others may inject, end when they have done their work."""
    return bool(init_container.get("state", {}).get("terminated", {}).get("exitCode") == 0)


@dataclass(frozen=True, slots=True)
class ClaimView:
    """Sizes as the API server writes them; `capacity` is what the volume really has, `resize` how far its growth is."""

    phase: str
    requested: str
    capacity: str | None
    resize: str | None
    storage_class: str | None
    access_modes: tuple[str, ...]
    conditions: tuple[tuple[str, str], ...]


def claim(obj: Json) -> Child:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    return child(
        obj,
        ClaimView(
            phase=status.get("phase", "Pending"),
            requested=spec.get("resources", {}).get("requests", {}).get("storage", "0"),
            capacity=status.get("capacity", {}).get("storage"),
            resize=status.get("allocatedResourceStatuses", {}).get("storage"),
            storage_class=spec.get("storageClassName"),
            access_modes=tuple(spec.get("accessModes", ())),
            conditions=tuple(
                (condition["type"], condition.get("message", ""))
                for condition in status.get("conditions", ())
                if condition["status"] == "True"
            ),
        ),
        annotations=(meta.ANNOTATION_VERSION, meta.ANNOTATION_UID, meta.ANNOTATION_REMOTE),
    )


@dataclass(frozen=True, slots=True)
class SecretView:
    """The content of one of our own Secrets: ten kilobytes at most, and read in every walk."""

    data: Mapping[str, bytes]
    labels: Json
    owners: tuple[tuple[str, str], ...]


def secret(obj: Json) -> Child:
    metadata = obj["metadata"]
    return child(
        obj,
        SecretView(
            data={intern(key): decoded(value) for key, value in (obj.get("data") or {}).items()},
            labels=_shared(tuple(sorted((metadata.get("labels") or {}).items()))),
            owners=tuple((intern(owner["kind"]), owner["uid"]) for owner in metadata.get("ownerReferences") or ()),
        ),
    )


@lru_cache(maxsize=1024)
def _shared(labels: tuple[tuple[str, str], ...]) -> Json:
    """One dict for all Secrets with the same labels, as those of one Registry are."""
    return {intern(key): intern(value) for key, value in labels}


def config_map(obj: Json) -> Child:
    """The view is the CA bundle that clients read."""
    return child(obj, (obj.get("data") or {}).get("ca.crt"))


@dataclass(frozen=True, slots=True)
class ConditionView:
    """A kind of cert-manager's: its Ready condition, as (status, reason, message), for the newest generation only."""

    ready: tuple[str, str, str] | None
    issuing_failure: str | None


def certificate(obj: Json) -> Child:
    generation = obj["metadata"].get("generation")
    conditions = {condition["type"]: condition for condition in obj.get("status", {}).get("conditions") or ()}
    ready, issuing = conditions.get("Ready"), conditions.get("Issuing")
    current = ready is not None and ready.get("observedGeneration", generation) == generation
    failed = issuing is not None and issuing["status"] == "False" and issuing.get("reason") == "Failed"
    return child(
        obj,
        ConditionView(
            ready=(ready["status"], ready.get("reason", ""), ready.get("message", "")) if ready and current else None,
            issuing_failure=issuing.get("message", "") if issuing and failed else None,
        ),
    )


issuer = certificate
