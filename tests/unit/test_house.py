"""The rules of the house that need no understanding: sizes, places, links, verbs, and what may not stand in a file."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT = 300
GENERATED = (
    "charts/registry-operator/files/crds/",
    "charts/registry-operator/files/monitoring/dashboard.json",
    "crds/registries.teamregistry.io.yaml",
    "docs/reference.md",
    "manifests/monitoring/registry-operator.json",
    "tests/cluster/programs/go.sum",
    "tests/golden/",
)
LONGER = {"charts/registry-operator/values.schema.json"}  # one JSON document, half of its lines braces
TOP = {
    ".ci", ".dockerignore", ".gitignore", "CHANGELOG.md", "Dockerfile", "LICENSE", "Makefile", "README.md",
    "SECURITY.md", "charts", "crds", "docs", "manifests", "operator", "pyproject.toml", "tests",
}  # fmt: skip
# Written apart, so that this file does not find itself.
PACKAGE_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("proxy", "golang", "org"), ("sum", "golang", "org"),
        ("deb", "debian", "org"), ("security", "debian", "org"), ("archive", "ubuntu", "com"), ("npmjs", "org"),
    )
]  # fmt: skip
MACHINE_PATHS = ["/".join(("", *parts, "")) for parts in (("work",), ("tmp", "wt"), ("tmp", "venv"), ("home", "user"))]


@cache
def files() -> list[Path]:
    """Every file of the repository, committed or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [Path(name) for name in sorted(set(listed)) if name and (ROOT / name).is_file()]


def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def documents() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def test_nothing_unknown_stands_at_the_top() -> None:
    assert {path.parts[0] for path in files()} <= TOP


def test_files_fit_in_a_head() -> None:
    """A longer file is a question: split it where a reader would look for it."""
    written = [str(path) for path in files() if not str(path).startswith(GENERATED)]
    assert {path for path in written if len(text(Path(path)).splitlines()) > LIMIT} == LONGER


@pytest.mark.parametrize("word", [*PACKAGE_HOSTS, *MACHINE_PATHS])
def test_no_file_names_a_package_registry_or_a_path_of_one_machine(word: str) -> None:
    """Both differ from place to place: pip, Go and apt are configured where they run."""
    assert not [str(path) for path in files() if word in text(path)]


def anchors(path: Path) -> set[str]:
    """The anchors that a forge makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text(path), flags=re.M | re.S), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```", "", text(path), flags=re.M | re.S)
    return re.findall(r"\]\(([^)\s]+)\)", prose)


@pytest.mark.parametrize("path", documents(), ids=str)
def test_links_of_the_documentation_resolve(path: Path) -> None:
    for link in links(path):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / path).parent / name if name else ROOT / path
        assert target.exists(), f"{path}: {link}"
        if anchor:
            assert anchor in anchors(target.resolve().relative_to(ROOT)), f"{path}: {link}"


def test_every_page_is_found_from_the_index() -> None:
    pages = {str(path.relative_to("docs")) for path in documents() if path.parts[0] == "docs"} - {"index.md"}
    assert pages <= set(links(Path("docs/index.md")))


def test_the_readme_stays_short() -> None:
    readme = text(Path("README.md"))
    assert len(readme.splitlines()) <= 200
    assert "\nmake demo\n" in readme
    assert "\nmake test\n" in readme


def verbs() -> dict[str, str]:
    """Each target of the Makefile that a person calls, and its line of help."""
    return dict(re.findall(r"^([a-z][a-z0-9-]*):[^=\n]*?(?: ## (.+))?$", text(Path("Makefile")), flags=re.M))


def test_every_verb_is_described() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text(Path("Makefile")), flags=re.M)
    assert set(phony.split()) == verbs().keys()
    assert all(verbs().values())
    documented = set(re.findall(r"`make ([a-z0-9-]+)`", text(Path("docs/development.md"))))
    assert documented == verbs().keys()
