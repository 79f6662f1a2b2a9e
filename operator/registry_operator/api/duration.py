"""Durations as Go writes them (`2160h`, `1h30m`, `1.5s`), since users of Kubernetes know no other form."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

_UNITS = {"h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s|us|ns)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_LONGEST = 2**63 - 1  # nanoseconds, as in Go


class BadDuration(ValueError):
    """Not a duration; the message says what is allowed."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no duration: write hours, minutes and seconds, such as 2160h, 1h30m or 90s")


def parse(text: str) -> timedelta:
    """The duration; what is below a microsecond is cut."""
    if len(text) > 64 or _WHOLE.fullmatch(text) is None:
        raise BadDuration(text)
    nanoseconds = sum(int(Decimal(number) * _UNITS[unit]) for number, unit in _PART.findall(text))
    if nanoseconds > _LONGEST:
        raise BadDuration(text)
    return timedelta(microseconds=nanoseconds // 1000)
