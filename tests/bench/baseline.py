"""The stored results that a run is compared with. The comparison prints and judges nobody: times depend on the day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.numbers import flat

FILE = Path(__file__).with_name("baseline.json")
Object = Mapping[str, Any]

# Figures that are compared, all of them better when smaller: path (within a size) → what is noise, as a factor and in
# the figure's own unit. Counts have no noise; times have much.
NOISE: dict[str, tuple[float, float]] = {
    "converge.ratio": (1.1, 0.05),
    "converge.seconds": (1.25, 2),
    "converge.writes_each": (1.0, 0.05),
    "converge.reads_each": (1.0, 0.1),
    "converge.cpu_ms_each": (1.15, 1),
    "converge.memory.rss_mib": (1.05, 3),
    "converge.memory.peak_mib": (1.05, 3),
    "idle.writes": (1.0, 0),
    "idle.requests_per_second": (1.1, 0.01),
    "idle.cpu_percent": (1.25, 0.2),
    "edit.p50_ms": (1.25, 5),
    "edit.p99_ms": (1.5, 20),
    "deleted_child.p50_ms": (1.25, 5),
    "deleted_child.p99_ms": (1.5, 20),
    "noisy_neighbour.p50_ms": (1.25, 5),
    "noisy_neighbour.p99_ms": (1.5, 20),
    "renewals.seconds": (1.25, 2),
    "renewals.rolls_most": (1.0, 0),
    "restart.seconds": (1.25, 1),
    "restart.last_request_seconds": (1.25, 1),
    "restart.writes": (1.0, 0),
    "restart.cpu_seconds": (1.15, 1),
    "leader_killed.seconds": (1.25, 2),
    "delete_all.seconds": (1.25, 2),
}


def ratio(size: Object) -> float | None:
    """Time to converge by the floor's; None where one of them is not known."""
    floor, operator = (size.get(part, {}).get("seconds") for part in ("floor", "converge"))
    return round(operator / floor, 2) if floor and operator else None


def figures(size: Object) -> dict[str, float]:
    """The compared figures of one size."""
    found = flat(size)
    if (value := ratio(size)) is not None:
        found["converge.ratio"] = value
    return {path: found[path] for path in NOISE if path in found}


def by_name(results: Object) -> dict[str, Object]:
    """Workload and size → its phases."""
    workload = results["made"]["options"]["workload"]
    return {f"{workload} {size}": found for size, found in results["sizes"].items()}


def compare(results: Object, stored: Object) -> str:
    """Lines for what is worse than the baseline by more than noise, and for what is better."""
    lines = []
    for name, size in by_name(results).items():
        before = stored.get("figures", {}).get(name)
        if before is None:
            lines.append(f"{name}: no baseline")
            continue
        now = figures(size)
        worse = [_line(path, before[path], now[path]) for path in before if path in now and _over(path, before, now)]
        better = [_line(path, before[path], now[path]) for path in before if path in now and _over(path, now, before)]
        missing = [path for path in before if path not in now]
        lines.append(f"{name}: {len(worse)} worse, {len(better)} better than the baseline of {stored['date']}")
        lines += [f"  worse   {line}" for line in worse]
        lines += [f"  missing {path} (was {before[path]:g})" for path in missing]
        lines += [f"  better  {line}" for line in better]
    return "\n".join(lines)


def _over(path: str, before: Mapping[str, float], now: Mapping[str, float]) -> bool:
    factor, margin = NOISE[path]
    return now[path] > before[path] * factor + margin


def _line(path: str, before: float, now: float) -> str:
    return f"{path}: {before:g} → {now:g}"


def load() -> Object:
    found: Object = json.loads(FILE.read_text()) if FILE.exists() else {}
    return found


def store(results: Sequence[Object]) -> None:
    """Put the figures of these runs in the place of earlier ones of the same workloads and sizes."""
    kept: dict[str, Any] = dict(load().get("figures", {}))
    for each in results:
        kept |= {name: figures(size) for name, size in by_name(each).items()}
    made = results[-1]["made"]
    document = {"date": made["date"], "commit": made["commit"], "machine": made["machine"], "figures": kept}
    FILE.write_text(json.dumps(document, indent=1) + "\n")
