"""The checks of health that know the engine: is a worker stuck, does work pile up, is a watch silent?

An API server that is away must not get the operator killed: the liveness probe asks only for what a restart can mend (a
worker that never ends), readiness tells the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from registry_operator.engine.informer import Informer
from registry_operator.engine.queue import KeyedQueue
from registry_operator.observe.health import Check


def stuck_worker(queue: KeyedQueue[Any], limit: float = 600) -> Check:
    """One reconciliation runs for longer than all its timeouts together."""

    def check() -> str | None:
        seconds = queue.longest_run()
        return f"a worker has been at one key for {seconds:.0f} s" if seconds > limit else None

    return check


def pile_up(queue: KeyedQueue[Any], leading: Callable[[], bool], limit: float = 300) -> Check:
    """A key has waited too long for a worker. Only on the leader: a standby's queue waits by design."""

    def check() -> str | None:
        seconds = queue.oldest_age()
        if seconds <= limit or not leading():
            return None
        return f"{queue.depth} keys wait, the oldest for {seconds:.0f} s"

    return check


def informers(many: Sequence[Informer[Any]], limit: float = 180) -> Check:
    """An informer has no first list, can read nothing, or has been silent for longer than bookmarks allow.

    One namespace of several that refuses is no reason: the others are served, and a rollout must not hang on it.
    """

    def check() -> str | None:
        for informer in many:
            if not informer.synced.is_set() or informer.blind:
                return informer.trouble or f"{informer.kind}: not listed yet"
            silence = informer.clock.now() - informer.last_activity
            if silence > limit:
                return informer.trouble or f"{informer.kind}: silent for {silence:.0f} s"
        return None

    return check
