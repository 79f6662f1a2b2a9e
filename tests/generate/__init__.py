"""Makes the committed files that follow from others.

`python -m tests.generate` writes them; a unit test says when one is stale.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from crds.schema.definitions import all_definitions
from tests.generate import reference

ROOT = Path(__file__).parents[2]
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
    return result
