"""Plans: which fault strikes which workload, and where. Each is a small document that replays it.

They are made from recorded reference runs. A write is named by what it does and by its turn among those that do the
same, so that the order in which a run happens to write does not matter.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.reference import Reference

ERRORS = ("409", "500", "503", "429", "403", "422", "quota", "reset", "garbled")
MID_FLIGHT = ("edit", "delete", "recreate")
"""What the user does meanwhile."""


@dataclass(frozen=True)
class Plan:
    """`what` befalls `where` (a write, an object, a watch, or nothing) of a workload; `turn` counts equal writes."""

    sweep: str
    workload: str
    what: str = ""
    where: str = ""
    turn: int = 1
    extra: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def id(self) -> str:
        turn = f" #{self.turn}" if self.turn > 1 else ""
        return "/".join(
            part for part in (self.sweep, self.workload, self.where.replace("/", ":") + turn, self.what) if part
        )

    @property
    def measure(self) -> str:
        """The reference run that this one must end like."""
        return f"{self.workload}+{self.what}" if self.what in MID_FLIGHT else self.workload

    def save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / (self.id.replace("/", "_").replace(" ", "-").replace("*", "x").replace("#", "") + ".json")
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")
        return path

    @classmethod
    def load(cls, path: Path) -> Plan:
        return cls(**json.loads(path.read_text()))


def at_writes(sweep: str, reference: Reference, whats: Iterable[str]) -> Iterator[Plan]:
    """Each fault once at each recorded write."""
    for where, times in reference.writes.items():
        for turn in range(1, times + 1):
            for what in whats:
                yield Plan(sweep, reference.workload, what, where, turn)


def chosen(plans: list[Plan], count: int, seed: int) -> list[Plan]:
    """A selection that is the same for the same seed."""
    picked = random.Random(seed).sample(plans, min(count, len(plans)))
    return sorted(picked, key=plans.index)
