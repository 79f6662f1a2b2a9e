"""The sweeps: which plans there are, made from the references of all workloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from tests.faults.plan import ERRORS, MID_FLIGHT, Plan, at_writes
from tests.faults.reference import Reference
from tests.faults.strikes import CRASHES
from tests.faults.workloads import WORKLOADS

References = Mapping[str, Reference]
MEDDLED = tuple(workload.name for workload in WORKLOADS if not workload.name.startswith(("delete", "recreate")))


def _plain(references: References) -> Iterator[Reference]:
    return (references[workload.name] for workload in WORKLOADS if workload.name in references)


def errors(references: References) -> Iterator[Plan]:
    """F3: each write is refused once, in each way."""
    for reference in _plain(references):
        yield from at_writes("errors", reference, ERRORS)


def crashes(references: References) -> Iterator[Plan]:
    """F1: the process is killed before and after each write."""
    for reference in _plain(references):
        yield from at_writes("crashes", reference, CRASHES)


def lost(references: References) -> Iterator[Plan]:
    """F2: each write is done, and its answer is lost."""
    for reference in _plain(references):
        yield from at_writes("lost", reference, ["lost"])


def slow(references: References) -> Iterator[Plan]:
    """F4: each write takes 10 s, or hangs for a minute and is never done."""
    for reference in _plain(references):
        yield from at_writes("slow", reference, ["slow-10", "black-hole"])


def meddling(references: References) -> Iterator[Plan]:
    """F12: at each write the user edits the Registry, deletes it, or makes it anew."""
    for name in MEDDLED:
        if name in references:
            yield from at_writes("meddling", references[name], MID_FLIGHT)


SWEEPS: dict[str, Callable[[References], Iterable[Plan]]] = {
    "errors": errors,
    "crashes": crashes,
    "lost": lost,
    "slow": slow,
    "meddling": meddling,
}
"""By name, in the order in which they are played."""
MEASURES = tuple(workload.name for workload in WORKLOADS)
MEDDLED_WITH = tuple(f"{name}+{what}" for name in MEDDLED for what in MID_FLIGHT)


def title(sweep: str) -> str:
    return (SWEEPS[sweep].__doc__ or sweep).splitlines()[0].rstrip(".")
