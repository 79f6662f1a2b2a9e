"""Rules of the house that each schema keeps: limits, list types, messages, no default of a union, no namespace."""

from collections.abc import Iterator
from typing import Any

import pytest

from crds.schema.definitions import all_definitions

Node = dict[str, Any]
UNIONS = ("spec.storage", "spec.tls", "spec.image")


def nodes(schema: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every schema below, and where it stands."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}" if path else name)
    for key, suffix in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from nodes(schema[key], path + suffix)


ROOTS = {
    definition["spec"]["names"]["kind"]: version["schema"]["openAPIV3Schema"]
    for definition in all_definitions()
    for version in definition["spec"]["versions"]
}
ALL = [(path, schema) for root in ROOTS.values() for path, schema in nodes(root) if path.startswith(("spec", "status"))]
RULES = [(path, rule) for path, schema in ALL for rule in schema.get("x-kubernetes-validations", ())]


def unbounded(path: str, schema: Node) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return "maxLength" not in schema
    match schema["type"]:
        case "string":
            return not ({"enum", "maxLength"} & set(schema) or schema.get("format") == "date-time")
        case "array":
            return not {"maxItems", "x-kubernetes-list-type"} <= set(schema)
        case "integer":
            return path.startswith("spec.") and "minimum" not in schema and not path.endswith("tolerationSeconds")
        case _:
            return "additionalProperties" in schema and "maxProperties" not in schema


def test_everything_has_limits() -> None:
    assert len(ALL) > 250
    assert [path for path, schema in ALL if unbounded(path, schema)] == []


def test_nothing_unknown_is_kept() -> None:
    assert [path for path, schema in ALL if "x-kubernetes-preserve-unknown-fields" in schema] == []


def test_strings_of_the_spec_have_a_form() -> None:
    """An enum or a rule; values of annotations and two fields of Kubernetes' own are free, within their limits."""
    formless = [
        path
        for path, schema in ALL
        if path.startswith("spec") and schema.get("type") == "string"
        if not {"enum", "x-kubernetes-validations"} & set(schema)
    ]
    free = ("annotations{}", "Annotations{}", "tolerations[].key", "namespaces[]")
    assert [path for path in formless if not path.endswith(free)] == []


def test_only_scalars_have_defaults() -> None:
    """Except for the roots: an empty spec is a spec, and a fresh object must not look finished."""
    defaults = {path: schema["default"] for path, schema in ALL if "default" in schema}
    assert (defaults.pop("spec"), defaults.pop("status")) == ({}, {"observedGeneration": -1})
    assert {path: value for path, value in defaults.items() if not isinstance(value, str | int)} == {}


def test_every_rule_says_what_must_or_may_be() -> None:
    """The path of the field stands before the message, so it goes on with a verb and is no sentence of its own."""
    assert len(RULES) > 60
    bad = [(path, rule["message"]) for path, rule in RULES if rule["message"].split()[0] not in ("must", "may")]
    assert bad == []
    assert [path for path, rule in RULES if rule["message"].endswith(".")] == []


def test_every_refusal_names_the_way_out() -> None:
    refusals = [(path, rule["message"]) for path, rule in RULES if rule["message"].startswith("may")]
    assert refusals
    assert [(path, message) for path, message in refusals if not (":" in message or ";" in message)] == []


def test_references_stay_in_the_namespace() -> None:
    """But for gateways, which are shared: their listeners say whose routes they take (docs/decisions)."""
    abroad = [path for path, _ in ALL if path.endswith((".namespace", "serviceAccountName"))]
    assert abroad == ["spec.expose.gateway.parentRefs[].namespace"]


def test_fields_are_explained() -> None:
    """All of ours; below Kubernetes' own types its documentation is named instead."""
    foreign = (
        "spec.pod.affinity.",
        "spec.pod.tolerations[",
        "spec.pod.topologySpreadConstraints[",
        "spec.pod.resources.",
        "spec.networkPolicy.from[].namespaceSelector.",
        "spec.networkPolicy.from[].podSelector.",
        "spec.metrics.from[].namespaceSelector.",
        "spec.metrics.from[].podSelector.",
    )
    silent = [path for path, schema in ALL if not schema.get("description", "").endswith(".")]
    assert [path for path in silent if not path.startswith(foreign) and not path.endswith(("[]", "{}"))] == []


def test_sections_of_the_spec_are_atomic() -> None:
    sections = {path: schema for path, schema in ALL if path.startswith("spec.") and path.count(".") == 1}
    granular = [path for path, schema in sections.items() if schema.get("x-kubernetes-map-type") != "atomic"]
    assert [path for path in granular if sections[path]["type"] == "object"] == []


@pytest.mark.parametrize("path", UNIONS)
def test_unions_have_one_member(path: str) -> None:
    schema = dict(ALL)[path]
    assert any("size() <= 1" in rule["rule"] for rule in schema["x-kubernetes-validations"])


def test_printer_columns() -> None:
    (version,) = all_definitions()[0]["spec"]["versions"]
    columns = version["additionalPrinterColumns"]
    narrow = [column["name"] for column in columns if not column.get("priority")]
    assert narrow == ["Ready", "Host", "Version", "Storage", "Age"]
    assert [column["name"] for column in columns if column.get("priority")] == ["Stalled", "Reason", "Message"]
