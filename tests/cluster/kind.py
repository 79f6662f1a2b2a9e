"""A cluster by kind, in containers of the machine's Docker engine, with a kubeconfig file of its own.

Its nodes pull public images from the hub, and cert-manager comes from its release: both need the internet.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.cluster import cache
from tests.cluster.errors import ClusterError
from tests.cluster.kubectl import Kubectl
from tests.cluster.programs import program
from tests.cluster.shell import run

CERT_MANAGER = "https://github.com/cert-manager/cert-manager/releases/download/v1.20.0/cert-manager.yaml"


def engine_answers() -> bool:
    """Does a Docker engine answer to this user?"""
    return shutil.which("docker") is not None and not run("docker", "version", check=False).returncode


def kind() -> str:
    return shutil.which("kind") or str(program("kind"))


class KindCluster:
    """One cluster of one node."""

    registry_images: Mapping[str, str] = {}

    def __init__(self, name: str, *, say: Callable[[str], None]) -> None:
        self.name = name
        self.kubeconfig = cache.root() / "kind" / f"{name}.kubeconfig"
        self._say = say

    def up(self) -> None:
        if not engine_answers():
            raise ClusterError("CLUSTER=kind needs a Docker engine that answers: start it, or take CLUSTER=local")
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        where = ("--name", self.name, "--kubeconfig", str(self.kubeconfig))
        if self.name in run(kind(), "get", "clusters").stdout.split():
            run(kind(), "export", "kubeconfig", *where)
        else:
            self._say("kind makes a cluster (it may pull its node image first) …")
            run(kind(), "create", "cluster", *where, "--wait", "180s", timeout=900)
        kubectl = Kubectl(self.kubeconfig)
        kubectl("apply", "--server-side", "--filename", CERT_MANAGER, timeout=180)
        kubectl("wait", "--namespace=cert-manager", "--for=condition=Available", "--timeout=300s",
                "deployment", "--all", timeout=310)  # fmt: skip

    def down(self) -> None:
        run(kind(), "delete", "cluster", "--name", self.name, "--kubeconfig", str(self.kubeconfig), timeout=120)
        self.kubeconfig.unlink(missing_ok=True)

    def load(self, archive: Path) -> None:
        run(kind(), "load", "image-archive", str(archive), "--name", self.name, timeout=300)

    def trust(self, host: str, ca: str, address: str) -> None:
        """As on any node with containerd: a name, a CA and a hosts.toml, written inside the node's container."""
        folder = f"/etc/containerd/certs.d/{host}"
        toml = f'server = "https://{host}"\n\n[host."https://{host}"]\n  ca = "{folder}/ca.crt"\n'
        self._on_node(f"mkdir -p {folder} && cat > {folder}/ca.crt", ca)
        self._on_node(f"cat > {folder}/hosts.toml", toml)
        self._on_node("cat >> /etc/hosts", f"{address} {host.partition(':')[0]}\n")

    def _on_node(self, script: str, content: str) -> None:
        for node in run(kind(), "get", "nodes", "--name", self.name).stdout.split():
            run("docker", "exec", "--interactive", node, "sh", "-c", script, input=content)
