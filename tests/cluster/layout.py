"""Where each file of one cluster lies; a cluster is one folder, and deleting it deletes the cluster's memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/var/lib/registry-operator-clusters")
LOCK = Path("/run/lock/registry-operator-clusters")
NODE_NAME = "node1"

# Folders that kubelet and the network plugins use whatever they are told, and what stands for them on a node.
FIXED_FOLDERS = {"/var/lib/kubelet": "kubelet", "/var/lib/cni": "cni-cache"}


@dataclass(frozen=True)
class Layout:
    """The paths of a cluster's folder."""

    folder: Path

    @property
    def state(self) -> Path:
        """What `up` decided: mode and addresses, as JSON."""
        return self.folder / "cluster.json"

    @property
    def plan(self) -> Path:
        """What the node's first process starts, as JSON."""
        return self.folder / "plan.json"

    @property
    def pid(self) -> Path:
        """The node's first process, as the host sees it."""
        return self.folder / "node.pid"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, user: str) -> Path:
        return self.folder / f"{user}.kubeconfig"

    @property
    def audit_policy(self) -> Path:
        return self.folder / "audit-policy.json"

    @property
    def audit_log(self) -> Path:
        """The requests of the user that the cluster was told to audit, a JSON document on each line."""
        return self.folder / "audit.log"

    @property
    def containerd_socket(self) -> Path:
        return self.folder / "containerd.sock"

    @property
    def runtime_state(self) -> Path:
        """What containerd knows of running containers only."""
        return self.folder / "containerd" / "state"

    @property
    def registry_trust(self) -> Path:
        """containerd's folder of hosts.toml files: one folder for each registry that the node trusts."""
        return self.folder / "certs.d"

    @property
    def hosts(self) -> Path:
        """The node's /etc/hosts."""
        return self.folder / "hosts"

    @property
    def resolv_conf(self) -> Path:
        """The node's /etc/resolv.conf."""
        return self.folder / "resolv.conf"

    @property
    def pod_logs(self) -> Path:
        """The logs of pods: a folder for each pod, a file for each start of a container."""
        return self.folder / "pod-logs"

    @property
    def cgroup(self) -> str:
        """The name of the control group that holds the containers; engines and clusters may share a name."""
        return f"{self.folder.parent.name}-{self.folder.name}"

    def gate(self, name: str) -> Path:
        """A file that lets waiting programs start; see plan.Process.after."""
        return self.folder / "gates" / name
