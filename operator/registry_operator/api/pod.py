"""`spec.pod`: types of Kubernetes' own, in the form in which an API server returns them inside of a Deployment."""

from __future__ import annotations

from . import registry as api
from .section import Section, without_empty


def pod(section: Section) -> api.Pod:
    return api.Pod(
        resources=_resources(section.section("resources")),
        node_selector=section.map("nodeSelector"),
        affinity=without_empty(section.section("affinity").content),
        tolerations=tuple(_toleration(item) for item in _items(section, "tolerations")),
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
    return tuple(without_empty(item.content) for item in section.sections(key))


def _toleration(item: api.Json) -> api.Json:
    """Without empty texts, which the API server drops; in a selector of labels they mean something and stay."""
    return {key: value for key, value in item.items() if value != ""}
