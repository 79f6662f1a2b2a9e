"""What a first apply leaves in an object that somebody else has just made."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from registry_operator.kube import kinds
from registry_operator.kube.client import Applied
from registry_operator.kube.errors import Unreachable
from registry_operator.reconcile.refusals import Raced
from registry_operator.status.problems import Blocked
from tests.unit.reconcile.test_writer import THEIRS, Desk


@pytest.mark.parametrize("refused", [False, True], ids=["taken back at once", "taken back later"])
async def test_what_appeared_in_the_moment_of_a_first_write_is_never_called_ours(
    monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    """The watch has told of our fields in it, and not yet of their end."""
    desk = Desk()
    apply, tries = desk.cluster.apply, itertools.count()

    async def met(*what: Any, **how: Any) -> Applied:
        turn = next(tries)
        if turn == 0:
            desk.cluster.put(kinds.CONFIG_MAP, THEIRS)
        if turn == 1 and refused:
            raise Unreachable("injected")
        answer = await apply(*what, **how)
        if turn == 0:
            desk.subject.deliver()
        return answer

    monkeypatch.setattr(desk.cluster, "apply", met)
    with pytest.raises(Unreachable if refused else Raced):
        await desk.ensure()
    with pytest.raises(Blocked, match="is not this Registry's"):
        await desk.ensure()
    found = desk.live()
    assert found is not None
    assert found["data"] == THEIRS["data"]
    assert not found["metadata"].keys() & {"labels", "ownerReferences"}
