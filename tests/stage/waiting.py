"""Waiting for what must come true, bounded, with an answer that tells what was seen last."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Generous on purpose: two busy cores must not fail a test. A test that passes waits only as long as it has to.
PATIENCE = 60.0


def eventually(
    probe: Callable[[], T], what: str = "", *, within: float = PATIENCE, seen: Callable[[], object] | None = None
) -> T:
    """The first true answer of `probe`; an assertion that fails or a field that is missing inside it is "not yet".

    `seen` is asked once, when the time is up: what it answers is put into the message.
    """
    end = time.monotonic() + within
    pause = 0.02
    last: object = None
    while True:
        try:
            answer = probe()
        except (AssertionError, LookupError) as problem:
            last = repr(problem) if isinstance(problem, LookupError) else problem
        else:
            if answer:
                return answer
            last = answer
        if time.monotonic() > end:
            state = f"; seen: {seen()}" if seen else ""
            raise AssertionError(f"{what or 'it'} did not come true within {within:.0f} s: {last!s}{state}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.3)


def steady(probe: Callable[[], T], *, quiet: float, within: float = PATIENCE) -> T:
    """The answer of `probe` once it has stayed the same for `quiet` seconds: how "nothing more happens" is asked."""
    end = time.monotonic() + within
    last = probe()
    since = time.monotonic()
    while time.monotonic() - since < quiet:
        time.sleep(0.1)
        now = probe()
        if now != last:
            last, since = now, time.monotonic()
        if time.monotonic() > end:
            raise AssertionError(f"it did not come to rest within {within:.0f} s; last: {last!s}")
    return last
