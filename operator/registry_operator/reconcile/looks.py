"""Tries what a Registry is to log in with elsewhere: before a pod gets it, and again and again while pods use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from registry_operator.engine.poller import PART, WISHED, Poller
from registry_operator.reconcile.registry_cache import Key

Q = TypeVar("Q")
A = TypeVar("A")


class Looks(Generic[Q, A]):
    """The operator's own looks at one sort of servers."""

    def __init__(
        self,
        ask: Callable[[Q], Awaitable[A]],
        good: Callable[[A], bool],
        on_change: Callable[[Key], None],
        *,
        interval: float,
        concurrency: int,
    ) -> None:
        self._poller: Poller[Key, Q, A] = Poller(
            ask,
            rank=lambda answer: WISHED if good(answer) else PART,
            on_change=on_change,
            interval=interval,
            concurrency=concurrency,
        )

    def answer(self, key: Key, question: Q, *, calm: bool) -> A | None:
        """The believed answer; None until there is one. The key is on the queue when it comes or changes.

        `calm`: nobody waits for it.
        """
        self._poller.want(key, question, calm=calm)
        return self._poller.answer(key)

    def drop(self, key: Key) -> None:
        """Look no more for this Registry."""
        self._poller.drop(key)

    async def close(self) -> None:
        await self._poller.close()
