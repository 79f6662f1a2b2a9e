"""Durations as Go writes them (`2160h`, `1h30m`, `1.5s`), since users of Kubernetes know no other form."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

_UNITS = {"h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s|us|ns)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_MAXIMUM = 2**63 - 1


class BadDuration(ValueError):
    """Not a duration; the message says what is allowed."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no duration: write hours, minutes and seconds, such as 2160h, 1h30m or 90s")


def parse(text: str) -> timedelta:
    """The duration; what is below a microsecond is cut."""
    return timedelta(microseconds=_nanoseconds(text) // 1000)


def canonical(text: str) -> str:
    """The spelling of Go's `Duration.String()`, which is what fields of type metav1.Duration come back as."""
    total = _nanoseconds(text)
    if total == 0:
        return "0s"
    if total < 1_000_000_000:
        unit = next(name for name in ("ms", "us", "ns") if total >= _UNITS[name])
        return _number(total, _UNITS[unit]) + {"us": "µs"}.get(unit, unit)
    minutes, rest = divmod(total, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    seconds = _number(rest, _UNITS["s"]) + "s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def _number(value: int, unit: int) -> str:
    text = f"{Decimal(value) / unit:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _nanoseconds(text: str) -> int:
    if len(text) > 64 or _WHOLE.fullmatch(text) is None:
        raise BadDuration(text)
    total = sum(int(Decimal(number) * _UNITS[unit]) for number, unit in _PART.findall(text))
    if total > _MAXIMUM:
        raise BadDuration(text)
    return total
