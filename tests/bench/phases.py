"""What is measured of the operator, one function for each; all of them on the same objects, in the order of `run.py`.

A phase that reaches its time limit raises GaveUp; what it had learnt until then is told with that.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from tests.bench import meter
from tests.bench.arena import Arena
from tests.bench.audit import Entry, count, each
from tests.bench.floor import create_all
from tests.bench.meter import Stopwatch
from tests.bench.numbers import spread
from tests.bench.plain import IN_FLIGHT
from tests.bench.scrape import Scrape
from tests.bench.watcher import GaveUp
from tests.bench.workloads import is_ready
from tests.stage.process import Operator

Object = dict[str, Any]
QUIET = 10.0  # seconds without a request but Leases and watches: the operator is at rest


@dataclass
class Subject:
    """The operator under measurement and its objects."""

    arena: Arena
    operator: Operator
    size: int
    limit: float  # seconds for each phase
    idle: float
    entries: list[Entry] = field(default_factory=list)
    """What was asked since the phase began, as far as it was looked at."""

    def begin(self) -> Stopwatch:
        """Start the clocks of a phase."""
        self.look()
        self.entries.clear()
        return Stopwatch(self.arena.processes | {"operator": self.operator.pid})

    def look(self) -> list[Entry]:
        self.entries += self.arena.audit.take()
        return self.entries

    def rest(self, within: float) -> float:
        """Wait until nothing is asked any more; the time of the last request, seconds since the epoch."""
        end = time.monotonic() + within
        while True:
            asked = [entry.at for entry in self.look() if busy(entry)]
            last = max(asked, default=0.0)
            if time.time() - last > QUIET:
                return last
            if time.monotonic() > end:
                raise GaveUp(f"the operator did not come to rest within {within:.0f} s")
            time.sleep(0.5)


def busy(entry: Entry) -> bool:
    """Whether a request tells of work. Looking for kinds that the cluster lacks never ends; it is told at rest."""
    looking = entry.resource.startswith("/api") or (entry.verb == "list" and entry.code == 404)
    return entry.verb != "watch" and not entry.lease and not looking


def start(subject: Subject) -> Object:
    """The operator alone, without an object."""
    subject.operator.start()
    subject.rest(subject.limit)
    return meter.memory_mib(subject.operator.pid)


def converge(subject: Subject) -> Object:
    """All created at once → all Ready, and the operator at rest."""
    arena, size = subject.arena, subject.size
    watch = subject.begin()
    ready = arena.watcher.all_of(arena.workload.kind, arena.keys(size), is_ready)
    began = time.monotonic()
    result: Object = {}
    try:
        arena.watcher.do(create_all(arena, size), subject.limit)
        result["created_seconds"] = watch.seconds
        seen = ready.wait(subject.limit - watch.seconds, "Registries Ready")
        result |= {"seconds": watch.seconds, "half_seconds": round(seen[size // 2] - began, 2)}
        result |= {
            "reconciliations_each": _reconciliations(subject),
            "cpu_seconds": watch.cpu(),
            "cpu_ms_each": round(watch.cpu()["operator"] * 1000 / size, 1),
        }
        subject.rest(60 + subject.limit - watch.seconds)
        result["rest_seconds"] = watch.seconds
    except GaveUp as problem:
        result["gave_up"] = str(problem)
        result["ready"] = len(ready.seen)
    asked = subject.look()
    result |= {"memory": meter.memory_mib(subject.operator.pid), **_told(asked, size)}
    return result


def _reconciliations(subject: Subject) -> float:
    """How many for each object since the operator was started."""
    scrape = Scrape(subject.operator)
    scrape.look()
    return round(scrape.reconciled / subject.size, 2)


def _told(asked: list[Entry], size: int) -> Object:
    """The requests of a phase: sums for one Registry, and by verb and kind."""
    reads = count(asked, lambda entry: busy(entry) and not entry.write)
    writes = count(asked, lambda entry: entry.write)
    refused = count(asked, lambda entry: busy(entry) and entry.code >= 400 and entry.code != 404)
    return {
        "writes_each": round(sum(writes.values()) / size, 2),
        "reads_each": round(sum(reads.values()) / size, 2),
        "requests": each(writes | reads, size),
        "refused": refused,
    }


def idle(subject: Subject) -> Object:
    """Nothing happens: what is asked all the same, and what it costs. (The probes of the registries go on.)"""
    subject.rest(subject.limit)
    watch = subject.begin()
    while watch.seconds < subject.idle:
        time.sleep(min(5.0, max(0.0, subject.idle - watch.seconds)))
    asked, seconds = list(subject.look()), watch.seconds
    others = [entry for entry in asked if not entry.lease]
    return {
        "seconds": seconds,
        "writes": sum(entry.write for entry in asked),
        "requests": len(others),
        "requests_per_second": round(len(others) / seconds, 3),
        "lease_requests": len(asked) - len(others),
        "by_kind": count(others),
        "cpu_seconds": watch.cpu()["operator"],
        "cpu_percent": round(100 * watch.cpu()["operator"] / seconds, 2),
        "memory": meter.memory_mib(subject.operator.pid),
    }


def restart(subject: Subject) -> Object:
    """SIGTERM and a fresh start with all objects in place → each looked at once, and at rest."""
    ended = subject.begin()
    subject.operator.stop()
    result: Object = {"stop_seconds": ended.seconds}
    began = time.time()
    subject.operator.start(wait=False)
    watch = subject.begin()
    scrape = Scrape(subject.operator)
    scrape.wait(
        lambda: scrape.reconciled >= subject.size and scrape.is_empty, subject.limit, "every Registry looked at"
    )
    result["seconds"] = watch.seconds
    result["cpu_seconds"] = watch.cpu()["operator"]
    subject.rest(subject.limit)
    result["reconciliations_each"] = _reconciliations(subject)
    asked = subject.look()
    last = max((entry.at for entry in asked if busy(entry)), default=began)
    return result | {
        "last_request_seconds": round(last - began, 2),
        "writes": sum(entry.write for entry in asked),
        "requests": count(asked, busy),
        "memory": meter.memory_mib(subject.operator.pid),
    }


def delete_all(subject: Subject) -> Object:
    """All deleted at once → all gone, and the operator at rest. (The children are the garbage collector's work.)"""
    arena, size = subject.arena, subject.size
    watch = subject.begin()
    gone = arena.watcher.all_of(arena.workload.kind, arena.keys(size), lambda found: found is None)
    arena.watcher.do(_delete(arena, size), subject.limit)
    result: Object = {"deleted_seconds": watch.seconds}
    gone.wait(subject.limit, "Registries gone")
    result["seconds"] = watch.seconds
    children = _children_gone(subject, subject.limit)
    result["children_seconds"] = watch.seconds if children == 0 else None
    if children:
        result["gave_up"] = f"{children} children were left after {watch.seconds:.0f} s"
    result |= {"cpu_seconds": watch.cpu()["operator"], **_told(subject.look(), size)}
    return result | {"memory": meter.memory_mib(subject.operator.pid)}


async def _delete(arena: Arena, size: int) -> None:
    waiting = iter(arena.keys(size))

    async def work() -> None:
        for team, name in waiting:
            await arena.watcher.client.delete(arena.workload.kind, team, name)

    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())


def _children_gone(subject: Subject, within: float) -> int:
    """How many of the children that the bench watches are left at the end."""
    end = time.monotonic() + within
    while (left := subject.arena.watcher.left()) and time.monotonic() < end:
        time.sleep(0.2)
    return left


def summary(samples: list[float], failures: int) -> Object:
    """The times of repeated measurements, and how many of them were never seen."""
    return spread(samples) | ({"gave_up": f"{failures} were not seen in time"} if failures else {})
