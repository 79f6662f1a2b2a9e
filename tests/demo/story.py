"""Tells a person what happens: numbered steps, the commands behind them, and what came of each."""

from __future__ import annotations

import time


class Story:
    """Prints the steps."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._step = 0
        self._start = time.monotonic()

    def step(self, title: str) -> None:
        self._step += 1
        spent = time.monotonic() - self._start
        print(f"\n[{self._step}/{self._steps}, {spent:.0f} s] {title}", flush=True)

    def command(self, line: str) -> None:
        """What a person would type."""
        print(f"  $ {line}", flush=True)

    def result(self, text: str) -> None:
        for line in text.strip().splitlines():
            print(f"    {line}", flush=True)

    def plain(self, text: str) -> None:
        print(text, flush=True)
