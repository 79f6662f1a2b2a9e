"""The structs and the CRD say the same: fields, modes, defaults, and what may be absent."""

import dataclasses
import types
import typing
from typing import Any, Literal, Union

import pytest

from crds.schema.definitions import registries
from registry_operator.api import object_storage
from registry_operator.api import registry as api
from registry_operator.api.common import SecretKeyRef
from registry_operator.api.expose import Expose, Gateway, Ingress
from registry_operator.api.http import Http
from registry_operator.api.metrics import Metrics, PodMonitor
from registry_operator.api.network_policy import NetworkPolicy
from registry_operator.api.notifications import Notifications
from registry_operator.api.proxy import Proxy
from registry_operator.api.service import Service

SPEC = registries()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]

# Where an object of the schema becomes a struct, an example of it, and the fields that are not merely spelt otherwise.
STRUCTS: list[tuple[str, Any, dict[str, str]]] = [
    ("", api.Spec(), {}),
    ("image", api.Image(), {}),
    ("autoscaling", api.Autoscaling(1), {}),
    ("storage", api.Storage(), {}),
    ("storage.persistentVolumeClaim", api.PersistentVolumeClaim(), {}),
    ("storage.existingClaim", api.ExistingClaim("x"), {}),
    ("storage.emptyDir", api.EmptyDir(), {}),
    ("storage.s3", object_storage.S3("x"), {"kmsKeyID": "kms_key_id"}),
    ("storage.s3.caSecretRef", SecretKeyRef("x", "ca.crt"), {}),
    ("storage.gcs", object_storage.Gcs("x"), {}),
    ("storage.azure", object_storage.Azure("x", "y"), {}),
    ("proxy", Proxy("x"), {"remoteURL": "remote_url"}),
    ("proxy.caSecretRef", SecretKeyRef("x", "ca.crt"), {}),
    ("tls", api.Tls(), {}),
    ("tls.certManager", api.CertManager(), {"privateKey": "algorithm size"}),
    ("tls.certManager.issuerRef", api.IssuerRef("x"), {}),
    ("auth", api.Auth(), {"htpasswd": "htpasswd_secret_ref"}),
    ("auth.htpasswd.secretRef", SecretKeyRef("x", "htpasswd"), {}),
    ("service", Service(), {}),
    ("expose", Expose(), {}),
    ("expose.ingress", Ingress("x"), {}),
    ("expose.gateway", Gateway(), {}),
    ("http", Http(), {}),
    ("networkPolicy", NetworkPolicy(), {"from": "sources"}),
    ("notifications", Notifications(), {}),
    ("metrics", Metrics(), {"from": "sources"}),
    ("metrics.podMonitor", PodMonitor(), {}),
    ("log", api.Log(), {}),
    ("pod", api.Pod(), {}),
]
# Absent in the schema, since a union may have no default member, a list no default, and the size follows the algorithm.
NOT_IN_THE_SCHEMA = {"storage.persistentVolumeClaim.accessModes"}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def schema_at(path: str) -> dict[str, Any]:
    schema: dict[str, Any] = SPEC
    for part in filter(None, path.split(".")):
        schema = schema["properties"][part]
    return schema


def options(hint: Any) -> tuple[Any, ...] | None:
    """The values of a Literal, be it optional or not."""
    if typing.get_origin(hint) is Literal:
        return typing.get_args(hint)
    if typing.get_origin(hint) in (Union, types.UnionType):
        return next(filter(None, map(options, typing.get_args(hint))), None)
    return None


def fields() -> list[Any]:
    """(path, field of the schema, type in the struct, value in the example) of all that have the same shape."""
    result = []
    for path, example, renamed in STRUCTS:
        hints = typing.get_type_hints(type(example))
        for name, field in schema_at(path)["properties"].items():
            if name not in renamed:
                full = f"{path}.{name}".lstrip(".")
                result.append(
                    pytest.param(full, field, hints.get(snake(name)), getattr(example, snake(name), None), id=full)
                )
    key = schema_at("tls.certManager.privateKey")["properties"]["algorithm"]
    return [*result, pytest.param("algorithm", key, api.KeyAlgorithm, api.CertManager().algorithm, id="algorithm")]


@pytest.mark.parametrize(
    ("path", "example", "renamed"), STRUCTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_fields_are_the_same(path: str, example: Any, renamed: dict[str, str]) -> None:
    expected: set[str] = set()
    for name in schema_at(path)["properties"]:
        expected |= set(renamed.get(name, snake(name)).split())
    assert {field.name for field in dataclasses.fields(example)} == expected


def required(path: str) -> bool:
    above, _, name = path.rpartition(".")
    return name in schema_at(above).get("required", ())


@pytest.mark.parametrize(("path", "field", "hint", "value"), fields())
def test_modes_are_the_same(path: str, field: dict[str, Any], hint: Any, value: Any) -> None:
    assert options(hint) == (tuple(field["enum"]) if "enum" in field else None)


@pytest.mark.parametrize(("path", "field", "hint", "value"), fields())
def test_defaults_are_the_same(path: str, field: dict[str, Any], hint: Any, value: Any) -> None:
    if "default" in field:
        assert value == field["default"]
    elif field["type"] in ("string", "integer") and not required(path):
        assert value is None
    elif field["type"] == "array" and path not in NOT_IN_THE_SCHEMA:
        assert value == ()


def test_every_object_of_ours_is_held_against_a_struct() -> None:
    """A field that is added to the CRD and forgotten here would be accepted and ignored."""
    known = {path for path, _, _ in STRUCTS} | {"tls.certManager.privateKey", "auth.htpasswd", "tls.secretRef"}
    known |= {f"storage.{kind}.credentialsSecretRef" for kind in ("s3", "gcs", "azure")} | {
        "proxy.credentialsSecretRef"
    }
    found = set()

    def walk(schema: dict[str, Any], path: str) -> None:
        found.add(path)
        for name, field in schema["properties"].items():
            if "properties" in field and "externalDocs" not in field:
                walk(field, f"{path}.{name}".lstrip("."))

    walk(SPEC, "")
    assert found == known
