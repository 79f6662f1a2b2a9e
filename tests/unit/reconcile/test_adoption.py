"""What becomes of a child that has lost its owner, while the Registry itself may be on its way out."""

from __future__ import annotations

import pytest

from registry_operator.kube import kinds
from registry_operator.reconcile.refusals import Raced
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.test_writer import Desk


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
