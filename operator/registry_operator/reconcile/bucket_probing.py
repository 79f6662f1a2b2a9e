"""Tries the keys of buckets: before a pod gets them, and again and again while pods use them."""

from __future__ import annotations

from collections.abc import Callable

from registry_operator.engine.poller import PART, WISHED, Poller
from registry_operator.reconcile.registry_cache import Key
from registry_operator.registry import s3
from registry_operator.registry.s3 import Access, Answer, Question


class Buckets:
    """The operator's own look at the buckets whose keys it knows."""

    def __init__(self, on_change: Callable[[Key], None], *, interval: float, concurrency: int) -> None:
        self._poller: Poller[Key, Question, Answer] = Poller(
            s3.look,
            rank=lambda answer: WISHED if answer.access is Access.OPEN else PART,
            on_change=on_change,
            interval=interval,
            concurrency=concurrency,
        )

    def answer(self, key: Key, question: Question, *, in_use: bool) -> Answer | None:
        """The believed answer; None until there is one. The key is on the queue when it comes or changes.

        `in_use`: pods have these keys, so that nobody waits for the answer.
        """
        self._poller.want(key, question, calm=in_use)
        return self._poller.answer(key)

    def drop(self, key: Key) -> None:
        """Look no more for this Registry."""
        self._poller.drop(key)

    async def close(self) -> None:
        await self._poller.close()
