"""The committed files that are made from others are those that the generator writes."""

from pathlib import Path

import pytest

from tests.generate import ROOT, files

FILES = files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_up_to_date(path: Path) -> None:
    assert path.read_text() == FILES[path], "run `make docs` and commit what it writes"


def test_no_crd_is_left_over() -> None:
    assert set((ROOT / "crds").glob("*.teamregistry.io.yaml")) == {
        path for path in FILES if path.parent == ROOT / "crds"
    }
