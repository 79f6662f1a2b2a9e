"""Objects of any kind: found by what plans call them, changed, and refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry_operator.kube.kinds import Kind
from tests.faults.labels import stable
from tests.faults.run import Run
from tests.stage.kube import VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING, Object

WEBHOOK = Kind(
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    namespaced=False,
)


@dataclass(frozen=True)
class Found:
    path: str
    document: Object


def collection(api_version: str, namespace: str, resource: str) -> str:
    root = "apis" if "/" in api_version else "api"
    return f"/{root}/{api_version}/namespaces/{namespace}/{resource}"


def find(run: Run, label: str) -> Found:
    """The object of the namespace that a label such as "secrets images-config-*" means."""
    resource, _, name = label.partition(" ")
    for (kind, real), document in run.chronicle.present().items():
        if kind == resource and stable(real) == name:
            return Found(f"{collection(document['apiVersion'], run.namespace, resource)}/{real}", document)
    raise LookupError(f"{label} is not there")


def edits(document: Object) -> Iterator[Object]:
    """Merge patches that change one value each, the likeliest to be accepted first."""
    if "data" in document:
        for key in document["data"] or {}:
            yield {"data": {key: "eA=="}}
    for path in list(_leaves(document.get("spec"), ())):
        for other in _others(_at(document["spec"], path)):
            spec = copy.deepcopy(document["spec"])
            inner = _at(spec, path[:-1])
            inner[path[-1]] = other
            yield {"spec": {path[0]: spec[path[0]]}}


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key in value:
            yield from _leaves(value[key], (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
    elif path:
        yield path


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _others(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    return (f"{value}x", f"1{value}", "None", "Always") if isinstance(value, str) else ()


def essence(document: Object) -> str:
    meta = {key: document["metadata"].get(key) for key in ("labels", "ownerReferences", "finalizers")}
    return json.dumps([meta, document.get("spec"), document.get("data")], sort_keys=True)


def refusing(what: str, namespace: str, group: str, resource: str) -> list[tuple[Kind, Object]]:
    """Objects that make the API server refuse to create a resource in a namespace."""
    rules = [{"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": [resource]}]
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    meta = {"metadata": {"name": f"refuse-{namespace}"}}
    if what == "webhook":
        hook = {
            "name": "refuse.example.com", "rules": rules, "namespaceSelector": here, "failurePolicy": "Fail",
            "clientConfig": {"url": "https://127.0.0.1:1/refuse"}, "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "timeoutSeconds": 1,
        }  # fmt: skip
        return [(WEBHOOK, {**meta, "webhooks": [hook]})]
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": rules, "namespaceSelector": here},
        "validations": [{"expression": "false", "message": "not here"}],
    }
    binding = {"policyName": f"refuse-{namespace}", "validationActions": ["Deny"]}
    return [
        (VALIDATING_ADMISSION_POLICY, {**meta, "spec": spec}),
        (VALIDATING_ADMISSION_POLICY_BINDING, {**meta, "spec": binding}),
    ]
