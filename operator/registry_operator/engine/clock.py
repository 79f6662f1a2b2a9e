"""Time as the engine sees it, so that tests move it by hand instead of waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Keep it from happening."""
        ...


class Clock(Protocol):
    """Monotonic seconds, and calls at a later second."""

    def now(self) -> float:
        """Seconds since some moment in the past."""
        ...

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call it after `seconds` unless it is cancelled."""
        ...


class LoopClock:
    """The running event loop's clock."""

    def now(self) -> float:
        return time.monotonic()

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, call)


async def sleep(clock: Clock, seconds: float) -> None:
    """Wait until `seconds` have passed on this clock."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ring() -> None:
        if not done.done():
            done.set_result(None)

    timer = clock.call_later(seconds, ring)
    try:
        await done
    finally:
        timer.cancel()
