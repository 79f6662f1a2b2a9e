"""Which cluster the demo takes."""

from __future__ import annotations

import pytest

from tests.cluster import choose, kind
from tests.cluster.kind import KindCluster
from tests.cluster.local import LocalCluster


@pytest.mark.parametrize(("standing", "expected"), [([], KindCluster), (["demo"], LocalCluster)])
def test_what_stands_is_meant_even_where_an_engine_answers(
    monkeypatch: pytest.MonkeyPatch, standing: list[str], expected: type
) -> None:
    """The demo tells people to talk to its own engine, and in that shell to end it."""
    monkeypatch.setattr(kind, "engine_answers", lambda: True)
    monkeypatch.setattr(choose, "names", lambda: standing)
    assert isinstance(choose.choose("demo", say=print, environ={}), expected)
