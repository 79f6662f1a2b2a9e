"""Which cluster: `CLUSTER=auto|local|kind|context:NAME`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from tests.cluster import kind
from tests.cluster.context import ContextCluster
from tests.cluster.errors import ClusterError
from tests.cluster.kind import KindCluster
from tests.cluster.local import LocalCluster, names


class Cluster(Protocol):
    """What the demo needs of any cluster."""

    name: str
    registry_images: Mapping[str, str]  # images to use for a line instead of the chart's

    @property
    def kubeconfig(self) -> Path: ...

    def up(self) -> None: ...

    def down(self) -> None: ...

    def load(self, archive: Path) -> None: ...

    def trust(self, host: str, ca: str, address: str) -> None: ...


def choose(name: str, *, say: Callable[[str], None], environ: Mapping[str, str] = os.environ) -> Cluster:
    """A cluster of this name as the environment wants it. The current context is never taken unless named."""
    wanted = environ.get("CLUSTER") or "auto"
    if wanted == "auto":
        # One that stands already stays the one that is meant: the demo tells people to talk to an engine of its own.
        wanted = "kind" if name not in names() and kind.engine_answers() else "local"
    if wanted == "local":
        return LocalCluster(name, say=say)
    if wanted == "kind":
        return KindCluster(name, say=say)
    prefix, _, context = wanted.partition(":")
    if prefix == "context" and context:
        return ContextCluster(context)
    raise ClusterError(f"CLUSTER={wanted} is unknown: use auto, local, kind or context:NAME")
