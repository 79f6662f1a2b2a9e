"""Leadership: one at a time, given up in time, never a write after it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry_operator.engine.leader import Leader
from registry_operator.kube.errors import Forbidden, Unreachable
from tests.unit.clock import FakeClock, settle
from tests.unit.engine.leases import Leases


class Stage:
    """Some candidates on one clock and one server."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.api = Leases()
        self.lost: list[tuple[str, str]] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.leaders: list[Leader] = []

    def candidate(self, identity: str) -> Leader:
        client: Any = self.api
        leader = Leader(
            client,
            "system",
            "operator",
            identity,
            lost=lambda reason: self.lost.append((identity, reason)),
            clock=self.clock,
        )
        self.leaders.append(leader)
        return leader

    async def acquire(self, leader: Leader) -> asyncio.Task[None]:
        task = asyncio.create_task(leader.acquire())
        self.tasks.append(task)
        await settle()
        return task


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    one = Stage()
    yield one
    for task in one.tasks:
        task.cancel()
    one.api.hangs, one.api.fault = False, None
    for leader in one.leaders:
        await leader.release()


async def test_the_first_one_leads_and_renews(stage: Stage) -> None:
    leader = stage.candidate("a")
    assert not leader.leading
    task = await stage.acquire(leader)
    assert task.done()
    assert leader.leading
    assert stage.api.lease is not None
    spec = stage.api.lease["spec"]
    assert spec["holderIdentity"] == "a"
    assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (15, 0)
    assert spec["renewTime"].endswith("Z")
    await stage.clock.advance(60)
    assert leader.leading
    assert stage.api.writes == ["a"] * 31
    assert stage.lost == []


async def test_the_second_one_waits_and_takes_over_after_a_crash(stage: Stage) -> None:
    first, second = stage.candidate("a"), stage.candidate("b")
    await stage.acquire(first)
    task = await stage.acquire(second)
    await stage.clock.advance(60)
    assert not task.done()
    assert first._renewal is not None
    first._renewal.cancel()  # killed: nothing is released
    await stage.clock.advance(12)
    assert not task.done()
    await stage.clock.advance(8)
    assert second.leading
    assert stage.api.lease is not None
    assert stage.api.lease["spec"]["leaseTransitions"] == 1


async def test_a_release_lets_the_next_one_in_at_once(stage: Stage) -> None:
    first, second = stage.candidate("a"), stage.candidate("b")
    await stage.acquire(first)
    await stage.acquire(second)
    await first.release()
    assert not first.leading
    assert stage.api.holder is None
    await stage.clock.advance(3)
    assert second.leading
    assert stage.lost == []


async def test_another_machines_clock_does_not_matter(stage: Stage) -> None:
    """A Lease whose times are far in the past or the future counts from the moment we saw it."""
    for time in ("1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"):
        stage.api._put(
            {"namespace": "system", "name": "operator"},
            {"holderIdentity": "x", "leaseDurationSeconds": 15, "renewTime": time, "acquireTime": time},
        )
        leader = stage.candidate("a")
        await stage.acquire(leader)
        await stage.clock.advance(14)
        assert not leader.leading
        await stage.clock.advance(4)
        assert leader.leading
        await leader.release()


async def test_the_holders_own_duration_counts(stage: Stage) -> None:
    metadata = {"namespace": "system", "name": "operator"}
    stage.api._put(metadata, {"holderIdentity": "x", "leaseDurationSeconds": 60})
    leader = stage.candidate("a")
    await stage.acquire(leader)
    await stage.clock.advance(58)
    assert not leader.leading
    await stage.clock.advance(5)
    assert leader.leading


@pytest.mark.parametrize("how", ["refused", "hanging", "away"])
async def test_a_leader_that_cannot_renew_gives_up_before_another_may_lead(stage: Stage, how: str) -> None:
    leader = stage.candidate("a")
    await stage.acquire(leader)
    stage.api.hangs = how == "hanging"
    faults = {"refused": Forbidden(403, "Forbidden", "no"), "away": Unreachable("no")}
    stage.api.fault = faults.get(how)
    await stage.clock.advance(9.9)
    assert stage.lost == []
    await stage.clock.advance(0.1)
    assert stage.lost == [("a", "the Lease could not be renewed for 10 s")]
    assert not leader.leading


