"""The mutants of tests/faults fit the source of today: each piece that they replace is found once."""

from __future__ import annotations

import pytest

from tests.faults.mutants import Mutant
from tests.faults.mutants.table import LISTED, MUTANTS
from tests.stage.process import SOURCE


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_the_source_has_what_the_mutant_replaces(mutant: Mutant) -> None:
    assert [edit for edit in mutant.edits if not edit.fits(SOURCE)] == []


def test_there_are_enough() -> None:
    assert len(LISTED) == 15
    assert len(MUTANTS) >= 25
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
