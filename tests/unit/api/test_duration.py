"""Durations as Go reads them."""

from datetime import timedelta

import pytest

from registry_operator.api import duration


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("2160h", timedelta(days=90)),
        ("2160h0m0s", timedelta(days=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("90s", timedelta(seconds=90)),
        ("1m0.05s", timedelta(seconds=60.05)),
        ("100ms", timedelta(milliseconds=100)),
        ("1500us", timedelta(microseconds=1500)),
        ("12ns", timedelta(0)),
        ("0s", timedelta(0)),
        ("1m1m", timedelta(minutes=2)),
    ],
)
def test_value(given: str, value: timedelta) -> None:
    assert duration.parse(given) == value


@pytest.mark.parametrize("given", ["", "1", "90d", "-1h", "1h 30m", "h", "1.h", ".5h", "3000000h", "1" * 70 + "h"])
def test_anything_else_is_refused_with_what_is_allowed(given: str) -> None:
    with pytest.raises(duration.BadDuration, match="2160h, 1h30m or 90s"):
        duration.parse(given)
