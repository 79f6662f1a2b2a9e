"""Quantities: their value, their canonical spelling, and what is none."""

from decimal import Decimal

import pytest

from registry_operator.api import quantity
from tests.unit.api.spellings import QUANTITIES


@pytest.mark.parametrize(("given", "canonical"), QUANTITIES)
def test_canonical_form_is_that_of_the_api_server(given: str, canonical: str) -> None:
    assert quantity.canonical(given) == canonical


@pytest.mark.parametrize(("given", "canonical"), QUANTITIES)
def test_canonical_form_is_stable_and_keeps_the_value(given: str, canonical: str) -> None:
    assert quantity.canonical(canonical) == canonical
    assert quantity.parse(given) == quantity.parse(canonical)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [("1e3", "1e3"), ("12e5", "1200e3"), ("1.5e3", "1500"), ("1e-3", "1e-3"), (2, "2"), (1000, "1k")],
)
def test_exponents_and_numbers_keep_their_own_form(given: str | int, canonical: str) -> None:
    assert quantity.canonical(given) == canonical


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("20Gi", 20 * 2**30),
        ("1500m", 2),
        ("0.5Ki", 512),
        ("1e3", 1000),
        ("21474836480", 20 * 2**30),
        ("100Ei", 2**63 - 1),
    ],
)
def test_bytes_are_whole_and_bounded(given: str, value: int) -> None:
    assert quantity.parse_bytes(given) == value


def test_value_is_exact() -> None:
    assert quantity.parse("100m") == Decimal("0.1")


@pytest.mark.parametrize(
    "given", ["", "Gi", "1 Gi", "1gi", "1GB", "1KI", "K", "1.2.3", "--1", "1e", "1e1234", "ten", "9" * 65]
)
def test_anything_else_is_refused_with_what_is_allowed(given: str) -> None:
    with pytest.raises(quantity.BadQuantity, match="500m, 2, 512Mi or 20Gi"):
        quantity.canonical(given)
