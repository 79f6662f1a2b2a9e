"""UpstreamReady, which only a cache has, and what a cache is ready for."""

from __future__ import annotations

import pytest

from registry_operator.status.findings import Findings
from registry_operator.status.reasons import Condition, Reason
from registry_operator.status.rules import conditions
from tests.unit.status.findings import answered, findings, judge, problem
from tests.unit.status.test_parts import Case, check

CACHE = {"proxy": {"remoteURL": "https://registry-1.docker.io"}}
UPSTREAM: dict[str, Case] = {
    "open": (findings(CACHE, upstream=True), "True", Reason.UPSTREAM_OPEN),
    "not asked yet": (findings(CACHE), "Unknown", Reason.WAITING),
}


@pytest.mark.parametrize("case", UPSTREAM.values(), ids=UPSTREAM)
def test_upstream(case: Case) -> None:
    check(Condition.UPSTREAM_READY, case)


def test_a_registry_that_is_no_cache_says_nothing_of_an_upstream() -> None:
    assert Condition.UPSTREAM_READY not in judge(findings())


def test_a_cache_takes_no_pushes_and_is_ready() -> None:
    found = findings(CACHE, upstream=True, probe=answered(upload=None, sealed=True))
    assert judge(found)[Condition.WRITABLE] == ("False", Reason.READ_ONLY)
    assert judge(found)[Condition.READY] == ("True", Reason.SERVING)
    assert told(found).endswith("pull what https://registry-1.docker.io has")


def test_a_cache_that_is_not_let_in_any_more_serves_what_it_has() -> None:
    away = problem(Condition.UPSTREAM_READY)
    found = findings(CACHE, upstream=False, probe=answered(upload=None, sealed=True), problems=away)
    assert judge(found)[Condition.READY] == ("True", Reason.SERVING)
    assert "cached" in told(found)
    assert "UpstreamReady" in told(found)


def told(found: Findings) -> str:
    """What Ready says."""
    return conditions(found, {})[Condition.READY].message
