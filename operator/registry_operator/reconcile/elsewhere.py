"""The servers that Registries use beside the cluster's: buckets, and registries that are cached."""

from __future__ import annotations

from collections.abc import Callable

from registry_operator.reconcile.looks import Looks
from registry_operator.reconcile.registry_cache import Key
from registry_operator.registry import s3, upstream


class Elsewhere:
    """What the operator itself tries there."""

    def __init__(self, on_change: Callable[[Key], None], *, interval: float, concurrency: int) -> None:
        self.buckets: Looks[s3.Question, s3.Answer] = Looks(
            s3.look,
            lambda answer: answer.access is s3.Access.OPEN,
            on_change,
            interval=interval,
            concurrency=concurrency,
        )
        self.upstreams: Looks[upstream.Question, upstream.Answer] = Looks(
            upstream.look,
            lambda answer: answer.access is upstream.Access.OPEN,
            on_change,
            interval=interval,
            concurrency=concurrency,
        )

    def drop(self, key: Key) -> None:
        """The Registry is gone."""
        self.buckets.drop(key)
        self.upstreams.drop(key)

    async def close(self) -> None:
        await self.buckets.close()
        await self.upstreams.close()
