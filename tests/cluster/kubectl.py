"""The two clients that tests and the demo call: from PATH when they are there, else from pinned wheels."""

from __future__ import annotations

import functools
import json
import platform
import shutil
from pathlib import Path
from typing import Any

from tests.cluster import wheels
from tests.cluster.errors import ClusterError
from tests.cluster.shell import Result, run


@functools.cache
def kubectl_path() -> Path:
    """kubectl; any version within one minor release of the cluster's does."""
    found = shutil.which("kubectl")
    return Path(found) if found else wheels.kubectl()


@functools.cache
def helm_path() -> Path:
    """helm 3 or 4."""
    found = shutil.which("helm")
    if found:
        return Path(found)
    if platform.machine() != "x86_64":
        raise ClusterError("helm is missing: install helm 3 or 4 (https://helm.sh/docs/intro/install) and try again")
    return wheels.helm()


class Kubectl:
    """kubectl against one cluster, whatever the environment or the user's own configuration say."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    def __call__(self, *argv: str, input: str | None = None, check: bool = True, timeout: float = 120) -> Result:
        words = [str(kubectl_path()), f"--kubeconfig={self.kubeconfig}", *argv]
        return run(*words, input=input, check=check, timeout=timeout)

    def get(self, *argv: str) -> Any:
        """An object or a list, parsed."""
        return json.loads(self("get", *argv, "--output=json").stdout)
