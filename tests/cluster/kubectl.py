"""The two clients that tests and the demo call: from PATH when they are there, else from pinned wheels."""

from __future__ import annotations

import functools
import platform
import shutil
from pathlib import Path

from tests.cluster import wheels
from tests.cluster.errors import ClusterError


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
