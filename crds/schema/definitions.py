"""The CustomResourceDefinitions as a whole."""

from __future__ import annotations

from typing import Any

from . import spec, status, storage
from .parts import Schema, rule

GROUP = "teamregistry.io"


def registries() -> Schema:
    schema: Schema = {
        "description": "A private container registry of one team: workload, storage, TLS, accounts, how it is reached.",
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string", "maxLength": 63},
            "kind": {"type": "string", "maxLength": 63},
            "metadata": {"type": "object"},
            "spec": {**spec.spec(), "default": {}},  # an apply that takes the last field away leaves null
            "status": status.status(),
        },
        "x-kubernetes-validations": [
            rule(
                "self.metadata.name.matches('^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$')",
                "metadata.name must start with a lower-case letter, go on with lower-case letters, digits and '-', "
                "not end with '-', and have at most 52 characters, since the Service has the same name: "
                "choose another name",
            ),
            storage.growing(),
        ],
    }
    columns = [
        _column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
        _column("Host", ".status.host"),
        _column("Version", ".status.version"),
        _column("Storage", ".status.storage.kind"),
        _column("Age", ".metadata.creationTimestamp", kind="date"),
        _column("Stalled", '.status.conditions[?(@.type=="Stalled")].status', priority=1),
        _column("Reason", '.status.conditions[?(@.type=="Ready")].reason', priority=1),
        _column("Message", '.status.conditions[?(@.type=="Ready")].message', priority=1),
    ]
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    subresources = {"status": {}, "scale": scale}
    return _definition("Registry", "registries", "reg", _bare(schema), columns, subresources)


def all_definitions() -> list[Schema]:
    return [registries()]


def _definition(
    kind: str, plural: str, short: str, schema: Schema, columns: list[Schema], subresources: Schema
) -> Schema:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short],
                "categories": ["teamregistry"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1alpha1",
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": columns,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": subresources,
                }
            ],
        },
    }


def _column(name: str, path: str, *, kind: str = "string", priority: int = 0) -> Schema:
    column: Schema = {"name": name, "type": kind, "jsonPath": path}
    return {**column, "priority": priority} if priority else column


def _bare(value: Any) -> Any:
    """Without the descriptions that say nothing."""
    if isinstance(value, dict):
        return {key: _bare(part) for key, part in value.items() if not (key == "description" and part == "")}
    return [_bare(part) for part in value] if isinstance(value, list) else value
