"""Quantities in the API server's canonical form.

A child is compared with what the API server returns, and that writes `1000m` as `1` and `0.5Gi` as `512Mi`. This is
`CanonicalizeBytes` of apimachinery's `resource.Quantity`: no fraction, the largest suffix that loses nothing, capped at
2^63-1; rounded up to the milli, which is what the API server does to resources. A golden table holds it against a real
API server for all spellings that the CRD lets through (others, such as `+1Gi`, come back as they were written).
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Context, Decimal

BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}

_SHAPE = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3}|)"
)
_MAXIMUM = Decimal(2**63 - 1)
_MILLI = Decimal("1e-3")
_EXACT = Context(prec=200)  # more digits than a bounded string can ask for


class BadQuantity(ValueError):
    """Not a quantity; the message says what is allowed."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no quantity: write a number with an optional unit, such as 500m, 2, 512Mi or 20Gi"
        )


def parse(text: str | int) -> Decimal:
    """The value, rounded up to the milli as the API server does."""
    return _split(str(text))[0]


def parse_bytes(text: str | int) -> int:
    """The value as a whole number of bytes, rounded up."""
    return int(parse(text).to_integral_value(rounding=ROUND_UP))


def canonical(text: str | int) -> str:
    """The spelling that the API server gives back."""
    value, suffix = _split(str(text))
    if suffix in BINARY and value == value.to_integral_value() and abs(value) >= 1024:
        return _binary(int(value))
    return _decimal(value, exponential=suffix[:1] in ("e", "E") and len(suffix) > 1)


def _split(text: str) -> tuple[Decimal, str]:
    match = _SHAPE.fullmatch(text)
    if match is None or len(text) > 64:
        raise BadQuantity(text)
    suffix = match["suffix"]
    number = Decimal(match["number"])
    if suffix in BINARY:
        value = _EXACT.multiply(number, Decimal(2 ** BINARY[suffix]))
    else:
        exponent = DECIMAL[suffix] if suffix in DECIMAL else int(suffix[1:])
        value = number.scaleb(exponent, context=_EXACT)
    if abs(value) >= _MAXIMUM:
        value = _MAXIMUM.copy_sign(value)
    return value.quantize(_MILLI, rounding=ROUND_UP, context=_EXACT), suffix


def _binary(value: int) -> str:
    exponent = 0
    while value % 1024 == 0 and exponent < 60:
        value //= 1024
        exponent += 10
    return str(value) + next((name for name, power in BINARY.items() if power == exponent), "")


def _decimal(value: Decimal, *, exponential: bool) -> str:
    if not value:
        return "0"
    digits, exponent = int(value.scaleb(3, context=_EXACT)), -3
    while digits % 1000 == 0 and exponent < 18:
        digits //= 1000
        exponent += 3
    if exponential:
        return f"{digits}e{exponent}" if exponent else str(digits)
    return str(digits) + next(name for name, power in DECIMAL.items() if power == exponent)
