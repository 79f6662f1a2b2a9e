"""The sweeps: which plans there are, made from the references of all workloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from tests.faults import sequences as changes
from tests.faults.episodes import DRIFTS, REFUSALS
from tests.faults.plan import ERRORS, MID_FLIGHT, Plan, at_writes
from tests.faults.reference import Reference
from tests.faults.scenes import SCENES
from tests.faults.strikes import CRASHES
from tests.faults.workloads import ISSUED, WORKLOADS

References = Mapping[str, Reference]
MEDDLED = (
    "create-default", "create-self-signed", "create-plain", "create-demanding", "create-ingress",
    "version", "to-self-signed", "renewed", "service",
)  # fmt: skip
SEEDS = range(1, 6)
FIRST = {"crashes": 200, "errors": 1050, "lost": 160, "slow": 60, "meddling": 100}
"""So many plans of a sweep are played before all others have had their turn; of other sweeps all."""


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


def fuzz(references: References) -> Iterator[Plan]:
    """F14: requests of random kinds fail at random rates and in random ways for 20 s; the seed decides."""
    for seed in SEEDS:
        for reference in _plain(references):
            yield Plan("fuzz", reference.workload, "fuzz", turn=seed)


def meddling(references: References) -> Iterator[Plan]:
    """F12: at each write the user edits the Registry, deletes it, or makes it anew."""
    for name in MEDDLED:
        if name in references:
            yield from at_writes("meddling", references[name], MID_FLIGHT)


def drift(references: References) -> Iterator[Plan]:
    """F13: each child is deleted, held by a finalizer, edited, loses labels, owner, notes (a claim the last three)."""
    for name, child in _children(references):
        # The cluster keeps a claim while a pod on a node mounts it; the played pods are on none. One that somebody lets
        # grow cannot be shrunk again: Stalled says what to do.
        claim = child.startswith("persistentvolumeclaims")
        for what in DRIFTS:
            if not claim or what not in ("deleted", "stuck", "edited"):
                yield Plan("drift", name, what, child)


def foreign(references: References) -> Iterator[Plan]:
    """F13: each child's name is taken by an object of somebody else's, which is given up later."""
    for name, child in _children(references):
        if "*" not in child:
            yield Plan("foreign", name, "taken", child)


def rivals(references: References) -> Iterator[Plan]:
    """F13: somebody else's object takes a child's name between the operator's look and its write."""
    seen = set()
    for reference in _plain(references):
        for where in reference.writes:
            child = where.partition(" ")[2]
            free = where.startswith(("PATCH", "POST")) and child in reference.samples and "*" not in child
            free = free and child != ISSUED
            key = (where, reference.workload.startswith("create-"))
            if free and key not in seen and not child.startswith("persistentvolumeclaims"):
                seen.add(key)
                yield Plan("rivals", reference.workload, "met", where)


def twin(references: References) -> Iterator[Plan]:
    """F11: another instance has made the same Secret with other values a moment earlier."""
    for reference in _creating(references):
        for where in reference.writes:
            if where.startswith("POST secrets"):
                yield Plan("twin", reference.workload, "met", where)


def restarts(references: References) -> Iterator[Plan]:
    """F1: a restart when all is done writes nothing."""
    for reference in _plain(references):
        yield Plan("restarts", reference.workload)


def refusals(references: References) -> Iterator[Plan]:
    """F15: a quota, a policy or a webhook that is down refuses each kind of child, until it is lifted."""
    seen = set()
    for reference in _creating(references):
        for child, sample in reference.samples.items():
            resource = child.partition(" ")[0]
            if resource not in seen and reference.history.created.get(child):
                seen.add(resource)
                group = sample["body"]["apiVersion"].rpartition("/")[0]
                for what in REFUSALS:
                    yield Plan("refusals", reference.workload, what, resource, extra={"group": group})


def sequences(_: References) -> Iterator[Plan]:
    """Each field of the spec is changed, validly and not; then as from scratch, and back."""
    yield from changes.plans()


def scene(name: str) -> Callable[[References], Iterator[Plan]]:
    """Each workload once while something befalls the whole operator."""

    def plans(references: References) -> Iterator[Plan]:
        for reference in _plain(references):
            yield Plan(name, reference.workload)

    return plans


def _creating(references: References) -> Iterator[Reference]:
    return (reference for reference in _plain(references) if reference.workload.startswith("create-"))


def _children(references: References) -> Iterator[tuple[str, str]]:
    """Each kind of child once, with a workload that makes it."""
    seen = set()
    for reference in _creating(references):
        for child in reference.samples:
            if child not in seen and reference.history.created.get(child):
                seen.add(child)
                yield reference.workload, child


SWEEPS: dict[str, Callable[[References], Iterable[Plan]]] = {
    "crashes": crashes,
    "errors": errors,
    "lost": lost,
    "slow": slow,
    "fuzz": fuzz,
    "meddling": meddling,
    "drift": drift,
    "foreign": foreign,
    "rivals": rivals,
    "twin": twin,
    "restarts": restarts,
    "refusals": refusals,
    **{name: scene(name) for name in SCENES},
    "sequences": sequences,
}
"""By name, in the order in which they are played."""
MEASURES = tuple(workload.name for workload in WORKLOADS)
MEDDLED_WITH = tuple(f"{name}+{what}" for name in MEDDLED for what in MID_FLIGHT)


def title(sweep: str) -> str:
    told = SCENES[sweep].__doc__ if sweep in SCENES else SWEEPS[sweep].__doc__
    return (told or sweep).splitlines()[0].rstrip(".")
