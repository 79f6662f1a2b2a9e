"""Records the reference runs: each workload twice, side by side, with nobody in the way."""

from __future__ import annotations

import time
from collections.abc import Iterable

from tests.faults import reference, strikes
from tests.faults.batch import Batch
from tests.faults.bench import Bench
from tests.faults.plan import MID_FLIGHT, Plan
from tests.faults.reference import Recorded, Reference
from tests.faults.results import Result
from tests.faults.run import Run

SETTLING = 300.0


class Recording(Batch):
    """A batch whose runs are the measure instead of being measured."""

    def play(self) -> list[Result]:
        self.recorded: dict[str, Reference] = {}
        try:
            self.operator.start()
            self._prepare()
            mark = self.operator.proxy.mark
            self._each(lambda run: run.workload.act(run.images))
            self._rest()
            if meddled := [run for run in self.runs if run.plan.what in MID_FLIGHT]:
                for run in meddled:
                    strikes.meddle(run)
                self._rest()
            self._agree(mark)
        finally:
            self._end()
        return []

    def _rest(self) -> None:
        time.sleep(1)
        began = time.monotonic()
        self.until(lambda: all(run.at_rest(self._options.rest) for run in self.runs), within=SETTLING)
        if time.monotonic() - began > SETTLING:
            late = {f"{run.plan.measure} ({run.unrest()})" for run in self.runs if not run.at_rest(self._options.rest)}
            print(f"not at rest: {', '.join(sorted(late))}", flush=True)

    def _agree(self, mark: int) -> None:
        by_measure: dict[str, list[Run]] = {}
        for run in self.runs:
            by_measure.setdefault(run.plan.measure, []).append(run)
        for measure, runs in by_measure.items():
            if trouble := [problem.text for run in runs for problem in run.problems]:
                print(f"no reference of {measure}: {trouble}", flush=True)
                continue
            if unrest := [run.images.seen() for run in runs if not run.at_rest(0)]:
                print(f"no reference of {measure}: it did not come to rest: {unrest[0]}", flush=True)
                continue
            found: list[Recorded] = [
                (
                    run.state(),
                    reference.history(run.chronicle, run.since),
                    reference.writes(self.operator.proxy.writes(mark, namespace=run.namespace)),
                )
                for run in runs
            ]
            samples = reference.samples(runs[0].chronicle, runs[0].namespace)
            self.recorded[measure] = reference.agreed(measure, found, samples, runs[0].workload.mask)


def record(bench: Bench, measures: Iterable[str]) -> dict[str, Reference]:
    """The references of workloads ("create-default"), or of workloads that are meddled with ("create-default+edit")."""
    found: dict[str, Reference] = {}
    wanted = list(measures)
    for start in range(0, len(wanted), 12):
        plans = []
        for measure in wanted[start : start + 12]:
            workload, _, what = measure.partition("+")
            plans += [Plan("reference", workload, what)] * 2
        batch = Recording(bench, plans)
        batch.play()
        found |= batch.recorded
    return found
