"""docs/status.md and the code know the same conditions and reasons: they are part of the API."""

from __future__ import annotations

import re
from pathlib import Path

from registry_operator.status.reasons import Condition, Reason

PAGE = (Path(__file__).parents[2] / "docs" / "status.md").read_text()


def first_cells(part: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", part, flags=re.M)


def test_every_condition_is_explained_once() -> None:
    (part,) = re.findall(r"^## Conditions$(.*?)^## ", PAGE, flags=re.M | re.S)
    assert first_cells(part) == [str(condition) for condition in Condition]


def test_every_reason_is_explained_once() -> None:
    reasons = PAGE[PAGE.index("## Reasons of any condition") :]
    assert sorted(first_cells(reasons)) == sorted(str(reason) for reason in Reason)
