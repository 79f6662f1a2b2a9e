"""The Grafana dashboard, from one line for each panel: its JSON is a thousand lines that nobody could review."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SOURCE = {"type": "prometheus", "uid": "${source}"}
_CHOSEN = 'namespace=~"$namespace",registry=~"$registry"'
_FREE = (
    "max by (namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes)"
    " * on (namespace, persistentvolumeclaim) group_right ()"
    f" max by (namespace, registry, persistentvolumeclaim) (registry_operator_registry_claim_info{{{_CHOSEN}}})"
)
_USED = _FREE.replace("available", "used")


@dataclass(frozen=True)
class Panel:
    """One graph: title, unit as Grafana spells it, query, and what names its lines."""

    title: str
    unit: str
    query: str
    legend: str
    about: str = ""


ROWS: dict[str, tuple[Panel, ...]] = {
    "Registries": (
        Panel(
            "Registries by condition", "short", 'sum by (condition) (registry_operator_registries{status="True"})',
            "{{condition}}", "How many Registries say True.",
        ),
        Panel(
            "Not ready", "short",
            f'max by (namespace, registry) (registry_operator_registry_condition{{condition="Ready",{_CHOSEN}}}) == 0',
            "{{namespace}}/{{registry}}",
        ),
        Panel(
            "Certificates expire in", "s",
            f"max by (namespace, registry) (registry_operator_registry_certificate_not_after_seconds{{{_CHOSEN}}})"
            " - time()",
            "{{namespace}}/{{registry}}",
        ),
        Panel("Free space of the claims", "bytes", _FREE, "{{namespace}}/{{registry}}", "By kubelet's statistics."),
        Panel("Used space of the claims", "bytes", _USED, "{{namespace}}/{{registry}}", "By kubelet's statistics."),
    ),
    "Traffic (of Registries with metrics)": (
        Panel(
            "Requests", "reqps",
            f"sum by (namespace, registry, method) (rate(registry_http_requests_total{{{_CHOSEN}}}[5m]))",
            "{{namespace}}/{{registry}} {{method}}",
        ),
        Panel(
            "Answers with 5xx", "reqps",
            f'sum by (namespace, registry) (rate(registry_http_requests_total{{code=~"5..",{_CHOSEN}}}[5m]))',
            "{{namespace}}/{{registry}}",
        ),
        Panel(
            "Time to answer, 99th percentile", "s",
            "histogram_quantile(0.99, sum by (namespace, registry, le)"
            f" (rate(registry_http_request_duration_seconds_bucket{{{_CHOSEN}}}[5m])))",
            "{{namespace}}/{{registry}}",
        ),
        Panel(
            "Sent to clients", "Bps",
            f"sum by (namespace, registry) (rate(registry_http_response_size_bytes_sum{{{_CHOSEN}}}[5m]))",
            "{{namespace}}/{{registry}}",
        ),
    ),
    "Operator": (
        Panel(
            "Reconciliations", "ops",
            'sum by (result) (rate(controller_runtime_reconcile_total{controller="registry"}[5m]))', "{{result}}",
        ),
        Panel(
            "Length of a reconciliation, 99th percentile", "s",
            "histogram_quantile(0.99, sum by (le)"
            ' (rate(controller_runtime_reconcile_time_seconds_bucket{controller="registry"}[5m])))',
            "99th percentile",
        ),
        Panel("Keys that wait", "short", 'max by (pod) (workqueue_depth{name="registry"})', "{{pod}}"),
        Panel(
            "Wait for a worker, 99th percentile", "s",
            "histogram_quantile(0.99, sum by (le)"
            ' (rate(workqueue_queue_duration_seconds_bucket{name="registry"}[5m])))',
            "99th percentile",
        ),
        Panel(
            "Requests to the API server", "reqps",
            "sum by (method, code) (rate(rest_client_requests_total{$operator}[5m]))".replace(
                "$operator", 'job=~".*registry-operator.*"'
            ),
            "{{method}} {{code}}",
        ),
        Panel(
            "Memory", "bytes", 'process_resident_memory_bytes{job=~".*registry-operator.*"}', "{{pod}}",
            "Resident memory of each replica.",
        ),
    ),
}  # fmt: skip


def document() -> str:
    """The JSON that Grafana imports."""
    return json.dumps(_dashboard(), indent=1) + "\n"


def _dashboard() -> dict[str, Any]:
    return {
        "uid": "registry-operator",
        "title": "registry-operator",
        "tags": ["registry-operator"],
        "schemaVersion": 39,
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": list(_variables())},
        "panels": list(_panels()),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}
    metric = "registry_operator_registry_condition"
    for name, query in (
        ("namespace", f"label_values({metric}, namespace)"),
        ("registry", f'label_values({metric}{{namespace=~"$namespace"}}, registry)'),
    ):
        yield {
            "name": name, "label": name.title(), "type": "query", "datasource": _SOURCE, "refresh": 2, "sort": 1,
            "multi": True, "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"},
            "query": {"query": query, "refId": name}, "definition": query,
        }  # fmt: skip


def _panels() -> Iterator[dict[str, Any]]:
    top, number = 0, 0
    for title, panels in ROWS.items():
        number += 1
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": _place(top, 0, 24, 1)}
        top += 1
        for index, panel in enumerate(panels):
            number += 1
            yield _panel(panel, number, _place(top + 8 * (index // 3), 8 * (index % 3), 8, 8))
        top += 8 * -(-len(panels) // 3)


def _place(top: int, left: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [{"refId": "A", "datasource": _SOURCE, "expr": panel.query, "legendFormat": panel.legend}],
    }
