"""The samples are accepted as they are, and mean something to the operator."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry_operator.api.parse import parse_spec
from registry_operator.api.registry import Spec
from tests.apiserver.admission.door import Door

SAMPLES = Path(__file__).parents[3] / "manifests" / "samples"
REGISTRIES: list[dict[str, Any]] = [
    document
    for path in sorted(SAMPLES.glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
    if document["kind"] == "Registry"
]


@pytest.mark.parametrize("sample", REGISTRIES, ids=lambda sample: str(sample["metadata"]["name"]))
def test_sample(door: Door, sample: dict[str, Any]) -> None:
    stored = door.kubectl(sample["spec"], name=sample["metadata"]["name"])
    try:
        assert (parse_spec(stored) == Spec()) is (sample["spec"] == {})
    finally:
        door.delete(sample["metadata"]["name"])


DOCS = Path(__file__).parents[3] / "docs"
SPECS = [
    pytest.param(yaml.safe_load(block)["spec"], id=f"{path.name}-{number}")
    for path in sorted(DOCS.glob("*.md"))
    for number, block in enumerate(re.findall(r"^```yaml\n(spec:\n.*?)^```$", path.read_text(), flags=re.M | re.S))
]


@pytest.mark.parametrize("spec", SPECS)
def test_each_spec_of_the_documentation_is_accepted(door: Door, spec: dict[str, Any]) -> None:
    parse_spec(door.check(spec))


def test_there_are_specs_in_the_documentation() -> None:
    assert len(SPECS) > 8


def test_there_are_samples() -> None:
    assert len(REGISTRIES) >= 5
