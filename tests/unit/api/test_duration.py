"""Durations as Go reads and writes them."""

from datetime import timedelta

import pytest

from registry_operator.api import duration


@pytest.mark.parametrize(
    ("given", "value", "canonical"),
    [
        ("2160h", timedelta(days=90), "2160h0m0s"),
        ("1h30m", timedelta(minutes=90), "1h30m0s"),
        ("90m", timedelta(minutes=90), "1h30m0s"),
        ("1.5h", timedelta(minutes=90), "1h30m0s"),
        ("90s", timedelta(seconds=90), "1m30s"),
        ("5m", timedelta(minutes=5), "5m0s"),
        ("1.5s", timedelta(seconds=1.5), "1.5s"),
        ("1m0.05s", timedelta(seconds=60.05), "1m0.05s"),
        ("10s", timedelta(seconds=10), "10s"),
        ("100ms", timedelta(milliseconds=100), "100ms"),
        ("1500us", timedelta(microseconds=1500), "1.5ms"),
        ("7us", timedelta(microseconds=7), "7µs"),
        ("12ns", timedelta(0), "12ns"),
        ("0s", timedelta(0), "0s"),
        ("1m1m", timedelta(minutes=2), "2m0s"),
    ],
)
def test_value_and_spelling(given: str, value: timedelta, canonical: str) -> None:
    assert duration.parse(given) == value
    assert duration.canonical(given) == canonical


@pytest.mark.parametrize("given", ["", "1", "90d", "-1h", "1h 30m", "h", "1.h", ".5h", "3000000h", "1" * 70 + "h"])
def test_anything_else_is_refused_with_what_is_allowed(given: str) -> None:
    with pytest.raises(duration.BadDuration, match="2160h, 1h30m or 90s"):
        duration.parse(given)
