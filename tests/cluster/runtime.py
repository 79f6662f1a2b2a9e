"""containerd's and the pod network's configuration.

The network is the plain `ptp` plugin: a wire and a route for each pod. A bridge works too, but needs bridged packets to
pass the firewall (a kernel module and a sysctl), and with one node it joins nothing. Pods and Services are routed from
the host, so nothing is masqueraded on the way and a registry's log shows who called.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.cluster.addresses import Addresses
from tests.cluster.layout import Layout
from tests.cluster.shell import run

PAUSE_IMAGE = "registry.k8s.io/pause:3.10.1"
PLUGINS = ("/usr/lib/cni", "/opt/cni/bin")  # Debian and Ubuntu; everybody else

_CONFIGURATION = """version = 2
root = "{folder}/containerd/root"
state = "{folder}/containerd/state"

[grpc]
  address = "{socket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Without CAP_SYS_RESOURCE (many virtual machines and containers) runc may not lower its score and would die.
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{folder}/cni"

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{trust}"
"""


def plugin_folder() -> Path:
    """Where this machine keeps the network plugins."""
    folders = [Path(folder) for folder in PLUGINS]
    return next((folder for folder in folders if (folder / "ptp").exists()), folders[0])


def _snapshotter(folder: Path) -> str:
    """An overlay cannot lie on an overlay, which is what a folder inside a container is."""
    kind = run("stat", "--file-system", "--format=%T", str(folder)).stdout.strip()
    return "native" if kind == "overlayfs" else "overlayfs"


def write(layout: Layout, addresses: Addresses) -> Path:
    """Write all of it; return containerd's file."""
    layout.registry_trust.mkdir()
    network = layout.folder / "cni"
    network.mkdir()
    (network / "10-pods.conflist").write_text(json.dumps(_network(layout, addresses), indent=2))
    path = layout.folder / "containerd.toml"
    path.write_text(
        _CONFIGURATION.format(
            folder=layout.folder,
            socket=layout.containerd_socket,
            pause=PAUSE_IMAGE,
            snapshotter=_snapshotter(layout.folder),
            plugins=plugin_folder(),
            trust=layout.registry_trust,
        )
    )
    return path


def _network(layout: Layout, addresses: Addresses) -> dict[str, object]:
    allocation = {
        "type": "host-local",
        "dataDir": f"{layout.folder}/pod-addresses",
        "ranges": [[{"subnet": str(addresses.pods)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    plugins = [{"type": "ptp", "ipMasq": False, "ipam": allocation}]
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": plugins}
