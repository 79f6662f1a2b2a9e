"""Values for every field of the spec, valid and invalid, made from the CRD's schema.

Where a pattern decides, the message of its rule tells an example ("such as 2160h"); names of objects are those that
stand before each workload. A field for which no valid value is found is told in the results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tests.apiserver.conftest import CRD

Schema = dict[str, Any]
_EXAMPLE = re.compile(r"such as ([^\s,;]+)")
_LIMIT = "x" * 70000
# By the end of the path.
NAMED: dict[str, tuple[Any, ...]] = {
    "image.repository": ("registry",),
    "image.tag": ("2.8.3", "2"),
    "image.digest": ("sha256:" + "a" * 64,),
    "size": ("30Gi", "20Gi"),
    "storageClassName": ("other",),
    "claimName": ("theirs",),
    "issuerRef.name": ("team",),
    "issuerRef.group": ("cert-manager.io",),
    "issuerRef.kind": ("Issuer",),
    "duration": ("1000h", "48h"),
    "renewBefore": ("10h",),
    "tls.secretRef.name": ("own",),
    "htpasswd.secretRef.name": ("team",),
    "htpasswd.secretRef.key": ("htpasswd",),
    "pullSecrets[].name": ("pull",),
    "credentialsSecretRef.name": ("bucket",),
    "dnsNames[]": ("images.example.com", "*.example.com"),
    "ipAddresses[]": ("192.0.2.7", "2001:db8::7"),
    "operator": ("Exists",),
    "topologyKey": ("kubernetes.io/hostname",),
    "cidr": ("192.0.2.0/24",),
    "host": ("images.example.com",),
    "region": ("eu-central-1",),
    "endpoint": ("https://s3.example.com",),
}


@dataclass(frozen=True)
class Field:
    """A leaf of the schema; "[]" in a path means the one item of a list."""

    path: tuple[str, ...]
    schema: Schema

    @property
    def name(self) -> str:
        return ".".join(self.path).replace(".[]", "[]")

    @property
    def section(self) -> str:
        return self.path[0]


def spec_schema() -> Schema:
    document = yaml.safe_load(CRD.read_text())
    spec: Schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return spec


def fields(schema: Schema, path: tuple[str, ...] = ()) -> Iterator[Field]:
    """Every leaf."""
    if schema.get("properties"):
        for name, inner in schema["properties"].items():
            yield from fields(inner, (*path, name))
    elif schema.get("type") == "array":
        yield from fields(schema["items"], (*path, "[]"))
    else:
        yield Field(path, schema)


def valid(field: Field) -> tuple[Any, ...]:
    """Values that should do, the default last."""
    for end, values in NAMED.items():
        if field.name == end or field.name.endswith(f".{end}"):
            return values
    schema = field.schema
    if "enum" in schema:
        return tuple(sorted(schema["enum"], key=lambda value: value == schema.get("default")))
    if schema.get("type") == "integer":
        low, high = schema.get("minimum", 1), schema.get("maximum", 10)
        return tuple(value for value in (low, high, (low + high) // 2, 30500) if low <= value <= high)
    if "additionalProperties" in schema:
        return tuple({key: value} for key in ("example.com/a", "memory") for value in ("64Mi", "b"))
    if schema.get("type") == "object":
        return ({},)
    if schema.get("type") == "boolean":
        return (True, False)
    found = [
        match for rule in schema.get("x-kubernetes-validations", ()) for match in _EXAMPLE.findall(rule["message"])
    ]
    return (*(text.strip("'\".") for text in found), "example", "example.com", "1h", "a-b")


def invalid(field: Field) -> tuple[Any, ...]:
    """Values that must be refused."""
    schema = field.schema
    if "enum" in schema:
        return ("Nonsense",)
    if schema.get("type") == "integer":
        return tuple(value for value in (schema.get("minimum", 0) - 1, schema.get("maximum", 2**31 - 1) + 1, "many"))
    if "additionalProperties" in schema:
        return ({"not a key!": "x"}, {"a" * 400: "x"}, ["a"])
    if schema.get("type") == "object":
        return ("text",)
    if schema.get("type") == "boolean":
        return ("maybe",)
    return ("\x00", _LIMIT, 7)


def built(root: Schema, path: tuple[str, ...], value: Any) -> Any:
    """The least document that has `value` at `path`: with the neighbours that are required."""
    if not path:
        return value
    if path[0] == "[]":
        return [built(root["items"], path[1:], value)]
    document = {name: least(root["properties"][name], name) for name in root.get("required", ()) if name != path[0]}
    document[path[0]] = built(root["properties"][path[0]], path[1:], value)
    return document


def least(schema: Schema, name: str) -> Any:
    """Something valid for a required neighbour."""
    if schema.get("properties") is not None:
        return {inner: least(schema["properties"][inner], inner) for inner in schema.get("required", ())}
    if schema.get("type") == "array":
        return [least(schema["items"], f"{name}[]")] if schema.get("minItems") else []
    return valid(Field((name,), schema))[0]
