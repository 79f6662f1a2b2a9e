"""Where a run takes place: a fresh control plane, the players, the bench's eyes, operators as they are installed."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from registry_operator.kube.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
)
from tests.bench import meter, workloads
from tests.bench.audit import Audit
from tests.bench.players import Players
from tests.bench.watcher import Watcher
from tests.bench.workloads import Workload
from tests.cluster import machine
from tests.cluster.local import LocalCluster, names
from tests.stage.kube import Kube
from tests.stage.process import Operator
from tests.stage.waiting import eventually

ROOT = Path(__file__).parents[2]
Object = dict[str, Any]
HOME, ACCOUNT = "registry-operator", "registry-operator"
USER = f"system:serviceaccount:{HOME}:{ACCOUNT}"
WATCHED: tuple[Kind, ...] = (DEPLOYMENT, SERVICE, SERVICE_ACCOUNT, CONFIG_MAP)
THREADS = 16


@dataclass
class Arena:
    """One control plane and all that is needed to measure on it."""

    cluster: LocalCluster
    kube: Kube
    workload: Workload
    folder: Path
    players: Players
    watcher: Watcher
    audit: Audit
    operators: dict[str, Operator] = field(default_factory=dict)  # by identity
    ends: list[str] = field(default_factory=list)
    """Of operators that ended by themselves, each with the code and its last words."""

    # ---------------------------------------------------------------- processes
    @property
    def processes(self) -> dict[str, int]:
        """All whose CPU time is told, by name."""
        first = machine.pid(self.cluster.layout)
        found = {"bench": os.getpid(), "players": self.players.pid}
        return found | (meter.control_plane(first) if first else {})

    def operator(self, *, kubeconfig: Path | None = None) -> Operator:
        """One that is not started yet, with the settings of an installation: leader election, JSON logs."""
        identity = f"bench-{len(self.operators) + 1}"
        settings = {
            "LEADER_ELECTION": "Enabled",
            "LEASE_NAMESPACE": HOME,
            "IDENTITY": identity,
            "PROBE_RESOLVER": self.players.resolver,
        }
        made = Operator(kubeconfig or self.token_kubeconfig(), self.folder / identity, settings)
        self.operators[identity] = made
        return made

    def token_kubeconfig(self) -> Path:
        """How a pod of the operator's would ask: with a token of its service account."""
        request: Object = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        request["spec"] = {"expirationSeconds": 86400}
        path = f"/api/v1/namespaces/{HOME}/serviceaccounts/{ACCOUNT}/token"
        token = self.kube.request("POST", path, request)["status"]["token"]
        return write_kubeconfig(self.folder / "operator.kubeconfig", self.kube.cluster, {"token": token})

    def supervise(self, over: threading.Event) -> None:
        """What a kubelet does: an operator that gave up (one without its Lease must) is started again."""
        while not over.wait(0.5):
            for identity, operator in list(self.operators.items()):
                code = operator.exited()
                if code is not None and code > 0:  # one that was stopped ends with 0, a killed one with less
                    self.ends.append(f"{identity} ended by itself with {code}: {_last_error(operator)}")
                    operator.start(wait=False)

    # ---------------------------------------------------------------- objects
    def furnish(self, size: int) -> None:
        """The namespaces, before any clock runs."""
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._namespace, workloads.namespaces(size)))

    def _namespace(self, name: str) -> Object:
        return self.kube.apply(NAMESPACE, {"metadata": {"name": name}})

    def keys(self, size: int) -> list[tuple[str, str]]:
        return [(workloads.namespace(index), workloads.name(index)) for index in range(size)]


def _last_error(operator: Operator) -> str:
    """The message of the last error that it logged (JSON lines)."""
    lines = [line for line in operator.log().splitlines() if '"level": "error"' in line and '"exception"' not in line]
    return str(json.loads(lines[-1])["message"]) if lines else operator.tail(1)


def write_kubeconfig(path: Path, cluster: Object, user: Object) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "clusters": [{"name": "bench", "cluster": cluster}],
        "users": [{"name": "bench", "user": user}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench", "namespace": HOME}}],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document))
    return path


@contextlib.contextmanager
def control_plane() -> Iterator[LocalCluster]:
    """A fresh one of this process alone; those of processes that were killed are cleared away first."""
    for name in names():
        owner = name.removeprefix("bench-")
        if owner.isdigit() and not Path("/proc", owner).exists():
            LocalCluster(name).down()
    cluster = LocalCluster(f"bench-{os.getpid()}", control_plane_only=True, audited=USER)
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.down()


def install(kube: Kube, workload: Workload) -> None:
    """The CRDs, the operator's permissions, and what the workload needs."""
    for crd in sorted((ROOT / "crds").glob("*.teamregistry.io.yaml")):
        kube.apply_file(crd.read_text())
    kube.apply(NAMESPACE, {"metadata": {"name": HOME}})
    kube.apply_file((ROOT / "manifests/cluster-wide/rbac.yaml").read_text())
    kube.apply_file((ROOT / "manifests/base/rbac-leader-election.yaml").read_text())
    account = {"metadata": {"namespace": HOME, "name": ACCOUNT}}
    kube.apply(SERVICE_ACCOUNT, account)
    eventually(lambda: kube.serves(workload.kind), "the API of the CRD")
    workload.prepare(kube)


@contextlib.contextmanager
def arena(workload: Workload) -> Iterator[Arena]:
    """All of it, and nothing of it afterwards; the operators' logs go with the folder."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        cluster = stack.enter_context(control_plane())
        kube = stack.enter_context(contextlib.closing(Kube(cluster.kubeconfig)))
        install(kube, workload)
        players = stack.enter_context(Players(cluster.kubeconfig, folder))
        watcher = stack.enter_context(Watcher(cluster.kubeconfig, workload.kind, WATCHED))
        audit = Audit(cluster.layout.audit_log)
        made = Arena(cluster, kube, workload, folder, players, watcher, audit)
        over = threading.Event()
        kubelet = threading.Thread(target=made.supervise, args=(over,), daemon=True)
        kubelet.start()
        try:
            yield made
        finally:
            over.set()
            kubelet.join(5)
            for operator in made.operators.values():
                operator.end()
