"""The queue's promises: nothing lost, nothing twice at once, and waits that grow."""

from __future__ import annotations

import asyncio

import pytest

from registry_operator.engine.backoff import Backoff
from registry_operator.engine.queue import KeyedQueue
from registry_operator.kube.errors import TooManyRequests
from tests.unit.clock import FakeClock, settle
from tests.unit.engine.working import Worker, running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def queue(clock: FakeClock) -> KeyedQueue[str]:
    return KeyedQueue(clock=clock, backoff=Backoff(random=lambda: 1.0))


async def test_a_key_is_queued_once_however_often_it_is_added(queue: KeyedQueue[str], worker: Worker) -> None:
    for key in ("a", "b", "a", "a"):
        queue.add(key)
    assert queue.depth == 2
    async with running(queue, worker):
        assert worker.ended == ["a", "b"]
        assert queue.depth == 0


async def test_a_key_that_changes_while_it_runs_runs_once_more(queue: KeyedQueue[str], worker: Worker) -> None:
    worker.held = True
    async with running(queue, worker):
        queue.add("a")
        await settle()
        queue.add("a")
        queue.add("a")
        await settle()
        assert (worker.began, queue.depth) == (["a"], 0)  # the other worker is free and must not take it
        await worker.let_go("a")
        assert (worker.began, worker.ended) == (["a", "a"], ["a"])
        await worker.let_go("a")
        assert worker.ended == ["a", "a"]


async def test_no_more_runs_at_once_than_workers(queue: KeyedQueue[str], worker: Worker) -> None:
    worker.held = True
    async with running(queue, worker, workers=2):
        for key in ("a", "b", "c"):
            queue.add(key)
        await settle()
        assert (worker.began, queue.depth) == (["a", "b"], 1)
        await worker.let_go("b")
        assert worker.began == ["a", "b", "c"]


async def test_a_delayed_key_runs_when_it_is_due(queue: KeyedQueue[str], worker: Worker, clock: FakeClock) -> None:
    async with running(queue, worker):
        queue.add_after("later", 20)
        queue.add_after("sooner", 10)
        queue.add_after("now", 0)
        await clock.advance(9.9)
        assert worker.ended == ["now"]
        await clock.advance(0.1)
        assert worker.ended == ["now", "sooner"]
        await clock.advance(10)
        assert worker.ended == ["now", "sooner", "later"]


@pytest.mark.parametrize("order", [(5.0, 50.0), (50.0, 5.0)])
async def test_the_earliest_of_several_wishes_counts(
    queue: KeyedQueue[str], worker: Worker, clock: FakeClock, order: tuple[float, float]
) -> None:
    async with running(queue, worker):
        for seconds in order:
            queue.add_after("a", seconds)
        await clock.advance(5)
        assert worker.ended == ["a"]
        await clock.advance(100)
        assert worker.ended == ["a"]


async def test_an_earlier_run_settles_a_wish(queue: KeyedQueue[str], worker: Worker, clock: FakeClock) -> None:
    async with running(queue, worker):
        queue.add_after("a", 5)
        queue.add("a")
        await clock.advance(100)
        assert worker.ended == ["a"]


async def test_a_wish_made_during_a_run_is_kept(queue: KeyedQueue[str], worker: Worker, clock: FakeClock) -> None:
    worker.held = True
    async with running(queue, worker):
        queue.add("a")
        await settle()
        queue.add_after("a", 5)
        await worker.let_go("a", 50)
        await clock.advance(5)
        assert worker.began == ["a", "a"]


async def test_the_worker_says_when_to_look_again(queue: KeyedQueue[str], worker: Worker, clock: FakeClock) -> None:
    worker.result = lambda _: 600
    async with running(queue, worker):
        queue.add("a")
        await clock.advance(1800)
        assert worker.ended == ["a"] * 4


async def test_failures_wait_longer_each_time_and_a_success_ends_that(clock: FakeClock, worker: Worker) -> None:
    heard: list[tuple[str, str, int, float]] = []
    queue: KeyedQueue[str] = KeyedQueue(
        clock=clock,
        backoff=Backoff(base=1, cap=8, random=lambda: 1.0),
        on_error=lambda key, error, failures, wait: heard.append((key, str(error), failures, wait)),
    )
    times: list[float] = []

    def fail(_: str) -> None:
        times.append(clock.now() - 1000)
        if len(times) != 6:
            raise ValueError("boom")

    worker.result = fail
    async with running(queue, worker):
        queue.add("a")
        await clock.advance(100)
        assert times == [0, 1, 3, 7, 15, 23]  # the sixth is a success
        queue.add("a")
        await clock.advance(1)
        assert times[6:] == [100, 101]
    assert heard[:2] == [("a", "boom", 1, 1), ("a", "boom", 2, 2)]
    assert heard[5] == ("a", "boom", 1, 1)


