"""Input and expected output of the builders, side by side: a change of either is seen in review.

`pytest tests/golden --update-golden` writes the expected files anew. That a real API server takes and returns these
objects in the same form is tested beside it (tests/apiserver/test_golden.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.golden.children import CASES, NAMES, children, config_text, registry


class _Plain(yaml.SafeDumper):
    """For readers: no anchors, and texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, value: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Plain.add_representer(str, _Plain.text)


def _dump(objects: list[dict[str, Any]]) -> str:
    return yaml.dump_all(objects, Dumper=_Plain, sort_keys=True, width=1000)


def _compare(path: Path, text: str, update: bool) -> None:
    if update:
        path.write_text(text)
    assert path.exists(), "run pytest tests/golden --update-golden and review what it writes"
    assert text == path.read_text()


@pytest.mark.parametrize("case", NAMES)
def test_children_are_as_expected(case: str, request: pytest.FixtureRequest) -> None:
    subject = registry(case)
    update = bool(request.config.getoption("--update-golden"))
    _compare(CASES / case / "expected.yaml", _dump(children(subject)), update)
    _compare(CASES / case / "config.yml", config_text(subject), update)


def test_the_cases_leave_no_member_of_a_union_out() -> None:
    specs = [registry(case).spec for case in NAMES]
    assert {spec.tls.mode for spec in specs} == {"CertManager", "SecretRef", "SelfSigned", "Disabled"}
    claims = {"PersistentVolumeClaim", "ExistingClaim", "EmptyDir"}
    assert {spec.storage.kind for spec in specs} == claims | {"S3", "GCS", "Azure"}
    assert {spec.service.type for spec in specs} == {"ClusterIP", "NodePort", "LoadBalancer"}
    assert {spec.auth.mode for spec in specs} == {"Htpasswd", "Disabled"}
    assert {spec.expose.gateway.tls for spec in specs if spec.expose.gateway} == {"Terminate", "Passthrough"}
    assert {spec.version for spec in specs} == {"2", "3"}
