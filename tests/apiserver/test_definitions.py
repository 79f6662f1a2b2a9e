"""Kinds that come, go and return while the operator runs: cert-manager's and its own.

A control plane of its own, which starts without cert-manager.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from registry_operator.kube.kinds import CERTIFICATE, NAMESPACE, PERSISTENT_VOLUME_CLAIM, REGISTRY, Kind
from tests.apiserver import conftest
from tests.apiserver.conftest import ACCOUNT, CRD
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.cluster.local import LocalCluster
from tests.cluster.programs import programs
from tests.stage.kube import CUSTOM_RESOURCE_DEFINITION, Kube
from tests.stage.stage import Stage, StagedOperator
from tests.stage.traffic import Request
from tests.stage.waiting import eventually, steady

pytestmark = pytest.mark.xdist_group("definitions")


@pytest.fixture(scope="module")
def bare() -> Iterator[LocalCluster]:
    with conftest.running_cluster("bare", cert_manager=False) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def stage(bare: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(bare.kubeconfig, tmp_path_factory.mktemp("bare")) as stage:
        conftest.grant(stage.kube)
        define(stage.kube)
        yield stage


@pytest.fixture
def own(stage: Stage) -> Iterator[StagedOperator]:
    """An operator of this test alone."""
    made = stage.operator(service_account=ACCOUNT)
    made.start()
    yield made
    made.end()
    assert made.unhandled() == []


def define(kube: Kube) -> None:
    kube.apply_file(CRD.read_text())
    eventually(lambda: kube.serves(REGISTRY), "the API of the CRD")


def cert_manager_crds() -> list[Path]:
    return programs("cert-manager").cert_manager_crds


@contextmanager
def cert_manager(cluster: LocalCluster, folder: Path) -> Iterator[None]:
    """Its controllers; they need its CRDs."""
    command = [str(programs("cert-manager").path("cert-manager")), "--kubeconfig", str(cluster.kubeconfig)]
    with (folder / "cert-manager.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.kill()
            process.wait(10)


def asked(operator: StagedOperator, kind: Kind, mark: int = 0) -> list[Request]:
    return [each for each in operator.proxy.requests[mark:] if each.resource == kind.plural]


def test_cert_manager_comes_goes_and_returns(
    own: StagedOperator, bare: LocalCluster, stage: Stage, namespace: str, tmp_path: Path
) -> None:
    """Each time without a restart of the operator, and without an image or a password lost."""
    kube, images, pid = stage.kube, Subject(stage, namespace, "images"), own.pid
    kube.create(NAMESPACE, {"metadata": {"name": "cert-manager"}})
    images.apply({})
    message = images.expect("CertificateReady", "False", "CertManagerMissing")
    assert "spec.tls.selfSigned" in message, "what else may be done"
    assert images.condition("Ready")["status"] == "False"
    steady(lambda: len(asked(own, CERTIFICATE)), quiet=1)
    mark = own.proxy.mark
    eventually(lambda: sum(each.path == "/apis" for each in own.proxy.requests[mark:]) >= 2, "two looks at discovery")
    assert asked(own, CERTIFICATE, mark) == [], "one request for all absent kinds, and none for each of them"
    for crd in cert_manager_crds():
        kube.apply_file(crd.read_text())
    with cert_manager(bare, tmp_path):
        images.ready()
    password, claim = images.secret("-admin", "password"), images.child(PERSISTENT_VOLUME_CLAIM, "-data")
    container = images.container

    for crd in cert_manager_crds():
        kube.delete(CUSTOM_RESOURCE_DEFINITION, None, yaml.safe_load(crd.read_text())["metadata"]["name"])
    images.expect("CertificateReady", "False", "CertManagerMissing")
    assert images.condition("Ready")["status"] == "True", "it serves on"
    mark = own.proxy.mark
    steady(lambda: len(own.proxy.writes(mark, namespace=namespace)), quiet=3)
    eventually(lambda: not kube.serves(CERTIFICATE), "the end of cert-manager's API")

    for crd in cert_manager_crds():
        kube.apply_file(crd.read_text())
    with cert_manager(bare, tmp_path):
        images.ready()
    assert own.pid == pid
    assert images.secret("-admin", "password") == password
    assert images.child(PERSISTENT_VOLUME_CLAIM, "-data")["metadata"]["uid"] == claim["metadata"]["uid"]
    assert container is not None
    assert images.admits("admin", password)


def test_our_own_definition_is_deleted_and_made_again(stage: Stage, namespace: str) -> None:
    """All Registries go with it; images do not. The operator ends, as its watch has nothing to watch, and says why."""
    kube, images = stage.kube, Subject(stage, namespace, "images")
    operator = stage.operator(service_account=ACCOUNT)
    operator.start()
    images.apply(SELF_SIGNED)
    images.ready()
    claim = images.child(PERSISTENT_VOLUME_CLAIM, "-data")["metadata"]["uid"]
    kube.delete(CUSTOM_RESOURCE_DEFINITION, None, "registries.teamregistry.io")
    code = eventually(lambda: (operator.exited(),) if operator.exited() is not None else None, "its end")
    assert code == (1,), operator.tail()
    assert "registries.teamregistry.io is no longer served: its CRD was deleted; exiting" in operator.tail()

    operator.start(wait=False)  # as kubelet does; there is still nothing to watch
    eventually(lambda: "registries.teamregistry.io is not served: install the CRD" in operator.log(), "a word on it")
    assert "its CRD is missing" in operator.http("/readyz")[1]
    pid = operator.pid
    define(kube)
    images.apply(SELF_SIGNED)
    images.ready()
    operator.wait_ready()
    assert operator.pid == pid, "it needs no further restart"
    assert images.child(PERSISTENT_VOLUME_CLAIM, "-data")["metadata"]["uid"] == claim
    assert images.admits("admin", images.secret("-admin", "password"))
    operator.end()
