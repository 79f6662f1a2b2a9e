"""What must be true before a cluster can start here; each answer says what to do about it."""

from __future__ import annotations

import os
import platform

from tests.cluster import packages
from tests.cluster.errors import ClusterError


def check(*, control_plane_only: bool) -> None:
    """Raise with the way out when this machine or user cannot run a cluster; install what is missing."""
    check_system()
    packages.require(packages.CONTROL_PLANE if control_plane_only else packages.NODE)


def check_system() -> None:
    """Linux and root."""
    if platform.system() != "Linux":
        raise ClusterError(
            f"a local cluster needs Linux, this is {platform.system()}: use CLUSTER=kind or CLUSTER=context:NAME"
        )
    if os.geteuid() != 0:
        raise ClusterError(
            "a local cluster needs root, because its node is made of Linux namespaces with containers in them: "
            "run the same command with sudo, or use CLUSTER=kind or CLUSTER=context:NAME"
        )
