"""One plan in one namespace: what was done to it, and what came out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.apiserver.registries import Subject
from tests.faults.oracles import Finding
from tests.faults.plan import Plan
from tests.faults.reference import Reference
from tests.faults.state import State, differences, loosened, state
from tests.faults.witness import Chronicle, Witness
from tests.faults.workloads import BY_NAME, NAME, Workload
from tests.stage.kube import Object
from tests.stage.stage import Stage
from tests.stage.traffic import Rule

LOOSE = {"drift", "rivals", "expired", "twins", "lost-lease", "sequences"}
"""Sweeps that make the operator do more than an undisturbed run does."""


@dataclass
class Run:
    """The state machine of a plan; a batch moves many of them."""

    plan: Plan
    namespace: str
    stage: Stage
    witness: Witness
    reference: Reference | None
    rule: Rule | None = None
    began: float = field(default_factory=time.monotonic)
    since: int = 0
    """The last revision before the act."""
    mark: int | None = None
    """The first request from which on no write is allowed, where that is earlier than the end of all faults."""
    last_fault: float = 0.0
    matched: float = 0.0
    problems: list[Finding] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """The uids of children that the plan itself deletes, as somebody else does."""
    _cached: tuple[float, list[str]] = (0.0, [])

    @property
    def workload(self) -> Workload:
        return BY_NAME[self.plan.workload]

    @property
    def images(self) -> Subject:
        return Subject(self.stage, self.namespace, NAME)

    @property
    def chronicle(self) -> Chronicle:
        return self.witness.chronicles[self.namespace]

    @property
    def struck(self) -> bool:
        return self.rule is None or bool(self.rule.hits)

    def state(self) -> State:
        return state(self.chronicle, self.namespace, loose=self.loose)

    @property
    def loose(self) -> bool:
        """Whether more steps than in an undisturbed run are allowed."""
        return self.plan.measure != self.plan.workload or self.plan.sweep in LOOSE

    def apart(self) -> list[str]:
        """How the namespace differs from what it should be."""
        assert self.reference is not None
        changed = self.chronicle.changed
        if self._cached[0] != changed:
            end = loosened(self.reference.end) if self.loose else self.reference.end
            self._cached = (changed, differences(end, self.reference.mask, self.state()))
        return self._cached[1]

    def at_rest(self, seconds: float, *, anyhow: float = 1e9) -> bool:
        """Nothing has happened for so long, and status says that nothing will; or nothing for `anyhow` seconds."""
        still = time.monotonic() - max(self.chronicle.changed, self.began)
        if still < seconds:
            return False
        if still > anyhow:
            return True
        registry = self.chronicle.present().get(("registries", NAME))
        if registry is None:
            return True
        generation = registry["metadata"]["generation"]
        told = {c["type"]: c for c in registry.get("status", {}).get("conditions", ())}
        observed = all(c["observedGeneration"] == generation for c in told.values())
        return (
            bool(told) and observed and ("True" in (told["Ready"]["status"], told["Stalled"]["status"]) or _idle(told))
        )

    def unrest(self) -> str:
        """What changed last, for messages."""
        last = max(((seen[-1].at, key) for key, seen in dict(self.chronicle.objects).items() if seen), default=None)
        return f"{' '.join(last[1])} {time.monotonic() - last[0]:.0f} s ago" if last else "nothing happened"

    def revision(self) -> int:
        return max((seen[-1].revision for seen in dict(self.chronicle.objects).values() if seen), default=0)


def _idle(told: dict[str, Object]) -> bool:
    return str(told["Reconciling"]["status"]) == "False"
