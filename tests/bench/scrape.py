"""What the operator tells by its metrics."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from tests.bench.watcher import GaveUp
from tests.stage.process import Operator


class Scrape:
    """One look at the metrics page at a time."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._values: dict[str, float] = {}

    def look(self) -> bool:
        """Read the page; whether there is one."""
        code, text = self._operator.http("/metrics", metrics=True)
        self._values = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._values[sample.name] = self._values.get(sample.name, 0.0) + sample.value
        return code == 200

    @property
    def reconciled(self) -> float:
        return self._values.get("controller_runtime_reconcile_total", 0.0)

    @property
    def is_empty(self) -> bool:
        """Whether no key waits and none is worked on."""
        names = ("workqueue_depth", "workqueue_longest_running_processor_seconds")
        return not any(self._values.get(name, 0.0) for name in names)

    def wait(self, holds: Callable[[], bool], within: float, what: str) -> None:
        """Look until it holds; raises GaveUp."""
        end = time.monotonic() + within
        while not (self.look() and holds()):
            if (code := self._operator.exited()) is not None:
                raise GaveUp(f"the operator ended by itself with {code}: {self._operator.tail(3)}")
            if time.monotonic() > end:
                raise GaveUp(f"{what}: not within {within:.0f} s ({self.reconciled:.0f} reconciliations)")
            time.sleep(0.2)
