"""Clients that never rest: what of their requests fails while something is changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import TracebackType

from tests.e2e.managed import PATIENCE, Managed
from tests.stage.waiting import eventually
from tests.talk import Talk

LAYER = 200_000


class Traffic:
    """`with`: pushes and pulls by plain clients that try nothing twice, and by skopeo, each over and over."""

    def __init__(self, images: Managed) -> None:
        reached = images.access()
        self._images = images
        self._talk = Talk(reached.address, 443, (reached.username, reached.password), reached.ca)
        self._over = threading.Event()
        self._layer = os.urandom(LAYER)
        self.failures: list[str] = []
        self.good = {"push": 0, "pull": 0, "skopeo": 0}
        work = (("push", self._push), ("pull", self._pull), ("pull", self._pull), ("skopeo", self._skopeo))
        self._threads = [threading.Thread(target=self._run, args=each, daemon=True) for each in work]

    def __enter__(self) -> Traffic:
        self._talk.push("traffic/pulled", "1", self._layer)
        for thread in self._threads:
            thread.start()
        self.flows()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(150)
        print(f"good: {self.good}; failed: {len(self.failures)}")

    def flows(self) -> None:
        """Wait until each client has had a success after now."""
        before = dict(self.good)
        eventually(
            lambda: all(self.good[what] > count for what, count in before.items()),
            "a push and a pull",
            within=PATIENCE,
            seen=lambda: self.failures,
        )

    def _run(self, what: str, work: Callable[[], None]) -> None:
        while not self._over.is_set():
            try:
                work()
            except Exception as error:  # whatever it is, a client would have seen it
                self.failures.append(f"{what}: {error!r}")
            else:
                self.good[what] += 1

    def _push(self) -> None:
        self._talk.push("traffic/pushed", "1", os.urandom(LAYER))

    def _pull(self) -> None:
        if self._talk.pull("traffic/pulled", "1") != self._layer:
            raise AssertionError("another layer than the one that was pushed")

    def _skopeo(self) -> None:
        self._images.push("traffic/copied:1")
        self._images.digest("traffic/copied:1", check=True)
