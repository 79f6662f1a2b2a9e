"""The dashboard and the alerts ask for metrics that exist: of the operator, of a real registry, and of kubelet."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from registry_operator.observe.metrics import Metrics
from registry_operator.observe.statuses import Statuses
from registry_operator.registry import config
from tests.distribution import LINES, LOOPBACK, listening, running
from tests.ports import free_port
from tests.unit.registry.serving import OPTIONS
from tests.unit.render import CHART

# kubelet's; as its documentation lists them (Kubernetes metrics reference).
KUBELET = {
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
    "kubelet_volume_stats_used_bytes",
}
WORDS = {
    "absent", "and", "avg", "by", "count", "group_left", "group_right", "histogram_quantile", "ignoring",
    "label_values", "max", "min", "on", "or", "rate", "sum", "time", "unless", "without",
}  # fmt: skip


def names(text: str) -> set[str]:
    """All names that a scrape in this format can have series of."""
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
    return {
        family.name + suffix
        for family in text_string_to_metric_families(text)
        for suffix in suffixes.get(family.type, ("",))
    }


def of_the_operator() -> set[str]:
    metrics = Metrics()
    metrics.read(Statuses())
    return names(metrics.exposition().decode())


def of_a_registry(line: config.Line, folder: Path) -> set[str]:
    port = free_port()
    with running(replace(OPTIONS, line=line, metrics_port=port), folder) as registry:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{registry.port}/v2/", timeout=10) as answer:
            assert answer.status == 200
        listening(registry, port)
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=10) as answer:
            return names(answer.read().decode())


def queries() -> Iterator[str]:
    dashboard: dict[str, Any] = json.loads((CHART / "files/monitoring/dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (variable["definition"] for variable in dashboard["templating"]["list"] if "definition" in variable)
    for group in yaml.safe_load((CHART / "files/monitoring/rules.yaml").read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def asked(query: str) -> set[str]:
    """The names of metrics in a query: what is left without selectors, grouping, ranges and PromQL's own words."""
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|on|without|group_left|group_right) ?\([^)]*\)", " ", query)
    text = re.sub(r"(label_values\([^,]*),[^)]*\)", r"\1)", text)
    return {word for word in re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*", text) if word not in WORDS}


def test_the_reading_of_queries_sees_what_is_asked() -> None:
    query = 'sum by (le, pod) (rate(a_bucket{x="y"}[5m])) * on (namespace) group_right () max by (b) (c) > 0.1 - time()'
    assert asked(query) == {"a_bucket", "c"}
    assert asked('label_values(d{namespace=~"$namespace"}, registry)') == {"d"}


@pytest.mark.parametrize("line", LINES)
def test_every_query_asks_for_metrics_that_exist(line: config.Line, tmp_path: Path) -> None:
    known = of_the_operator() | of_a_registry(line, tmp_path) | KUBELET
    wanted = {name for query in queries() for name in asked(query)}
    assert len(wanted) > 12
    assert wanted - known == set()


def test_panels_do_not_overlap() -> None:
    dashboard = json.loads((CHART / "files/monitoring/dashboard.json").read_text())
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
