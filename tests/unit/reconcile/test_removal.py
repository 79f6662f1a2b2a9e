"""What the operator deletes is its own, in the version that was looked at, and is not built on any more."""

from __future__ import annotations

import pytest

from registry_operator.kube import kinds
from registry_operator.reconcile.refusals import Raced
from tests.unit.reconcile.test_writer import THEIRS, WANTED, Desk


async def test_only_what_is_ours_is_deleted_and_only_the_one_that_was_seen() -> None:
    desk = Desk()
    made = await desk.ensure()
    desk.cluster.drop(kinds.CONFIG_MAP, "child")
    desk.cluster.put(kinds.CONFIG_MAP, WANTED)
    with pytest.raises(Raced):
        await desk.writer.remove(kinds.CONFIG_MAP, made)
    desk.cluster.put(kinds.CONFIG_MAP, {**THEIRS, "metadata": {**THEIRS["metadata"], "name": "other"}})
    foreign = desk.subject.world.projected(
        kinds.CONFIG_MAP, await desk.cluster.get(kinds.CONFIG_MAP, "team-a", "other")
    )
    await desk.writer.remove(kinds.CONFIG_MAP, foreign)
    assert desk.cluster.named(kinds.CONFIG_MAP) == {"child", "other"}


async def test_what_somebody_changed_since_is_looked_at_again() -> None:
    """He may have taken it for himself."""
    desk = Desk()
    made = await desk.ensure()
    desk.cluster.edit(kinds.CONFIG_MAP, "child", lambda obj: obj["metadata"].update(labels={}))
    with pytest.raises(Raced):
        await desk.writer.remove(kinds.CONFIG_MAP, made)
    assert desk.cluster.named(kinds.CONFIG_MAP) == {"child"}


async def test_nothing_is_built_on_what_was_just_deleted() -> None:
    """Before its event comes: the spec may ask for it again at once."""
    desk = Desk()
    await desk.writer.remove(kinds.CONFIG_MAP, await desk.ensure())
    await desk.ensure()
    assert desk.cluster.named(kinds.CONFIG_MAP) == {"child"}
    assert desk.subject.woken, "what waited for its end is looked at"


async def test_what_is_gone_already_is_deleted() -> None:
    desk = Desk()
    made = await desk.ensure()
    desk.cluster.drop(kinds.CONFIG_MAP, "child")
    await desk.writer.remove(kinds.CONFIG_MAP, made)
    await desk.ensure()
    assert desk.cluster.named(kinds.CONFIG_MAP) == {"child"}
