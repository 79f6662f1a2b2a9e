"""One control plane for each worker of the test run; each test has a namespace of its own on it.

The operator runs with the permissions of the shipped manifests, so that a rule that is missing there fails here.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from registry_operator.kube.kinds import BACKEND_TLS_POLICY, HTTP_ROUTE, NAMESPACE, POD_MONITOR, REGISTRY, TLS_ROUTE
from tests.apiserver.registries import Subject
from tests.cluster import foreign_crds
from tests.cluster.local import LocalCluster, names
from tests.stage.kube import Kube
from tests.stage.stage import Stage, StagedOperator
from tests.stage.waiting import eventually

ROOT = Path(__file__).parents[2]
CRD = ROOT / "crds/registries.teamregistry.io.yaml"
ACCOUNT = "registry-operator:registry-operator"


@pytest.fixture(scope="session")
def control_plane() -> Iterator[LocalCluster]:
    """etcd, kube-apiserver, the controllers and cert-manager, with our CRD and those of others that we fill."""
    with running_cluster("apiserver") as cluster:
        with contextlib.closing(Kube(cluster.kubeconfig)) as kube:
            define(kube)
        yield cluster


def define(kube: Kube) -> None:
    """Our CRD and those of others that the operator fills."""
    kube.apply_file(CRD.read_text())
    for path in (*foreign_crds.gateway_api(), *foreign_crds.prometheus_operator()):
        kube.apply_file(path.read_text())
    kinds = (REGISTRY, HTTP_ROUTE, TLS_ROUTE, BACKEND_TLS_POLICY, POD_MONITOR)
    eventually(lambda: all(kube.serves(kind) for kind in kinds), "the APIs of the CRDs")


@contextlib.contextmanager
def running_cluster(prefix: str, *, cert_manager: bool = True) -> Iterator[LocalCluster]:
    """A control plane of this process alone; those of processes that were killed are cleared away first."""
    for name in names():
        owner = name.removeprefix(f"{prefix}-")
        if owner.isdigit() and not Path("/proc", owner).exists():
            LocalCluster(name).down()
    cluster = LocalCluster(f"{prefix}-{os.getpid()}", control_plane_only=True, cert_manager=cert_manager)
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.down()


@pytest.fixture(scope="session")
def stage(control_plane: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Actors and stub registry for all namespaces of the control plane."""
    with Stage(control_plane.kubeconfig, tmp_path_factory.mktemp("stage")) as stage:
        grant(stage.kube)
        yield stage


def grant(kube: Kube) -> None:
    """Give the operator's account what the manifests give it for the whole cluster."""
    kube.apply(NAMESPACE, {"metadata": {"name": ACCOUNT.partition(":")[0]}})
    kube.apply_file((ROOT / "manifests/cluster-wide/rbac.yaml").read_text())
    kube.apply_file((ROOT / "manifests/base/rbac-leader-election.yaml").read_text())


@pytest.fixture
def kube(stage: Stage) -> Kube:
    """The cluster's administrator, past the proxy."""
    return stage.kube


@pytest.fixture
def namespace(stage: Stage, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace named after the test; its end is asked for, not waited for."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())
    name = f"{words[:40].strip('-')}-{uuid.uuid4().hex[:6]}"
    stage.kube.create(NAMESPACE, {"metadata": {"name": name}})
    yield name
    stage.kube.delete(NAMESPACE, None, name, missing=True)


class Operators:
    """At most one at a time: two on the same objects would be a test of something else.

    Tests without wishes share one, which ends when a test asks for its own.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._shared: StagedOperator | None = None
        self._own: list[StagedOperator] = []

    def shared(self) -> StagedOperator:
        if self._shared is None:
            self._shared = self._stage.operator(service_account=ACCOUNT)
        if not self._shared.alive:
            self._shared.start()
        return self._shared

    def own(self, settings: Mapping[str, str] | None = None, *, account: str = ACCOUNT) -> StagedOperator:
        """One with its own settings and proxy, not started yet."""
        if self._shared is not None:
            self._shared.end()
        made = self._stage.operator(settings, service_account=account)
        self._own.append(made)
        return made

    def end_own(self) -> list[str]:
        """End them; what they logged of exceptions that nobody expected."""
        found = []
        while self._own:
            ended = self._own.pop()
            ended.end()
            found += ended.unhandled()
        return found

    def end(self) -> None:
        self.end_own()
        if self._shared is not None:
            self._shared.end()


@pytest.fixture(scope="session")
def operators(stage: Stage) -> Iterator[Operators]:
    made = Operators(stage)
    yield made
    made.end()


@pytest.fixture
def operator(operators: Operators) -> Iterator[StagedOperator]:
    """The shared operator, running; without rules of earlier tests, and still without a fault at the end."""
    shared = operators.shared()
    before = len(shared.unhandled())
    yield shared
    shared.proxy.rules.clear()
    assert shared.alive, f"the operator ended by itself\n{shared.tail()}"
    assert shared.unhandled()[before:] == []


@pytest.fixture
def own_operator(operators: Operators) -> Iterator[Callable[..., StagedOperator]]:
    """A maker of operators that belong to this test alone."""
    yield operators.own
    assert operators.end_own() == []


@pytest.fixture
def images(stage: Stage, namespace: str) -> Subject:
    """The Registry `images` of the test's namespace (not made yet)."""
    return Subject(stage, namespace, "images")