async def test_a_failure_keeps_nobody_else_waiting(queue: KeyedQueue[str], worker: Worker) -> None:
    def fail(key: str) -> None:
        if key == "bad":
            raise RuntimeError(key)

    worker.result = fail
    async with running(queue, worker, workers=1):
        queue.add("bad")
        queue.add("good")
        await settle()
        assert worker.ended == ["bad", "good"]


async def test_the_servers_retry_after_is_kept(queue: KeyedQueue[str], worker: Worker, clock: FakeClock) -> None:
    def fail(_: str) -> None:
        raise TooManyRequests(429, "", "", None, 30)

    worker.result = fail
    async with running(queue, worker):
        queue.add("a")
        await clock.advance(29.9)
        assert worker.ended == ["a"]
        await clock.advance(0.2)
        assert worker.ended == ["a", "a"]


async def test_a_change_does_not_wait_for_the_backoff(queue: KeyedQueue[str], worker: Worker, clock: FakeClock) -> None:
    def fail(_: str) -> None:
        raise TooManyRequests(429, "", "", None, 30)

    worker.result = fail
    async with running(queue, worker):
        queue.add("a")
        await settle()
        queue.add("a")
        await settle()
        assert worker.ended == ["a", "a"]


async def test_forget_drops_waits_but_no_work(queue: KeyedQueue[str], worker: Worker, clock: FakeClock) -> None:
    queue.add_after("delayed", 5)
    queue.add("queued")
    for key in ("delayed", "queued", "unknown"):
        queue.forget(key)
    async with running(queue, worker):
        await clock.advance(100)
        assert worker.ended == ["queued"]


async def test_an_idle_queue_has_no_age_although_the_clock_runs_on() -> None:
    class Running(FakeClock):
        ticks = 0

        def now(self) -> float:
            self.ticks += 1
            return float(self.ticks)

    queue: KeyedQueue[str] = KeyedQueue(clock=Running())
    assert (queue.oldest_age(), queue.longest_run()) == (0, 0)


async def test_ages(queue: KeyedQueue[str], worker: Worker, clock: FakeClock) -> None:
    assert (queue.oldest_age(), queue.longest_run()) == (0, 0)
    worker.held = True
    async with running(queue, worker, workers=1):
        queue.add("a")
        await clock.advance(3)
        queue.add("b")
        await clock.advance(4)
        queue.add("c")
        assert (queue.longest_run(), queue.oldest_age()) == (7, 4)
        await worker.let_go("a")
        await clock.advance(2)
        assert (queue.longest_run(), queue.oldest_age()) == (2, 2)


async def test_stop_lets_the_present_work_end_and_takes_no_more(queue: KeyedQueue[str], worker: Worker) -> None:
    worker.held = True
    task = asyncio.create_task(queue.run(worker, 2))
    queue.add("a")
    await settle()
    queue.stop()
    queue.add("b")
    await settle()
    assert not task.done()
    await worker.let_go("a")
    await asyncio.wait_for(task, 5)
    assert worker.began == ["a"]


async def test_stop_before_start(queue: KeyedQueue[str], worker: Worker) -> None:
    queue.add("a")
    queue.stop()
    await asyncio.wait_for(queue.run(worker, 2), 5)
    assert worker.began == []


async def test_a_cancelled_run_ends_its_workers(queue: KeyedQueue[str], worker: Worker) -> None:
    worker.held = True
    async with running(queue, worker):
        queue.add("a")
        await settle()
    assert worker.ended == ["a"]
    assert queue.longest_run() == 0


async def test_settled_wishes_do_not_pile_up(queue: KeyedQueue[str], worker: Worker, clock: FakeClock) -> None:
    """A busy key that asks for a look in ten minutes leaves one wish behind with each run."""
    worker.result = lambda _: 600
    async with running(queue, worker):
        for _ in range(500):
            queue.add("a")
            await clock.advance(0.1)
    assert len(worker.ended) == 500
    assert len(queue._heap) < 100
    assert clock.timers <= 1


async def test_the_observer_hears_all(clock: FakeClock, worker: Worker) -> None:
    heard: list[object] = []

    class Observer:
        def added(self) -> None:
            heard.append("added")

        def started(self, waited: float) -> None:
            heard.append(("started", waited))

        def finished(self, worked: float) -> None:
            heard.append(("finished", worked))

        def retried(self) -> None:
            heard.append("retried")

    def fail(_: str) -> None:
        raise ValueError

    queue: KeyedQueue[str] = KeyedQueue(clock=clock, observer=Observer())
    worker.result = fail
    queue.add("a")
    queue.add("a")
    await clock.advance(2)
    async with running(queue, worker):
        await settle()
    assert heard == ["added", ("started", 2), "retried", ("finished", 0)]
