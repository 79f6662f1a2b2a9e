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
