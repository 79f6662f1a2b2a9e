"""Waits after failures."""

import pytest

from registry_operator.engine.backoff import Backoff
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
