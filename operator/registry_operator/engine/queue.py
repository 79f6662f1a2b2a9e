"""The work queue: keys in, one worker at a time for each key, and nothing is ever lost or done twice at once.

The rules are those of client-go's workqueue. A key is queued at most once and runs at most once; an `add` while it runs
makes it run again afterwards, since that run may have read the state before the change. Every operation is O(1), or
O(log n) for delays.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, Protocol, TypeVar

from registry_operator.engine.backoff import Backoff, Series
from registry_operator.engine.clock import Clock, LoopClock, Timer

K = TypeVar("K", bound=Hashable)


class QueueObserver(Protocol):
    """What metrics want to know."""

    def added(self) -> None:
        """A key was put on the queue."""
        ...

    def started(self, waited: float) -> None:
        """A worker took a key that had waited for so long."""
        ...

    def finished(self, worked: float) -> None:
        """A worker is done with a key, well or badly."""
        ...

    def retried(self) -> None:
        """A key failed and will be tried again."""
        ...


class KeyedQueue(Generic[K]):
    """Keys to work on, now or later."""

    def __init__(
        self,
        *,
        backoff: Backoff | None = None,
        clock: Clock | None = None,
        on_error: Callable[[K, Exception, int, float], None] | None = None,
        observer: QueueObserver | None = None,
    ) -> None:
        """`on_error` gets the key, the error, its number in a `Series` and the seconds until the next try."""
        self._backoff = backoff or Backoff()
        self._clock = clock or LoopClock()
        self._on_error = on_error
        self._observer = observer
        self._order: asyncio.Queue[K | None] = asyncio.Queue()  # None tells an idle worker to stop
        self._queued: dict[K, float] = {}  # since when; the order of insertion is the order of age
        self._running: dict[K, float] = {}
        self._dirty: set[K] = set()
        self._failures: dict[K, Series] = {}
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._ticket = itertools.count()
        self._timer: tuple[float, Timer] | None = None
        self._workers = 0
        self._stopping = False

    def add(self, key: K) -> None:
        """Work on `key` as soon as a worker is free."""
        if key in self._running:
            self._dirty.add(key)
        elif key not in self._queued:
            self._queued[key] = self._clock.now()
            self._order.put_nowait(key)
            if self._observer:
                self._observer.added()

    def add_after(self, key: K, seconds: float) -> None:
        """Work on `key` no later than in `seconds`: of several such wishes the earliest counts, and a run that
        starts earlier for another reason settles them all. A worker that needs a later look returns the seconds."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.now() + seconds
        if due < self._due.get(key, float("inf")):
            self._due[key] = due
            heapq.heappush(self._heap, (due, next(self._ticket), key))
            if len(self._heap) > 2 * len(self._due) + 64:  # a busy key leaves a settled wish behind with each run
                self._heap = [item for item in self._heap if self._due.get(item[2]) == item[0]]
                heapq.heapify(self._heap)
            self._arm()

    def forget(self, key: K) -> None:
        """Its past failures and its delayed wishes no longer count; what is queued or running stays."""
        self._failures.pop(key, None)
        self._due.pop(key, None)

    async def run(self, worker: Callable[[K], Awaitable[float | None]], workers: int) -> None:
        """Work until `stop()`. The worker returns the seconds until the next look, or None; what it raises is
        retried with a growing wait."""
        self._workers = workers
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(worker))

    def stop(self) -> None:
        """Take no more keys; `run` returns when those in work are done. (To end those too, cancel `run`.)"""
        if not self._stopping:
            self._stopping = True
            for _ in range(self._workers):
                self._order.put_nowait(None)

    @property
    def depth(self) -> int:
        """How many keys wait for a worker now."""
        return len(self._queued)

    def oldest_age(self) -> float:
        """How many seconds the key that has waited longest is waiting for a worker."""
        now = self._clock.now()
        return now - next(iter(self._queued.values()), now)

    def longest_run(self) -> float:
        """How many seconds the longest of the present runs has taken."""
        now = self._clock.now()  # read once: of two readings a real clock makes an idle queue look busy
        return now - next(iter(self._running.values()), now)

    async def _work(self, worker: Callable[[K], Awaitable[float | None]]) -> None:
        while not self._stopping:
            key = await self._order.get()
            if key is None or self._stopping:
                return
            self._start(key)
            again: float | None = None
            try:
                again = await worker(key)
                self._failures.pop(key, None)
            except Exception as error:  # whatever it is, the other keys go on
                again = self._failed(key, error)
            finally:
                self._finish(key)
            if again is not None:
                self.add_after(key, again)

    def _start(self, key: K) -> None:
        now = self._clock.now()
        since = self._queued.pop(key)
        self._running[key] = now
        self._due.pop(key, None)
        if self._observer:
            self._observer.started(now - since)

    def _finish(self, key: K) -> None:
        since = self._running.pop(key)
        if self._observer:
            self._observer.finished(self._clock.now() - since)
        if key in self._dirty:
            self._dirty.discard(key)
            self.add(key)

    def _failed(self, key: K, error: Exception) -> float:
        failures = self._failures.setdefault(key, Series()).add(error)
        wait = self._backoff.after(failures, error)
        if self._observer:
            self._observer.retried()
        if self._on_error:
            self._on_error(key, error, failures, wait)
        return wait

    def _arm(self) -> None:
        """Set the one timer to the earliest due time."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)  # settled, forgotten or replaced by an earlier wish
        if not self._heap:
            return
        due = self._heap[0][0]
        if self._timer is not None:
            if self._timer[0] <= due:
                return
            self._timer[1].cancel()
        self._timer = (due, self._clock.call_later(due - self._clock.now(), self._ring))

    def _ring(self) -> None:
        self._timer = None
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                self.add(key)
        self._arm()
