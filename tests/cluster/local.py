"""A cluster on this machine: up, down, exec, load.

cluster = LocalCluster("mine", control_plane_only=True)
cluster.up()          # a second up() finds it running and does nothing
cluster.kubeconfig    # a file that needs no other
cluster.down()        # nothing is left
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cluster import addons, cgroups, control_plane, credentials, images, machine, preconditions, trust, worker
from tests.cluster import addresses as address_plan
from tests.cluster.addresses import Addresses
from tests.cluster.api import Api, apply
from tests.cluster.errors import ClusterError
from tests.cluster.layout import FIXED_FOLDERS, LOCK, NODE_NAME, ROOT, Layout
from tests.cluster.plan import Network, Plan, Process
from tests.cluster.programs import Programs, programs
from tests.cluster.shell import run, wait_until

DEVICE = "node0"  # the node's end of the wire
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")  # short, because paths of sockets may have 107 characters


def _silent(_: str) -> None:
    return None


class LocalCluster:
    """One cluster of this machine, known by its name; other processes reach the same one by the same name."""

    registry_images: Mapping[str, str] = {"2": images.REGISTRY_2, "3": images.REGISTRY_3}

    def __init__(
        self,
        name: str = "default",
        *,
        control_plane_only: bool = False,
        cert_manager: bool = True,
        audited: str = "",
        say: Callable[[str], None] = _silent,
    ) -> None:
        if not NAME.fullmatch(name):
            raise ClusterError(
                f"{name!r} is no name for a cluster: use at most 32 of a-z, 0-9 and -, such as {NODE_NAME}"
            )
        self.name = name
        self.layout = Layout(ROOT / name)
        self._mode = {"control_plane_only": control_plane_only, "cert_manager": cert_manager, "audited": audited}
        self._say = say

    @property
    def control_plane_only(self) -> bool:
        return bool(self._mode["control_plane_only"])

    @property
    def kubeconfig(self) -> Path:
        return self.layout.kubeconfig

    @property
    def addresses(self) -> Addresses:
        return Addresses(int(self._state()["index"]))

    @property
    def node_ip(self) -> str:
        """The node's address: NodePorts answer here, and the API server on port 6443."""
        return self.addresses.node

    @property
    def running(self) -> bool:
        return machine.pid(self.layout) is not None

    def up(self) -> None:
        """Start the cluster and return when it works; keep one that runs as wanted."""
        preconditions.check(control_plane_only=self.control_plane_only)
        if self.running and self._state().get("mode") == self._mode and Api(self.layout, self.addresses).ready():
            self._say(f"cluster {self.name} is running")
            return
        self.down()
        built = programs(*self._needed())
        addresses = self._claim_addresses()
        try:
            self._start(built, addresses)
        except BaseException:
            self._stop()  # the folder stays: its logs tell why
            self._say(f"the logs are in {self.layout.logs} until the next up or down")
            raise

    def down(self) -> None:
        """End the cluster and delete all of it; fine when there is none."""
        if not self.layout.folder.exists():
            return
        self._stop()
        end = time.monotonic() + 30
        while self.layout.folder.exists():
            try:
                shutil.rmtree(self.layout.folder)
            except FileNotFoundError:
                continue  # somebody else deletes it too
            except OSError as error:
                if time.monotonic() > end:
                    raise ClusterError(f"cannot delete {self.layout.folder}: {error}") from error
                time.sleep(0.1)
        with _lock():
            if not names():
                for folder in (ROOT, *map(Path, FIXED_FOLDERS)):
                    with contextlib.suppress(OSError):  # somebody else's, with content
                        folder.rmdir()

    def crash(self) -> None:
        """End the node as a power cut does: every process at once, and what lies in memory. `boot` starts it again."""
        if not self.running:
            raise ClusterError(f"cluster {self.name} is not running")
        self._stop()

    def boot(self) -> None:
        """Start a crashed node on what its disk holds; return when it works again."""
        if self.running:
            raise ClusterError(f"cluster {self.name} is running: only one that has crashed can boot")
        addresses, self._mode = self.addresses, self._state()["mode"]
        shutil.rmtree(self.layout.runtime_state, ignore_errors=True)  # as /run, which no machine finds again
        self.layout.containerd_socket.unlink(missing_ok=True)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        api = self._power_on(addresses)
        if not self.control_plane_only:
            self._wait_for_node(api, since)

    def exec(self, argv: Sequence[str], *, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command on the node."""
        return run(*machine.inside(self.layout, *argv), check=check, timeout=timeout)

    def load(self, archive: Path) -> None:
        """Give the node's containerd an image archive, as written by `docker save`, buildah or skopeo."""
        if not archive.is_file():
            raise ClusterError(f"there is no image archive {archive}")
        with archive.open("rb") as content:
            argv = machine.inside(self.layout, *self._ctr, "images", "import", "--digests", "-")
            result = subprocess.run(argv, stdin=content, capture_output=True, text=True, timeout=300, check=False)
        if result.returncode:
            raise ClusterError(f"containerd refuses {archive}: {result.stderr.strip()}")

    def trust(self, host: str, ca: str, address: str) -> None:
        """Let the node pull from a registry: by this name, at this address (its ClusterIP), vouched for by this CA."""
        trust.name_host(self.layout.hosts, host, address)
        trust.containerd(self.layout.registry_trust, host, ca)

    @property
    def _ctr(self) -> tuple[str, ...]:
        return ("ctr", "--address", str(self.layout.containerd_socket), "--namespace", "k8s.io")

    def _needed(self) -> list[str]:
        names = ["kubernetes"]
        if self._mode["cert_manager"]:
            names.append("cert-manager")
        if not self.control_plane_only:
            names += ["coredns", "local-path-provisioner", "pause", "lookup", "crane", "registry"]
        return names

    def _state(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads(self.layout.state.read_text())
        except FileNotFoundError:
            raise ClusterError(f"there is no cluster {self.name}: call up() first") from None
        return state

    def _claim_addresses(self) -> Addresses:
        """Choose addresses and write them down under a lock: two clusters that start at once get different ones."""
        with _lock():
            taken = [json.loads(state.read_text())["index"] for state in ROOT.glob("*/cluster.json")]
            chosen = address_plan.free(taken, address_plan.routed_networks())
            self.layout.logs.mkdir(parents=True)
            self.layout.state.write_text(json.dumps({"index": chosen.index, "mode": self._mode}))
        return chosen

    def _start(self, built: Programs, addresses: Addresses) -> None:
        layout = self.layout
        (layout.folder / "gates").mkdir()
        layout.hosts.write_text(f"127.0.0.1 localhost\n{addresses.node} {NODE_NAME}\n")
        layout.resolv_conf.write_text("# A node asks nobody: it knows no names but those of its hosts file.\n")
        credentials.write(layout, addresses, f"registry-operator-{self.name}")
        Plan(
            folder=str(layout.folder),
            hostname=NODE_NAME,
            network=Network(DEVICE, addresses.node, addresses.link, addresses.host),
            mounts=self._mounts(),
            processes=self._processes(built, addresses),
        ).write(layout.plan)
        api = self._power_on(addresses)
        if not self.control_plane_only:
            self._furnish(addresses)
        if self._mode["cert_manager"]:
            self._give_cert_manager(built)
        self._wait_for_namespace_default(api)
        if not self.control_plane_only:
            self._wait_for_node(api)

    def _power_on(self, addresses: Addresses) -> Api:
        """The node's first process with all that the plan names, its wire, and an API server that answers."""
        if not self.control_plane_only:
            cgroups.create(self.layout.cgroup)
        self._connect(addresses, machine.start(self.layout))
        api = Api(self.layout, addresses)
        wait_until("the API server", api.ready, seconds=90, hint=f"see {self.layout.logs}")
        return api

    def _mounts(self) -> dict[str, str]:
        mounts: dict[str, str] = {}
        if self.control_plane_only:
            return mounts
        for target, name in FIXED_FOLDERS.items():
            Path(target).mkdir(parents=True, exist_ok=True)
            (self.layout.folder / name).mkdir()
            mounts[target] = str(self.layout.folder / name)
        return mounts

    def _processes(self, built: Programs, addresses: Addresses) -> list[Process]:
        processes = control_plane.processes(
            self.layout,
            addresses,
            built,
            cert_manager=bool(self._mode["cert_manager"]),
            audited=str(self._mode["audited"]),
        )
        return processes if self.control_plane_only else processes + worker.processes(self.layout, addresses, built)

    def _furnish(self, addresses: Addresses) -> None:
        """Images, DNS and storage, while kubelet starts."""
        apply(self.layout, objects=[*addons.dns(addresses), *addons.storage(self.layout)])
        self.layout.gate(worker.STORAGE_READY).touch()
        wait_until("containerd", lambda: not self.exec([*self._ctr, "version"], check=False).returncode)
        for archive in images.archives():
            self.load(archive)

    def _wait_for_node(self, api: Api, since: str = "") -> None:
        """Until kubelet says that it is ready, and says so later than `since` (RFC 3339)."""

        def ready() -> bool:
            node = api.get(f"/api/v1/nodes/{NODE_NAME}")[1] or {}
            conditions = node.get("status", {}).get("conditions", [])
            return any(
                each["type"] == "Ready" and each["status"] == "True" and each["lastHeartbeatTime"] >= since
                for each in conditions
            )

        wait_until("the node's readiness", ready, seconds=90, hint=f"see {self.layout.logs}/kubelet.log")

    def _connect(self, addresses: Addresses, pid: int) -> None:
        """A wire between the host and the node, and the routes that make the node a second machine."""
        device = addresses.device
        run("ip", "link", "add", device, "type", "veth", "peer", "name", DEVICE, "netns", str(pid))
        run("ip", "addr", "add", f"{addresses.host}/{addresses.link}", "dev", device)
        run("ip", "link", "set", device, "up")
        for network in (addresses.services, addresses.pods):
            run("ip", "route", "replace", str(network), "via", addresses.node, "dev", device)

    def _wait_for_namespace_default(self, api: Api) -> None:
        """The controllers run once a namespace has its service account and the cluster's CA; then pods are admitted."""
        path = "/api/v1/namespaces/default"

        def admitted() -> bool:
            wanted = (f"{path}/serviceaccounts/default", f"{path}/configmaps/kube-root-ca.crt")
            return all(api.get(object_path)[0] == 200 for object_path in wanted)

        wait_until("the controllers of namespace default", admitted, hint=f"see {self.layout.logs}")

    def _give_cert_manager(self, built: Programs) -> None:
        apply(self.layout, files=[str(path) for path in built.cert_manager_crds])
        apply(self.layout, objects=[addons.namespace("cert-manager")])
        self.layout.gate(control_plane.CRDS_READY).touch()

    def _stop(self) -> None:
        machine.stop(self.layout)
        cgroups.remove(self.layout.cgroup)
        if self.layout.state.exists():
            run("ip", "link", "del", self.addresses.device, check=False)


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """One process at a time hands out what clusters share: addresses and fixed folders."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def names() -> list[str]:
    """The clusters that have a folder on this machine, running or failed."""
    return sorted(state.parent.name for state in ROOT.glob("*/cluster.json") if os.access(state, os.R_OK))
