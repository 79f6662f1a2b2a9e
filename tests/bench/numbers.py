"""Percentiles, and the results as one flat table of figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least `part` percent of the values do not exceed (nearest rank); NaN of nothing."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part / 100 * len(ordered)) - 1)]


def spread(values: Sequence[float]) -> dict[str, float | int]:
    """What is told of many measured times (seconds), in milliseconds."""
    if not values:
        return {"samples": 0}
    return {
        "samples": len(values),
        "p50_ms": round(percentile(values, 50) * 1000, 1),
        "p99_ms": round(percentile(values, 99) * 1000, 1),
        "max_ms": round(max(values) * 1000, 1),
    }


def flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Every figure by its dotted path; texts, lists and truth values are no figures."""
    return dict(_figures(document, prefix))


def _figures(document: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, float]]:
    for key, value in document.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from _figures(value, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield path, float(value)
