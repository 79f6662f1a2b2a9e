"""Argo CD's health check, run by a real Lua on the test data that goes with it.

Argo CD runs scripts in gopher-lua, a Lua 5.1, and gives those of argocd-cm the base and table functions only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from lupa import lua51

from crds.schema.definitions import all_definitions
from registry_operator.status.reasons import Condition, Reason

FOLDER = Path(__file__).parents[2] / "manifests" / "argocd"
ABSENT = ("string", "math", "io", "os", "debug", "coroutine", "python")
Object = dict[str, Any]
CASES: list[Object] = yaml.safe_load((FOLDER / "health_test.yaml").read_text())["tests"]
DATA = {path.name: yaml.safe_load(path.read_text()) for path in sorted((FOLDER / "testdata").glob("*.yaml"))}


def health(obj: Object) -> tuple[str, str]:
    """What the script says of an object: status and message."""
    lua = lua51.LuaRuntime()
    for name in ABSENT:
        lua.execute(f"{name} = nil")
    lua.globals()["obj"] = lua.table_from(obj, recursive=True)
    result = lua.execute((FOLDER / "health.lua").read_text())
    assert set(result) == {"status", "message"}
    return result["status"], result["message"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: Path(case["inputPath"]).stem)
def test_the_health_of(case: Object) -> None:
    wanted = case["healthStatus"]
    assert health(DATA[Path(case["inputPath"]).name]) == (wanted["status"], wanted["message"])


def test_every_file_is_a_case_and_every_health_has_one() -> None:
    assert {Path(case["inputPath"]).name for case in CASES} == DATA.keys()
    assert {case["healthStatus"]["status"] for case in CASES} == {"Healthy", "Progressing", "Degraded", "Suspended"}


def strict(schema: Object) -> Object:
    """The schema without room for fields that it does not name, as `kubectl apply --validate=strict` reads it."""
    copy = dict(schema)
    if "properties" in schema:
        copy["properties"] = {name: strict(field) for name, field in schema["properties"].items()}
        copy["additionalProperties"] = False
    if "items" in schema:
        copy["items"] = strict(schema["items"])
    return copy


@pytest.mark.parametrize("name", DATA)
def test_the_data_is_what_a_registry_looks_like(name: str) -> None:
    """In its fields by the CRD, and in its conditions by what the operator writes."""
    found = DATA[name]
    (definition,) = (each for each in all_definitions() if each["spec"]["names"]["kind"] == "Registry")
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert found["apiVersion"] == f"{definition['spec']['group']}/{definition['spec']['versions'][0]['name']}"
    content = {key: value for key, value in found.items() if key in ("spec", "status")}
    jsonschema.validate(content, strict(schema))
    status = found.get("status", {})
    for condition in status.get("conditions", ()):
        assert condition["type"] in set(Condition)
        assert condition["reason"] in set(Reason), condition["reason"]
        assert condition["observedGeneration"] == status["observedGeneration"]
