"""`docs/metrics.md`: every metric of the operator, read off the collectors themselves."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics import MetricWrapperBase

from registry_operator.observe.metrics import Metrics
from registry_operator.observe.statuses import Statuses

_INTRODUCTION = """# Metrics of the operator

<!-- Made from registry_operator/observe by `make docs`; edit there. -->

The operator shows them at `/metrics` on port 8080 of each replica; [monitoring.md](monitoring.md) tells how Prometheus
finds it. Where controller-runtime has a metric for something it has that name here, so that dashboards for other
operators fit. A histogram has `_bucket`, `_sum` and `_count`.
"""


def page() -> str:
    metrics = Metrics()
    metrics.read(Statuses())
    rows = sorted(_rows(metrics))
    return "\n".join([_INTRODUCTION, "| metric | type | labels | what it tells |", "|---|---|---|---|", *rows, ""])


def _rows(metrics: Metrics) -> Iterator[str]:
    labels = dict(_labels(metrics))
    for family in metrics.registry.collect():
        yield _row(family, labels.get(family.name, ()))


def _row(family: Metric, labels: tuple[str, ...]) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    shown = ", ".join(f"`{label}`" for label in labels or _seen(family))
    return f"| `{name}` | {family.type} | {shown} | {family.documentation} |"


def _seen(family: Metric) -> list[str]:
    return sorted({label for sample in family.samples for label in sample.labels} - {"le"})


def _labels(metrics: Metrics) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The labels of those that have no series yet; prometheus_client tells them to nobody but itself."""
    for collector in vars(metrics).values():
        if isinstance(collector, MetricWrapperBase):
            (family,) = collector.collect()
            yield family.name, tuple(collector._labelnames)
    for family in Statuses().collect():
        assert isinstance(family, GaugeMetricFamily)
        yield family.name, tuple(family._labelnames)
