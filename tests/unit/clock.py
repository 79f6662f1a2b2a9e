"""A clock that only a test moves, and a way to let the event loop come to rest."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable


async def settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(50):
        await asyncio.sleep(0)


class FakeTimer:
    """A call that the clock still owes."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    """`registry_operator.engine.clock.Clock` for tests."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._ticket = itertools.count()

    def now(self) -> float:
        return self.time

    def call_later(self, seconds: float, call: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(call)
        heapq.heappush(self._timers, (self.time + seconds, next(self._ticket), timer))
        return timer

    @property
    def timers(self) -> int:
        """How many calls are still due."""
        return sum(not timer.cancelled for _, _, timer in self._timers)

    async def advance(self, seconds: float) -> None:
        """Move on, making the calls that are due on the way in their order."""
        await settle()
        end = self.time + seconds
        while self._timers and self._timers[0][0] <= end:
            due, _, timer = heapq.heappop(self._timers)
            self.time = max(self.time, due)
            if not timer.cancelled:
                timer.call()
                await settle()
        self.time = end
        await settle()
