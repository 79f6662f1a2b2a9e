"""The claim: its making, its return after a deletion, its end."""

from __future__ import annotations

from typing import Any

import pytest

from registry_operator.kube import kinds
from registry_operator.kube.errors import Forbidden
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.subject import NAMES, SELF_SIGNED, Subject

CLAIM = kinds.PERSISTENT_VOLUME_CLAIM
LABELS = {"app.kubernetes.io/managed-by": "registry-operator", "teamregistry.io/registry": "images"}


def kept(uid: str = "u-0", size: str = "20Gi", **spec: Any) -> Object:
    """A claim that a former Registry of this name left."""
    annotations = {"teamregistry.io/registry-uid": uid, "teamregistry.io/version": "2"}
    return {
        "metadata": {"namespace": "team-a", "name": NAMES.claim, "labels": LABELS, "annotations": annotations},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            "storageClassName": "standard",
            **spec,
        },
        "status": {"phase": "Bound", "capacity": {"storage": size}},
    }


async def returned(claim: Object, spec: Object | None = None, **metadata: Any) -> Subject:
    subject = Subject()
    subject.cluster.put(CLAIM, claim)
    subject.make({**SELF_SIGNED, **(spec or {})}, **metadata)
    await subject.settle()
    return subject


def used_by(subject: Subject) -> str:
    found = subject.cluster.find(CLAIM, NAMES.claim)
    assert found is not None
    uid: str = found["metadata"]["annotations"]["teamregistry.io/registry-uid"]
    return uid


async def test_a_claim_is_made_without_an_owner() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    found = subject.cluster.find(CLAIM, NAMES.claim)
    assert found is not None
    assert "ownerReferences" not in found["metadata"]
    assert subject.status["storage"] == {
        "kind": "PersistentVolumeClaim",
        "claimName": NAMES.claim,
        "requested": "20Gi",
        "capacity": "20Gi",
        "whenDeleted": "Retain",
    }


async def test_a_kept_claim_is_taken_into_use_again() -> None:
    subject = await returned(kept())
    assert subject.condition("Ready") == ("True", "Serving")
    assert used_by(subject) == "u-1"


STORAGE = "persistentVolumeClaim"
DIFFERENT: dict[str, tuple[Object, Object, str]] = {
    "smaller": (kept(size="30Gi"), {}, "size 30Gi"),
    "another class": (kept(), {"storage": {STORAGE: {"storageClassName": "fast"}}}, "storageClassName standard"),
    "other modes": (kept(), {"storage": {STORAGE: {"accessModes": ["ReadWriteMany"]}}}, "accessModes ReadWriteOnce"),
}


@pytest.mark.parametrize(("claim", "spec", "said"), DIFFERENT.values(), ids=DIFFERENT)
async def test_a_kept_claim_that_differs_is_refused(claim: Object, spec: Object, said: str) -> None:
    subject = await returned(claim, spec)
    assert subject.condition("Stalled") == ("True", "ClaimDiffers")
    assert said in subject.message("Stalled")
    assert "spec.storage.persistentVolumeClaim" in subject.message("Stalled")
    assert used_by(subject) == "u-0"
    assert subject.cluster.named(kinds.DEPLOYMENT) == set()


async def test_a_kept_claim_may_grow() -> None:
    subject = await returned(kept(size="10Gi"))
    assert subject.condition("StorageReady") == ("True", "ClaimResizing")
    assert "10Gi" in subject.message("StorageReady")


OPEN = {"auth": {"mode": "Disabled"}}


@pytest.mark.parametrize("uid", ["u-0", None], ids=["of a former Registry", "of nobody knows whom"])
async def test_a_kept_claim_is_not_laid_open(uid: str | None) -> None:
    claim = kept(uid or "")
    if uid is None:
        del claim["metadata"]["annotations"]["teamregistry.io/registry-uid"]
    subject = await returned(claim, OPEN)
    assert subject.condition("Stalled") == ("True", "AnonymousAccessRefused")
    assert "teamregistry.io/allow-anonymous=true" in subject.message("Stalled")
    subject.respec({**SELF_SIGNED, **OPEN}, annotations={"teamregistry.io/allow-anonymous": "true"})
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")


async def test_a_claim_of_its_own_may_be_laid_open() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    subject.respec({**SELF_SIGNED, **OPEN})
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")


