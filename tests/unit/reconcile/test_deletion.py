"""What a deletion does: to the images nothing, unless that is asked for; to what is not ours nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registry_operator.kube import kinds
from registry_operator.kube.errors import NotFound
from registry_operator.reconcile.deletion import FINALIZER
from registry_operator.reconcile.refusals import Raced
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.subject import KEY, NAMES, SELF_SIGNED, Subject

CLAIM = kinds.PERSISTENT_VOLUME_CLAIM
DELETE: Object = {**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"whenDeleted": "Delete"}}}


def finalizers(subject: Subject) -> list[str]:
    found = subject.cluster.find(kinds.REGISTRY, "images")
    assert found is not None
    names: list[str] = found["metadata"].get("finalizers") or []
    return names


def delete(subject: Subject) -> None:
    """As `kubectl delete` does it: gone at once without finalizers, else marked."""
    if not finalizers(subject):
        subject.cluster.drop(kinds.REGISTRY, "images")
    else:
        mark = {"deletionTimestamp": "2026-11-24T10:00:00Z"}
        subject.cluster.edit(kinds.REGISTRY, "images", lambda obj: obj["metadata"].update(mark))
    subject.deliver()


async def served(spec: Object, **metadata: Any) -> Subject:
    subject = Subject()
    subject.make(spec, **metadata)
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    return subject


async def test_a_finalizer_exists_only_where_the_claim_is_to_go() -> None:
    subject = await served(SELF_SIGNED)
    assert finalizers(subject) == []
    subject.respec(DELETE)
    await subject.settle()
    assert finalizers(subject) == [FINALIZER]
    subject.respec(SELF_SIGNED)
    await subject.settle()
    assert finalizers(subject) == []


async def test_the_finalizer_is_there_before_any_child() -> None:
    subject = Subject(DELETE)
    assert await subject.reconcile() == 0.0
    assert finalizers(subject) == [FINALIZER]
    assert [call for call in subject.cluster.writes if call[1] != "Registry"] == []


async def test_finalizers_of_others_stay() -> None:
    subject = await served(DELETE, finalizers=["example.com/theirs"])
    assert finalizers(subject) == ["example.com/theirs", FINALIZER]
    delete(subject)
    await subject.reconcile()
    assert finalizers(subject) == ["example.com/theirs"]


async def test_deletion_keeps_the_claim() -> None:
    subject = await served(SELF_SIGNED)
    subject.cluster.calls.clear()
    delete(subject)
    await subject.reconcile()
    assert NAMES.claim in subject.cluster.named(CLAIM)
    assert subject.cluster.calls == []
    assert subject.prober.followed is None
    assert subject.told.metered == {}


async def test_deletion_takes_the_claim_where_that_is_asked_for() -> None:
    subject = await served(DELETE)
    delete(subject)
    await subject.reconcile()
    assert subject.cluster.named(CLAIM) == set()
    assert finalizers(subject) == []


async def test_what_the_cache_does_not_know_of_is_deleted_too() -> None:
    """A new process whose cache lags behind must not leave the claim for ever."""
    subject = await served(DELETE)
    delete(subject)
    for informer in subject.world.informers:
        list(informer.store.replace(None, (), 0, 2**60))
    await subject.reconcile()
    assert subject.cluster.named(CLAIM) == set()


async def test_who_asks_for_orphans_keeps_the_images() -> None:
    """`kubectl delete --cascade=orphan`: the pods run on, so what they serve must not go."""
    subject = await served(DELETE)
    subject.cluster.edit(kinds.REGISTRY, "images", lambda obj: obj["metadata"]["finalizers"].append("orphan"))
    delete(subject)
    await subject.reconcile()
    assert NAMES.claim in subject.cluster.named(CLAIM)
    assert finalizers(subject) == ["orphan"]


async def test_a_garbage_collector_that_is_faster_takes_no_images_either() -> None:
    """It has taken the owner off the children, and its finalizer off the Registry, before the operator looks."""
    subject = await served(DELETE)
    subject.cluster.edit(kinds.SERVICE, "images", lambda obj: obj["metadata"].pop("ownerReferences"))
    delete(subject)
    await subject.reconcile()
    assert NAMES.claim in subject.cluster.named(CLAIM)
    assert finalizers(subject) == []


async def test_a_finalizer_that_somebody_takes_out_on_the_way_is_no_progress() -> None:
    """A mutating webhook may. Without a pause between the tries the API server would be asked without end."""
    subject = Subject(DELETE)
    merge = subject.cluster.merge

    async def stripped(*args: Any, **more: Any) -> Object:
        await merge(*args, **more)
        subject.cluster.edit(kinds.REGISTRY, "images", lambda obj: obj["metadata"].update(finalizers=[]))
        return await subject.cluster.get(kinds.REGISTRY, "team-a", "images")

    subject.cluster.merge = stripped  # type: ignore[method-assign]
    with pytest.raises(Raced):
        await subject.reconcile()


def unlabel(obj: Object) -> None:
    obj["metadata"]["labels"] = {}


def other_registry(obj: Object) -> None:
    obj["metadata"]["annotations"]["teamregistry.io/registry-uid"] = "u-0"


@pytest.mark.parametrize("change", [unlabel, other_registry], ids=["taken by a user", "of a former Registry"])
async def test_a_claim_that_is_not_its_own_is_not_deleted(change: Callable[[Object], None]) -> None:
    """The cache still thinks that it is."""
    subject = await served(DELETE)
    delete(subject)
    subject.cluster.edit(CLAIM, NAMES.claim, change)
    await subject.reconcile()
    assert NAMES.claim in subject.cluster.named(CLAIM)
    assert finalizers(subject) == []


async def test_a_claim_that_changes_at_the_last_moment_is_looked_at_again() -> None:
    subject = await served(DELETE)
    delete(subject)
    subject.cluster.before_write = lambda: subject.cluster.edit(CLAIM, NAMES.claim, unlabel)
    with pytest.raises(Raced):
        await subject.reconcile()
    assert finalizers(subject) == [FINALIZER]
    await subject.reconcile()
    assert NAMES.claim in subject.cluster.named(CLAIM)
    assert finalizers(subject) == []


async def test_a_crash_between_claim_and_finalizer_ends_the_same() -> None:
    subject = await served(DELETE)
    delete(subject)
    subject.cluster.drop(CLAIM, NAMES.claim)
    subject.start()
    await subject.reconcile()
    assert finalizers(subject) == []


async def test_retain_is_decided_at_deletion() -> None:
    subject = await served(DELETE)
    subject.respec(SELF_SIGNED)  # and deleted before the operator has seen it
    delete(subject)
    await subject.reconcile()
    assert NAMES.claim in subject.cluster.named(CLAIM)
    assert finalizers(subject) == []


@pytest.mark.parametrize(
    ("storage", "claims"),
    [
        ({"persistentVolumeClaim": {"whenDeleted": "Delete"}}, set()),
        ({"persistentVolumeClaim": {"whenDeleted": "Delete"}, "nfs": {}}, {NAMES.claim}),
    ],
    ids=["readable in this part", "unreadable: in doubt it is kept"],
)
async def test_a_spec_that_cannot_be_read_keeps_nobody_from_deleting(storage: Object, claims: set[str]) -> None:
    subject = await served(DELETE)
    subject.respec({"version": "9", "storage": storage})
    delete(subject)
    await subject.reconcile()
    assert finalizers(subject) == []
    assert subject.cluster.named(CLAIM) == claims


async def test_one_that_waits_for_others_says_so_once() -> None:
    subject = await served(SELF_SIGNED, finalizers=["foregroundDeletion"])
    delete(subject)
    await subject.settle()
    assert subject.condition("Ready") == ("False", "Deleting")
    assert subject.condition("Reconciling") == ("True", "Deleting")
    assert subject.status["host"] == "images.team-a.svc"
    subject.cluster.calls.clear()
    await subject.reconcile()
    assert subject.cluster.calls == []


async def test_children_of_one_on_its_way_out_are_not_made_again() -> None:
    subject = await served(SELF_SIGNED, finalizers=["foregroundDeletion"])
    delete(subject)
    subject.cluster.drop(kinds.DEPLOYMENT, "images")
    subject.deliver()
    await subject.settle()
    assert subject.cluster.named(kinds.DEPLOYMENT) == set()


async def test_a_registry_that_went_unnoticed_is_noticed_by_a_write() -> None:
    """The watch lost its deletion; children must not be made again and again until the next listing."""
    subject = await served(SELF_SIGNED)
    subject.cluster.drop(kinds.REGISTRY, "images")
    subject.prober.says = None
    subject.cluster.errors["apply", "Registry"] = NotFound(404, "NotFound", "not found")
    with pytest.raises(Raced):
        await subject.reconcile()
    assert subject.world.registries.get(KEY) is None
    subject.cluster.calls.clear()
    assert await subject.reconcile() is None
    assert subject.cluster.calls == []
