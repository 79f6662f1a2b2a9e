"""Results, one line of JSON for each plan that was played, so that a run can be cut and gone on with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PASS, FAIL, NOT_STRUCK, INCONCLUSIVE = "pass", "fail", "not struck", "inconclusive"


@dataclass
class Result:
    """`recovery`: seconds from the last fault until all was as it should be; None where that never came."""

    id: str
    plan: dict[str, Any]
    verdict: str
    findings: list[tuple[str, str]] = field(default_factory=list)
    recovery: float | None = None
    when: str = ""


class Book:
    """The results in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.all: list[Result] = []
        if path.exists():
            self.all = [_read(line) for line in path.read_text().splitlines() if line.strip()]

    def add(self, results: Iterable[Result]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            for result in results:
                self.all.append(result)
                file.write(json.dumps(asdict(result), sort_keys=True) + "\n")

    def of(self, plan: str) -> list[Result]:
        """The results of a plan, oldest first."""
        return [result for result in self.all if result.id == plan]

    def last(self) -> dict[str, Result]:
        """The newest result of each plan."""
        return {result.id: result for result in self.all}

    def times(self) -> dict[str, int]:
        """How often each plan was played to an end."""
        counted: dict[str, int] = {}
        for result in self.all:
            if result.verdict != INCONCLUSIVE:
                counted[result.id] = counted.get(result.id, 0) + 1
        return counted


def _read(line: str) -> Result:
    document = json.loads(line)
    document["findings"] = [(one, other) for one, other in document["findings"]]
    return Result(**document)
