"""A worker for a queue, which ends its work when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from registry_operator.engine.queue import KeyedQueue
from tests.unit.clock import settle


class Worker:
    """Works on keys only when the test lets it, and notes what it did."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.ended: list[str] = []
        self.gates: dict[str, asyncio.Future[float | None]] = {}
        self.held = False
        self.result: Callable[[str], float | None] = lambda _: None

    async def __call__(self, key: str) -> float | None:
        assert key not in self.gates, "two runs of one key at once"
        self.began.append(key)
        try:
            if self.held:
                self.gates[key] = asyncio.get_running_loop().create_future()
                return await self.gates[key]
            return self.result(key)
        finally:
            self.gates.pop(key, None)
            self.ended.append(key)

    async def let_go(self, key: str, result: float | None = None) -> None:
        self.gates[key].set_result(result)
        await settle()


@asynccontextmanager
async def running(queue: KeyedQueue[str], worker: Worker, workers: int = 2) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.run(worker, workers))
    await settle()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
