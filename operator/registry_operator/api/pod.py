"""`spec.pod`: types of Kubernetes' own, in the form in which an API server returns them inside of a Deployment."""

from __future__ import annotations

from typing import Any

from . import registry as api
from .section import Section


def pod(section: Section) -> api.Pod:
    return api.Pod(
        resources=_resources(section.section("resources")),
        node_selector=section.map("nodeSelector"),
        affinity=_without_empty(section.section("affinity").content),
        tolerations=_items(section, "tolerations"),
        topology_spread_constraints=_items(section, "topologySpreadConstraints"),
        priority_class_name=section.text("priorityClassName", None),
        labels=section.map("labels"),
        annotations=section.map("annotations"),
        service_account_annotations=section.map("serviceAccountAnnotations"),
    )


def _resources(section: Section) -> api.Json:
    result: api.Json = {}
    for key in ("requests", "limits"):
        amounts = section.section(key)
        canonical = {name: amounts.size(name, "0") for name in amounts.content}
        if canonical:
            result[key] = canonical
    return result


def _items(section: Section, key: str) -> tuple[api.Json, ...]:
    return tuple(_without_empty(item.content) for item in section.sections(key))


def _without_empty(value: Any) -> Any:
    """Without empty lists and `matchLabels: {}`, which the API server drops; an empty selector means all and stays."""
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: part for key, part in value.items() if part not in (None, []) and (key, part) != ("matchLabels", {})}
    return {key: _without_empty(part) for key, part in kept.items()}
