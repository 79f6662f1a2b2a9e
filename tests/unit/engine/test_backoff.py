"""Waits after failures."""

import pytest

from registry_operator.engine.backoff import Backoff, Series
from registry_operator.kube.errors import ServerError, TooManyRequests


@pytest.mark.parametrize(
    ("failures", "most"), [(1, 0.05), (2, 0.1), (3, 0.2), (10, 25.6), (12, 60.0), (100, 60.0), (10_000, 60.0)]
)
def test_it_doubles_up_to_the_cap_and_is_random_over_the_whole_range(failures: int, most: float) -> None:
    assert Backoff(random=lambda: 1.0).after(failures) == pytest.approx(most)
    assert Backoff(random=lambda: 0.25).after(failures) == pytest.approx(most / 4)
    assert Backoff(random=lambda: 0.0).after(failures) == 0


def test_never_before_the_server_said_and_not_all_at_that_moment() -> None:
    told = TooManyRequests(429, "TooManyRequests", "", None, 30.0)
    assert Backoff(random=lambda: 0.0).after(1, told) == 30
    assert Backoff(random=lambda: 1.0).after(3, told) == pytest.approx(30.2)
    assert Backoff(random=lambda: 0.0).after(1, ServerError(500, "", "")) == 0
    assert Backoff(random=lambda: 0.0).after(1, ValueError()) == 0


def failing(step: str | None) -> ServerError:
    error = ServerError(500, "", "")
    error.step = step
    return error


def test_a_failure_further_on_is_a_first_one() -> None:
    """Ten writes of which each fails once: none of them has failed before."""
    series = Series()
    assert [series.add(failing(step)) for step in ("a", "b", "c")] == [1, 1, 1]


def test_failures_at_known_steps_follow_each_other() -> None:
    series = Series()
    assert [series.add(failing(step)) for step in ("a", "a", "b", "a", "b", "b")] == [1, 2, 1, 2, 3, 4]


def test_a_failure_that_says_no_step_is_one_more() -> None:
    series = Series()
    assert [series.add(error) for error in (ValueError(), failing(None), ValueError())] == [1, 2, 3]
