"""Registries for the tests of the builders."""

from __future__ import annotations

from typing import Any

from registry_operator.api.parse import parse
from registry_operator.api.registry import Registry


def registry(spec: dict[str, Any] | None = None, *, name: str = "images", namespace: str = "team-a") -> Registry:
    """A Registry as the API server would return it."""
    metadata = {"name": name, "namespace": namespace, "uid": "u-1", "resourceVersion": "1", "generation": 1}
    return parse({"metadata": metadata, "spec": spec or {}})
