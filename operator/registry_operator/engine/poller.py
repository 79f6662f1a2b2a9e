"""Asks the world outside the API server, again and again, and says when its answer has changed.

One task for each key, woken when its question changes; a shared budget of questions in flight.  An answer belongs to
the question that it answers: when the question changes, only what it `carries` over stays of it.  An answer that is
worse than what is believed is believed only when that has come several times in a row, so that one lost packet does not
flip a status; and so is one that nothing works, from what has only just begun to be asked.

Asking that fails by itself is a bug, and counts as a bad answer that says nothing: the polling goes on, and a good
answer of the past does not stay believed because nobody asks any more.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from registry_operator.engine.clock import Clock, LoopClock

K = TypeVar("K", bound=Hashable)
Q = TypeVar("Q")
A = TypeVar("A")
_LOG = logging.getLogger(__name__)

NOTHING, PART, WISHED = range(3)
"""How good an answer is."""
_PART_SECONDS = 10.0


@dataclass
class _Polled(Generic[Q, A]):
    question: Q
    answer: A | None = None
    bad: int = 0  # answers in a row that are not the wished one
    worse: int = 0  # answers in a row that are worse than the believed one
    woken: asyncio.Event = field(default_factory=asyncio.Event)  # by a new question, or by the time
    task: asyncio.Task[None] | None = None


class Poller(Generic[K, Q, A]):
    """Polls `ask(question)` for each key.

    `rank(answer)` is WISHED, PART or NOTHING: after the wished one the next question comes in `interval` seconds, else
    soon and then ever later.  `carried(old, new, answer)` is what an answer to the old question says on the new one.
    `ask` should not raise and must end by itself.  `on_change(key)` is called when the believed answer differs from the
    one before.
    """

    def __init__(
        self,
        ask: Callable[[Q], Awaitable[A]],
        *,
        rank: Callable[[A], int],
        on_change: Callable[[K], None],
        interval: float,
        concurrency: int,
        carried: Callable[[Q, Q, A], A | None] = lambda old, new, answer: None,
        patience: int = 3,
        first_retry: float = 1.0,
        jitter: Callable[[], float] = random.random,
        clock: Clock | None = None,
    ) -> None:
        self._ask = ask
        self._rank = rank
        self._carried = carried
        self._on_change = on_change
        self._interval = interval
        self._budget = asyncio.Semaphore(concurrency)
        self._patience = patience
        self._first_retry = first_retry
        self._jitter = jitter
        self._clock = clock or LoopClock()
        self._polled: dict[K, _Polled[Q, A]] = {}

    def want(self, key: K, question: Q, *, calm: bool = False) -> None:
        """Ask this for the key from now on; the same question again changes nothing.

        `calm`: there is no hurry to know it anew, so that a thousand first questions are spread over one interval.
        """
        polled = self._polled.get(key)
        if polled is None:
            polled = self._polled[key] = _Polled(question)
            pause = self._jitter() * self._interval if calm else 0.0
            polled.task = asyncio.create_task(self._poll(key, polled, pause), name=f"poll {key}")
        elif polled.question != question:
            before, polled.question, polled.bad, polled.worse = polled.question, question, 0, 0
            polled.answer = None if polled.answer is None else self._carried(before, question, polled.answer)
            polled.woken.set()

    def drop(self, key: K) -> None:
        """Ask no more for the key."""
        polled = self._polled.pop(key, None)
        if polled is not None and polled.task is not None:
            polled.task.cancel()

    def answer(self, key: K) -> A | None:
        """The believed answer to the present question; None until there is one."""
        polled = self._polled.get(key)
        return polled.answer if polled else None

    def asking(self, key: K) -> bool:
        """Whether there is a question for the key."""
        return key in self._polled

    async def close(self) -> None:
        """End every task."""
        tasks = [polled.task for polled in self._polled.values() if polled.task is not None]
        self._polled.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _poll(self, key: K, polled: _Polled[Q, A], pause: float) -> None:
        if pause:
            await self._wait(polled, pause)
        while True:
            async with self._budget:
                polled.woken.clear()
                question = polled.question
                answer = await self._answer(key, question)
            if question == polled.question:
                self._believe(key, polled, answer)
            await self._wait(polled, self._pause(polled))

    async def _answer(self, key: K, question: Q) -> A | None:
        try:
            return await self._ask(question)
        except Exception:
            _LOG.exception("asking about %s failed", key)
            return None

    def _believe(self, key: K, polled: _Polled[Q, A], answer: A | None) -> None:
        before, rank = polled.answer, self._ranked(answer, NOTHING)
        polled.bad = 0 if rank == WISHED else polled.bad + 1
        polled.worse = polled.worse + 1 if rank < self._ranked(before, PART) else 0
        if 0 < polled.worse < self._patience or answer == before:
            return
        polled.answer, polled.worse = answer, 0
        self._on_change(key)

    def _ranked(self, answer: A | None, unknown: int) -> int:
        return unknown if answer is None else self._rank(answer)

    def _pause(self, polled: _Polled[Q, A]) -> float:
        """Seconds until the next question: the interval after the wished answer, else 1, 2, 4 … up to it.

        Where a part works the rest is on its way, and somebody may wait for it.
        """
        pause, longest = self._interval, self._interval
        if polled.bad:
            pause = self._first_retry * 2.0 ** min(polled.bad - 1, 10)
            if self._ranked(polled.answer, NOTHING) == PART:
                longest = min(longest, _PART_SECONDS)
        return min(pause, longest) * (0.75 + self._jitter() / 2)

    async def _wait(self, polled: _Polled[Q, A], seconds: float) -> None:
        """Until that time is over, or the question has changed."""
        timer = self._clock.call_later(seconds, polled.woken.set)
        try:
            await polled.woken.wait()
        finally:
            timer.cancel()
