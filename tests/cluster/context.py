"""A cluster that the user has and names: nothing of it is started or ended here, and its nodes are left alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.cluster import cache
from tests.cluster.errors import ClusterError
from tests.cluster.kubectl import kubectl_path
from tests.cluster.shell import run


class ContextCluster:
    """A context of the user's kubeconfig, copied out of it: the user's file and current context stay as they are."""

    registry_images: Mapping[str, str] = {}

    def __init__(self, context: str) -> None:
        self.name = context
        self.kubeconfig = cache.root() / "contexts" / f"{cache.digest([context])}.kubeconfig"

    def up(self) -> None:
        config = run(str(kubectl_path()), "config", "view", "--raw", "--minify", "--flatten", f"--context={self.name}")
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(config.stdout)
        answer = run(str(kubectl_path()), f"--kubeconfig={self.kubeconfig}", "version", check=False)
        if answer.returncode:
            raise ClusterError(f"the cluster of context {self.name} does not answer:\n{answer.stderr.strip()}")

    def down(self) -> None:
        self.kubeconfig.unlink(missing_ok=True)

    def load(self, archive: Path) -> None:
        raise ClusterError(
            f"{archive} cannot be loaded into the nodes of context {self.name}: push it to a registry that they reach"
        )

    def trust(self, host: str, ca: str, address: str) -> None:
        raise ClusterError(
            f"the nodes of context {self.name} are not changed from here: docs/getting-started.md, step 4, tells how "
            f"they come to trust {host} at {address}"
        )