async def test_nothing_is_written_after_it_is_lost(stage: Stage) -> None:
    leader = stage.candidate("a")
    await stage.acquire(leader)
    stage.api.fault = Unreachable("no")
    await stage.clock.advance(10)
    stage.api.fault = None
    writes = len(stage.api.writes)
    await stage.clock.advance(60)
    await leader.release()
    assert len(stage.api.writes) == writes
    assert len(stage.lost) == 1


async def test_one_failed_renewal_is_no_loss(stage: Stage) -> None:
    leader = stage.candidate("a")
    await stage.acquire(leader)
    for _ in range(5):
        stage.api.fault = Unreachable("no")
        await stage.clock.advance(6)
        stage.api.fault = None
        await stage.clock.advance(2)
        assert leader.leading
    assert stage.lost == []


async def test_a_takeover_is_noticed_at_the_next_renewal(stage: Stage) -> None:
    leader = stage.candidate("a")
    await stage.acquire(leader)
    stage.api.edit(holderIdentity="b")
    await stage.clock.advance(2)
    assert stage.lost == [("a", "the Lease is held by b now")]
    assert stage.api.holder == "b"
    await leader.release()
    assert stage.api.holder == "b"


async def test_an_edit_or_a_lost_answer_is_no_takeover(stage: Stage) -> None:
    leader = stage.candidate("a")
    await stage.acquire(leader)
    stage.api.edit(preferredHolder="z")
    await stage.clock.advance(2)
    stage.api.answer_lost = True
    await stage.clock.advance(2)
    stage.api.answer_lost = False
    await stage.clock.advance(20)
    assert leader.leading
    assert stage.lost == []


async def test_a_deleted_lease_is_made_again(stage: Stage) -> None:
    leader = stage.candidate("a")
    await stage.acquire(leader)
    stage.api.lease = None
    await stage.clock.advance(2)
    assert stage.api.holder == "a"
    assert leader.leading


async def test_a_lost_answer_of_the_first_write_is_ours_at_the_next_look(stage: Stage) -> None:
    metadata = {"namespace": "system", "name": "operator"}
    stage.api._put(metadata, {"leaseDurationSeconds": 1})
    stage.api.answer_lost = True
    leader = stage.candidate("a")
    await stage.acquire(leader)
    assert stage.api.holder == "a"
    stage.api.answer_lost = False
    await stage.clock.advance(3)
    assert leader.leading


async def test_of_two_at_once_one_leads(stage: Stage) -> None:
    stage.api._put({"namespace": "system", "name": "operator"}, {"leaseDurationSeconds": 1})
    pair = [stage.candidate("a"), stage.candidate("b")]
    for leader in pair:
        stage.tasks.append(asyncio.create_task(leader.acquire()))
    await settle()
    assert sorted(leader.leading for leader in pair) == [False, True]


async def test_errors_while_standing_by_are_waited_out(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.api.fault = Forbidden(403, "Forbidden", "leases is forbidden")
    leader = stage.candidate("a")
    with caplog.at_level("INFO"):
        task = await stage.acquire(leader)
        await stage.clock.advance(60)
    assert not task.done()
    assert [record.message for record in caplog.records].count(
        "the Lease system/operator: it cannot be acquired: leases is forbidden (403, Forbidden)"
    ) == 1
    stage.api.fault = None
    await stage.clock.advance(3)
    assert leader.leading


async def test_a_process_that_slept_does_not_believe_it_leads(stage: Stage) -> None:
    """SIGSTOP, a frozen machine: the clock has gone on before any timer could run."""
    leader = stage.candidate("a")
    await stage.acquire(leader)
    stage.clock.time += 20
    assert not leader.leading


async def test_a_release_that_fails_is_only_said(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    leader = stage.candidate("a")
    await stage.acquire(leader)
    stage.api.fault = Unreachable("gone")
    await leader.release()
    assert "runs out by itself" in caplog.text
