"""How long to wait after a failure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Exponential with full jitter: a random part of base, 2*base, 4*base … up to the cap.

    Full jitter, not a few per cent of it: after an outage of the API server a thousand keys fail in the same
    second, and only a wait that is random over its whole range spreads them.
    """

    base: float = 0.05
    cap: float = 60.0
    random: Callable[[], float] = random.random

    def after(self, failures: int, error: BaseException | None = None) -> float:
        """Seconds to wait after that many failures in a row, and never less than the error's `retry_after`."""
        wait = self.random() * min(self.cap, self.base * 2.0 ** min(failures - 1, 32))
        # The jitter is added: everyone who was told the same number of seconds must not be back in the same one.
        return wait + (getattr(error, "retry_after", None) or 0.0)


class Series:
    """Failures that follow each other without a success.

    A run that fails at a step at which none of the series failed before got further than they did, or elsewhere: that
    counts as a first failure. Else a chain of ten writes, of which each fails once in an outage, would wait for minutes
    at the last of them. A step is what the error says in `step`; steps can't alternate for ever without being known.
    """

    __slots__ = ("_steps", "failures")

    def __init__(self) -> None:
        self.failures = 0
        self._steps: set[str] = set()

    def add(self, error: BaseException) -> int:
        """Take note of a failure; returns which one in a row it is."""
        step = getattr(error, "step", None)
        fresh = step is not None and step not in self._steps
        if step is not None:
            self._steps.add(step)
        self.failures = 1 if fresh else self.failures + 1
        return self.failures
