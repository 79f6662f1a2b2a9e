"""What Helm and kustomize make of the chart and the manifests, as lists of objects."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import wheels
from tests.cluster.kubectl import helm_path, kubectl_path

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "registry-operator"
NAMESPACE = "registry-operator"
Object = dict[str, Any]


class RenderError(Exception):
    """The tool refused; the text is what it said."""


def _run(*command: str | Path, stdin: str = "") -> str:
    done = subprocess.run([*map(str, command)], input=stdin, text=True, capture_output=True, timeout=120)
    if done.returncode:
        raise RenderError(done.stderr)
    return done.stdout


@functools.cache
def helms() -> dict[str, Path]:
    """Both majors, whatever the machine has: the chart is for both."""
    return {"v3": wheels.helm(wheels.HELM_3), "v4": wheels.helm(wheels.HELM)}


@functools.cache
def _template(values: str, release: str, helm: Path) -> str:
    return _run(
        helm, "template", release, CHART, "--namespace", NAMESPACE, "--kube-version", "1.36.0", "--values", "-",
        stdin=values,
    )  # fmt: skip


def chart(
    values: Object | None = None, *, release: str = "registry-operator", helm: Path | None = None
) -> list[Object]:
    """The objects of the chart for these values (JSON is YAML, so Helm reads it)."""
    rendered = _template(json.dumps(values or {}), release, helm or helm_path())
    return [document for document in yaml.safe_load_all(rendered) if document]


@functools.cache
def _kustomize(folder: str) -> str:
    return _run(kubectl_path(), "kustomize", ROOT / folder)


def kustomize(folder: str) -> list[Object]:
    """The objects of a folder with a kustomization."""
    return [document for document in yaml.safe_load_all(_kustomize(folder)) if document]


def version(helm: Path) -> str:
    return _run(helm, "version", "--short").strip()


def lint(helm: Path) -> str:
    return _run(helm, "lint", "--strict", CHART, "--kube-version", "1.36.0")


def key(document: Object) -> str:
    metadata = document["metadata"]
    return "/".join([document["kind"], metadata.get("namespace", ""), metadata["name"]])


def by_key(documents: list[Object]) -> dict[str, Object]:
    """Objects by kind, namespace and name; a name given twice is an error of the chart's."""
    result: dict[str, Object] = {}
    for document in documents:
        assert key(document) not in result, f"{key(document)} is rendered twice"
        result[key(document)] = document
    return result


def of_kind(documents: list[Object], kind: str) -> list[Object]:
    return [document for document in documents if document["kind"] == kind]