async def test_a_claim_that_is_still_mounted_is_waited_for() -> None:
    subject = Subject()
    subject.cluster.put(CLAIM, kept())
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": NAMES.claim}}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "old", "uid": "r-0", "controller": True}
    pod = {"metadata": {"namespace": "team-a", "name": "old", "labels": LABELS, "ownerReferences": [owner]}}
    subject.cluster.put(kinds.POD, {**pod, "spec": {"volumes": [volume]}})
    subject.make(SELF_SIGNED)
    again = await subject.settle()
    assert subject.condition("StorageReady") == ("False", "ClaimInUse")
    assert subject.condition("Stalled")[0] == "False"
    assert again is not None
    assert used_by(subject) == "u-0"
    subject.cluster.drop(kinds.POD, "old")
    subject.deliver()
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")


# ---------------------------------------------------------------------- the state of a claim
async def changed(change: Object, spec: Object | None = None) -> Subject:
    subject = Subject({**SELF_SIGNED, **(spec or {})})
    await subject.settle()
    subject.cluster.edit(
        CLAIM, NAMES.claim, lambda obj: obj.update({**change, "metadata": obj["metadata"] | change.get("metadata", {})})
    )
    subject.deliver()
    await subject.settle()
    return subject


async def test_a_lost_volume_needs_a_person() -> None:
    subject = await changed({"status": {"phase": "Lost"}})
    assert subject.condition("StorageReady") == ("False", "ClaimLost")
    assert subject.condition("Stalled") == ("True", "ClaimLost")


async def test_a_claim_on_its_way_out_is_waited_for() -> None:
    subject = await changed({"metadata": {"deletionTimestamp": "2026-11-24T10:00:00Z"}})
    assert subject.condition("StorageReady") == ("False", "ClaimTerminating")
    assert subject.condition("Ready") == ("True", "Serving"), "its pod still serves"


async def test_a_claim_that_waits_for_its_pod_keeps_no_pod_from_starting() -> None:
    subject = Subject(SELF_SIGNED)
    subject.cluster.put(CLAIM, {**kept(uid="u-1"), "status": {"phase": "Pending"}})
    subject.deliver()
    await subject.reconcile()
    assert subject.condition("StorageReady") == ("False", "ClaimPending")
    assert "StorageClass standard" in subject.message("StorageReady")
    assert subject.cluster.named(kinds.DEPLOYMENT) == {"images"}


EXISTING = {"storage": {"existingClaim": {"claimName": "theirs"}}}


async def test_a_users_claim_is_waited_for_and_never_written() -> None:
    subject = Subject({**SELF_SIGNED, **EXISTING})
    await subject.settle()
    assert subject.condition("StorageReady") == ("False", "ClaimMissing")
    assert "spec.storage.existingClaim" in subject.message("StorageReady")
    theirs = {"metadata": {"namespace": "team-a", "name": "theirs"}, "spec": {}, "status": {"phase": "Bound"}}
    subject.cluster.put(CLAIM, theirs)
    subject.woken.clear()
    subject.deliver()
    assert subject.woken == [("team-a", "images")]
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    assert [call for call in subject.cluster.writes if call[1] == CLAIM.kind] == []
    gone = {"deletionTimestamp": "2026-11-24T10:00:00Z"}
    subject.cluster.edit(CLAIM, "theirs", lambda obj: obj["metadata"].update(gone))
    subject.deliver()
    await subject.settle()
    assert subject.condition("StorageReady") == ("False", "ClaimTerminating")
    assert "made again" not in subject.message("StorageReady"), "not by us"


async def test_a_claim_that_may_not_grow_keeps_nothing_else_from_being_done() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    words = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support"
    subject.cluster.errors["apply", "PersistentVolumeClaim"] = Forbidden(403, "Forbidden", f"forbidden: {words} resize")
    larger = {"storage": {"persistentVolumeClaim": {"size": "30Gi"}}}
    subject.respec({**SELF_SIGNED, **larger, "log": {"level": "debug"}})
    subject.cluster.calls.clear()
    assert await subject.settle() is not None, "it is tried again: no watch tells of a class that changed"
    assert subject.condition("StorageReady") == ("False", "ResizeRefused")
    assert subject.condition("Stalled") == ("True", "ResizeRefused")
    assert "Set size back to 20Gi" in subject.message("Stalled")
    assert ("apply", "Deployment", "images") in subject.cluster.writes
    del subject.cluster.errors["apply", "PersistentVolumeClaim"]
    await subject.settle()
    found = subject.cluster.find(CLAIM, NAMES.claim)
    assert found is not None
    assert found["spec"]["resources"]["requests"]["storage"] == "30Gi"
    assert subject.condition("Stalled") == ("False", "NotStalled")
