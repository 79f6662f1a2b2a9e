"""The rules of the house that a tool can check."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_operator_is_a_source_root_and_never_a_package() -> None:
    """`operator/__init__.py` would shadow the standard library's `operator` and break every import."""
    assert sorted(path.name for path in (ROOT / "operator").iterdir() if path.name != "__pycache__") == [
        "registry_operator"
    ]
