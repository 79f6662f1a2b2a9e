"""What becomes of a child that is missing or has lost its owner, while the Registry itself may be on its way out."""

from __future__ import annotations

import pytest

from registry_operator.kube import kinds
from registry_operator.reconcile.refusals import Raced
from registry_operator.reconcile.registry_cache import Key
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.test_writer import WANTED, Desk


@pytest.mark.parametrize("metadata", [{"deletionTimestamp": "2026-11-29T00:00:00Z"}, {"uid": "u-2"}])
async def test_an_orphan_gets_no_owner_that_is_on_its_way_out(metadata: Object) -> None:
    """The cache does not know yet that the Registry is being deleted, or has a successor."""
    desk = Desk()
    await desk.ensure()
    desk.cluster.edit(kinds.CONFIG_MAP, "child", lambda obj: obj["metadata"].pop("ownerReferences"))
    desk.subject.deliver()
    writer = desk.writer
    desk.cluster.edit(kinds.REGISTRY, "images", lambda obj: obj["metadata"].update(metadata))
    desk.cluster.calls.clear()
    with pytest.raises(Raced, match="Registry is being deleted"):
        await desk.ensure(writer=writer)
    assert desk.cluster.writes == []


async def test_nothing_is_made_for_a_registry_that_went_unnoticed() -> None:
    """Its children vanish, and the cache still has it: the watch was down when it was deleted."""
    desk = Desk()
    writer = desk.writer
    desk.cluster.drop(kinds.REGISTRY, "images")
    with pytest.raises(Raced, match="Registry is gone"):
        await desk.ensure(writer=writer)
    assert desk.cluster.writes == []
    assert desk.subject.world.registries.get(Key("team-a", "images")) is None


async def test_it_is_asked_once_for_all_that_a_walk_makes() -> None:
    desk = Desk()
    writer = desk.writer
    for name in ("one", "other"):
        await desk.ensure({**WANTED, "metadata": {**WANTED["metadata"], "name": name}}, writer=writer)
    assert desk.cluster.calls.count(("get", "Registry", "images")) == 1
