"""One run: for each size the floor, then the operator, each on a fresh control plane; kept on disk after each phase."""

from __future__ import annotations

import json
import subprocess
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import floor, latencies, meter, phases
from tests.bench.arena import ROOT, Arena, arena
from tests.bench.phases import Subject
from tests.bench.watcher import GaveUp
from tests.bench.workloads import WORKLOADS

Object = dict[str, Any]
VERSIONS = {"kubernetes": "k8s.io/kubernetes", "cert-manager": "github.com/cert-manager/cert-manager"}


@dataclass(frozen=True)
class Options:
    """What is measured, and how long it may take."""

    sizes: tuple[int, ...]
    workload: str
    idle: float  # seconds
    samples: int  # edits; of what is done beside it a third
    minutes: float  # for the whole run: what had not begun by then is told as not run
    out: Path

    @property
    def some(self) -> int:
        return -(-self.samples // 3)

    def limit(self, size: int) -> float:
        """Seconds that a phase may take: five minutes, and for each object six times the floor that others measured."""
        return 300 + 0.25 * size


class Run:
    """The results of one run, on disk from the first phase on."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._end = time.monotonic() + options.minutes * 60
        self._workload = WORKLOADS[options.workload]
        told = {**asdict(options), "out": options.out.name, "sizes": list(options.sizes)}
        self.results: Object = {"made": {**made(), "options": told}, "sizes": {}}

    def all(self) -> Object:
        for size in self._options.sizes:
            say(f"=== {size} Registries ({self._options.workload})")
            result: Object = {}
            self.results["sizes"][str(size)] = result
            self._floor(size, result)
            self._operator(size, result)
        self.results["made"] |= {"finished": datetime.now(UTC).isoformat(timespec="seconds"), "commit_at_end": commit()}
        self._keep()
        return self.results

    def _floor(self, size: int, result: Object) -> None:
        def measure() -> Object:
            with arena(self._workload) as made:
                recording = floor.record(made)
                return floor.measure(made, recording, size, self._options.limit(size))

        self._phase(result, "floor", measure)

    def _operator(self, size: int, result: Object) -> None:
        try:
            with arena(self._workload) as made:
                made.furnish(size)
                self._phases(made, size, result)
        except Exception as problem:
            result["failed"] = f"{type(problem).__name__}: {problem}"
            say(traceback.format_exc())
        self._keep()

    def _phases(self, made: Arena, size: int, result: Object) -> None:
        options = self._options
        subject = Subject(made, made.operator(), size, options.limit(size), options.idle)

        def watched(name: str, step: Callable[[], Object]) -> Object:
            before = len(made.ends)
            found = self._phase(result, name, step)
            if ends := made.ends[before:]:
                found["ended_by_itself"] = ends
                say(f"    {ends}")
            return found

        watched("empty", lambda: phases.start(subject))
        converged = watched("converge", lambda: phases.converge(subject))
        if "gave_up" in converged:
            say("the other phases need Registries that are Ready: not run")
            return
        steps: dict[str, Callable[[], Object]] = {
            "idle": lambda: phases.idle(subject),
            "edit": lambda: latencies.edit(subject, options.samples),
            "deleted_child": lambda: latencies.deleted_child(subject, options.some),
            "noisy_neighbour": lambda: latencies.noisy_neighbour(subject, options.some),
            "renewals": lambda: latencies.renewals(subject),
            "restart": lambda: phases.restart(subject),
            "leader_killed": lambda: latencies.leader_killed(subject),
            "delete_all": lambda: phases.delete_all(subject),
        }
        for name, step in steps.items():
            watched(name, step)

    def _phase(self, result: Object, name: str, measure: Callable[[], Object]) -> Object:
        """One phase; whatever goes wrong with it is told, and the next one is tried."""
        if time.monotonic() > self._end:
            result[name] = {"gave_up": f"not run: the {self._options.minutes:.0f} minutes of the run were over"}
            return result[name]  # type: ignore[no-any-return]
        began = time.monotonic()
        try:
            found = measure()
        except GaveUp as problem:
            found = {"gave_up": str(problem)}
        except Exception as problem:
            found = {"gave_up": f"{type(problem).__name__}: {problem}".partition("\n")[0][:300]}
            say(traceback.format_exc())
        result[name] = found
        say(f"--- {name} ({time.monotonic() - began:.0f} s): {json.dumps(found)}")
        self._keep()
        return found

    def _keep(self) -> None:
        self._options.out.parent.mkdir(parents=True, exist_ok=True)
        self._options.out.write_text(json.dumps(self.results, indent=1) + "\n")


def made() -> Object:
    """When, where and of what."""
    required = (ROOT / "tests/cluster/programs/go.mod").read_text().split()
    versions = {name: required[required.index(module) + 1] for name, module in VERSIONS.items()}
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {"date": date, "commit": commit(), "versions": versions, "machine": meter.machine()}


def commit() -> str:
    """What is measured; asked again at the end, since each start of the operator reads the sources anew."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def say(text: str) -> None:
    print(text, flush=True)
