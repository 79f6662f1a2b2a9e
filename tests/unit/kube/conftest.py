"""What the tests of the credentials share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from registry_operator.kube.auth import ClusterConfig, load
from tests.unit.kube.credentials import Write


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Write a kubeconfig with this user and cluster, and load it."""

    def write(user: dict[str, Any] | None = None, **cluster: Any) -> ClusterConfig:
        content: dict[str, Any] = {
            "current-context": "one",
            "contexts": [{"name": "one", "context": {"cluster": "c", "namespace": "team-a"}}],
            "clusters": [{"name": "c", "cluster": {"server": "http://localhost:8001", **cluster}}],
        }
        if user is not None:
            content["contexts"][0]["context"]["user"] = "u"
            content["users"] = [{"name": "u", "user": user}]
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(content))
        return load(None, {"KUBECONFIG": str(path)})

    return write
