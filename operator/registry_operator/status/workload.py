"""WorkloadReady: what the Deployment and its pods say, in words that tell what to do."""

from __future__ import annotations

from registry_operator.status.findings import Findings, WorkloadFacts
from registry_operator.status.problems import quota_advice
from registry_operator.status.reasons import Condition, Reason

_IMAGE = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
_CRASH = {"CrashLoopBackOff", "Error", "OOMKilled", "RunContainerError", "StartError"}

_AT_REST = (
    "somebody has set the number of pods to 0, at which the autoscaler rests, and the operator leaves that to them: "
    "kubectl scale deployment {} --replicas=1 wakes it"
)

Parts = tuple[str, Reason, str]


def workload(found: Findings) -> Parts:
    """Status, reason and message."""
    if problem := found.problems.get(Condition.WORKLOAD_READY):
        return "False", problem.reason, problem.message
    facts = found.workload
    if not facts.exists:
        return "False", Reason.WAITING, "the Deployment is made last; see the other conditions"
    if facts.failure:
        return "False", *_not_created(facts.failure)
    if facts.settled and facts.ready >= max(facts.replicas, 1):
        return "True", *_available(facts)
    if facts.trouble and not _for_its_claim(found, *facts.trouble):
        return "False", *(_beside(facts, facts.trouble) or _trouble(*facts.trouble))
    return "False", *_underway(found)


def _underway(found: Findings) -> tuple[Reason, str]:
    facts = found.workload
    if facts.replicas == 0 and found.registry.spec.autoscaling is not None:
        return Reason.SCALED_TO_ZERO, _AT_REST.format(found.registry.name)
    hint = "; a registry that cannot use its bucket does not become ready, and its log tells why"
    bucket = found.registry.spec.storage.bucket is not None and not facts.ready
    return Reason.ROLLING_OUT, f"{facts.ready} of {facts.replicas} pods ready{hint if bucket else ''}"


def _available(facts: WorkloadFacts) -> tuple[Reason, str]:
    ready = f"{facts.ready} of {facts.replicas} pods ready"
    if facts.autoscaling:
        return Reason.AUTOSCALING_INACTIVE, f"{ready}; their number stays: {facts.autoscaling}"
    return Reason.AVAILABLE, ready


def _not_created(message: str) -> tuple[Reason, str]:
    said = f"the pods cannot be created: {message}"
    advice = quota_advice(message)
    return (Reason.QUOTA_EXCEEDED, f"{said}; {advice}") if advice else (Reason.PODS_NOT_CREATED, said)


def _for_its_claim(found: Findings, reason: str, message: str) -> bool:
    """Whether a pod has no node because its claim has no volume: most starts do so, and StorageReady tells it."""
    pending = found.storage.phase not in (None, "Bound")
    return pending and reason == "Unschedulable" and "PersistentVolumeClaim" in message


def _beside(facts: WorkloadFacts, trouble: tuple[str, str]) -> tuple[Reason, str] | None:
    """Of a pod that no node takes, while it may only stand beside one that is there already."""
    reason, message = trouble
    if reason != "Unschedulable" or not facts.beside:
        return None
    if facts.ready:
        hint = "the present pod serves on; free resources on its node, or set spec.rollout to Recreate"
        return Reason.SURGE_BLOCKED, f"the next pod has no place beside the present one: {message}; {hint}"
    if facts.leaving:
        pod, node = facts.leaving[0]
        hint = f"if node {node} is gone for good, delete its Node, or the pod by force"
        return Reason.SURGE_BLOCKED, f"the next pod must wait for the end of pod {pod}: {message}; {hint}"
    return None


def _trouble(reason: str, message: str) -> tuple[Reason, str]:
    said = f"{reason}: {message}" if message else reason
    if reason in _IMAGE:
        return Reason.IMAGE_UNAVAILABLE, f"{said}; check spec.image, its pullSecrets and the operator's image settings"
    if reason in _CRASH:
        return Reason.CRASH_LOOPING, f"the registry does not stay up: {said}; its log tells why"
    if reason == "Unschedulable":
        return Reason.UNSCHEDULABLE, f"{message}; check spec.pod and the nodes' free resources"
    return Reason.POD_FAILED, said
