"""Operators with one fault each: what proves that the plans and oracles see.

Each is a copy of the package with a piece of source replaced. One that no plan catches tells of a blind spot. A piece
that is not found any more tells that the source has moved on, and the mutant with it (tests/unit/test_mutants.py).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.faults.plan import Plan

PACKAGE = "registry_operator"


@dataclass(frozen=True)
class Edit:
    """In one file of the package, `old` (found exactly once) becomes `new`."""

    file: str
    old: str
    new: str

    def fits(self, source: Path) -> bool:
        return (source / PACKAGE / self.file).read_text().count(self.old) == 1

    def make(self, source: Path) -> None:
        path = source / PACKAGE / self.file
        path.write_text(path.read_text().replace(self.old, self.new))


@dataclass(frozen=True)
class Mutant:
    """`plans` are those that should catch it."""

    name: str
    edits: tuple[Edit, ...]
    plans: tuple[Plan, ...]

    def copy(self, source: Path, folder: Path) -> Path:
        """A copy of the package at `source` with the fault in it; the folder to put on the path."""
        target = folder / self.name.replace(" ", "-")
        shutil.copytree(source / PACKAGE, target / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        for edit in self.edits:
            if not edit.fits(target):
                raise ValueError(f"mutant {self.name}: {edit.old!r} is not found once in {edit.file}")
            edit.make(target)
        return target
