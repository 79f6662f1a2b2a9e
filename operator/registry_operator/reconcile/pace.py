"""How long a status that is not urgent waits for a better one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry_operator.reconcile.registry_cache import Key
from registry_operator.status.urgency import same, troubles, urgent

LASTING_SECONDS = 5.0
"""A trouble that came or went is told when it has lasted for that long: somebody will act on it."""
LONGEST_SECONDS = 20.0
"""How far a start has got is told that late: when a thousand start at once, telling it keeps them from going on. (Less
than 30 s, after which whoever looks may expect to see how it is.)"""

Status = Mapping[str, Any]


@dataclass(slots=True)
class _Held:
    status: Status
    since: float
    first: float


class Pace:
    """The statuses that wait, by Registry. Lost at a restart, after which each begins to wait anew."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._held: dict[Key, _Held] = {}

    def wait(self, key: Key, old: Status, new: Status) -> float | None:
        """Seconds after which to look again before `new` is written; None: it is to be written now."""
        if urgent(old, new):
            return None
        now = self._now()
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(new, now, now)
        elif not same(held.status, new):
            held.status, held.since = new, now
        due = held.first + LONGEST_SECONDS
        if troubles(old) != troubles(new):
            due = min(due, held.since + LASTING_SECONDS)
        left = due - now
        return left if left > 0 else None

    def written(self, key: Key) -> None:
        """Nothing waits any more: it was written, is there already, or is of no Registry."""
        self._held.pop(key, None)
