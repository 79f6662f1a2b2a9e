"""StorageReady: whether the images have their place, and how that is known."""

from __future__ import annotations

from registry_operator.status.findings import Findings, Login, StorageFacts
from registry_operator.status.reasons import Condition, Reason

Parts = tuple[str, Reason, str]


def storage(found: Findings) -> Parts:
    """Status, reason and message."""
    if problem := found.problems.get(Condition.STORAGE_READY):
        return "False", problem.reason, problem.message
    if bucket := found.registry.spec.storage.bucket:
        return _bucket(found, bucket.bucket)
    if found.registry.spec.storage.kind == "EmptyDir":
        return "True", Reason.EPHEMERAL, "the images live in an emptyDir: they are lost with the pod"
    return _claim(found.storage)


def _bucket(found: Findings, name: str) -> Parts:
    """By what the registry itself does with the bucket, for it may have an identity that the operator has not."""
    answer = found.probe if found.workload.ready else None
    if answer is not None and answer.upload:
        return "True", Reason.BUCKET_IN_USE, f"an upload into bucket {name} was begun"
    if found.storage.open:
        return "True", Reason.BUCKET_ACCESSIBLE, f"the operator listed bucket {name} with the keys that pods get"
    if answer is None:
        untried = f"; {found.storage.untried}" if found.storage.untried else ""
        return "Unknown", Reason.WAITING, f"a ready pod will tell whether the registry can use bucket {name}{untried}"
    if found.registry.spec.read_only and answer.login is Login.ACCEPTED:
        return "True", Reason.BUCKET_IN_USE, f"the registry is ready, which it does not stay without bucket {name}"
    return "Unknown", Reason.WAITING, f"whether bucket {name} takes uploads is not known; see Writable"


def _claim(facts: StorageFacts) -> Parts:
    if facts.phase is None:
        return "Unknown", Reason.WAITING, f"claim {facts.claim_name} is not there yet; see the other conditions"
    if facts.phase != "Bound":
        return "False", Reason.CLAIM_PENDING, f"claim {facts.claim_name} is {facts.phase}"
    if facts.resizing and facts.resize_failed:
        return "False", Reason.RESIZE_FAILED, facts.resizing
    if facts.resizing:
        return "True", Reason.CLAIM_RESIZING, facts.resizing
    return "True", Reason.BOUND, f"claim {facts.claim_name} is bound"
