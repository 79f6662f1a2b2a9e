"""Makes the committed files that follow from others.

`python -m tests.generate` writes them; a unit test says when one is stale.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from crds.schema.definitions import all_definitions
from tests.generate import dashboard, metrics, reference

ROOT = Path(__file__).parents[2]
RUNBOOKS = "https://registry-operator.example/docs/runbooks.md"
HEADER = "# Made from crds/schema by `make docs`; edit there.\n"


class _Plain(yaml.SafeDumper):
    """YAML that kubectl, Helm and people read alike: no anchors, and no line broken in the middle of a sentence."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def files() -> dict[Path, str]:
    """Each generated file and its content."""
    result: dict[Path, str] = {}
    definitions = all_definitions()
    for definition in definitions:
        name = f"{definition['metadata']['name']}.yaml"
        content = HEADER + yaml.dump(definition, Dumper=_Plain, sort_keys=False, width=1_000_000, allow_unicode=True)
        result[ROOT / "crds" / name] = content
        result[ROOT / "charts" / "registry-operator" / "files" / "crds" / name] = content
    result[ROOT / "docs" / "reference.md"] = reference.page(definitions)
    result[ROOT / "docs" / "metrics.md"] = metrics.page()
    result |= monitoring()
    return result


def monitoring() -> dict[Path, str]:
    """The dashboard, and what the manifests hold of it and of the chart's alerts (kustomize reads nothing outside)."""
    chart = ROOT / "charts" / "registry-operator" / "files" / "monitoring"
    manifests = ROOT / "manifests" / "monitoring"
    rules = (chart / "rules.yaml").read_text().replace("RUNBOOKS", RUNBOOKS).replace("LEASE", "registry-operator")
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "registry-operator"},
        "spec": yaml.safe_load(rules),
    }
    head = "# Made from the chart's rules.yaml by `make docs`; edit there.\n"
    return {
        chart / "dashboard.json": dashboard.document(),
        manifests / "registry-operator.json": dashboard.document(),
        manifests / "prometheusrule.yaml": head + yaml.dump(rule, Dumper=_Plain, sort_keys=False, width=1_000_000),
    }
