"""One whole node with the operator from its chart, for all tests; each test has a namespace of its own on it."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator

import pytest

from registry_operator.kube.kinds import NAMESPACE
from tests.cluster import docker_engine, operator_image
from tests.cluster.docker_engine import DockerEngine
from tests.cluster.kubectl import Kubectl
from tests.cluster.local import LocalCluster
from tests.demo.install import OPERATOR, install
from tests.e2e.managed import Managed
from tests.stage.kube import Kube


@pytest.fixture(scope="session")
def node() -> Iterator[LocalCluster]:
    """The node, with the operator running."""
    cluster = LocalCluster("e2e")
    cluster.down()
    cluster.up()
    try:
        cluster.load(operator_image.build())
        install(
            cluster.kubeconfig, [f"registryImages.v{line}={image}" for line, image in cluster.registry_images.items()]
        )
        yield cluster
    finally:
        cluster.down()


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerEngine]:
    """A real Docker engine outside of the node."""
    with docker_engine.running("e2e") as engine:
        yield engine


@pytest.fixture(scope="session")
def kube(node: LocalCluster) -> Iterator[Kube]:
    with contextlib.closing(Kube(node.kubeconfig)) as kube:
        yield kube


@pytest.fixture(scope="session")
def kubectl(node: LocalCluster) -> Kubectl:
    return Kubectl(node.kubeconfig)


@pytest.fixture
def images(kube: Kube, kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[Managed]:
    """The Registry `images` of a fresh namespace (not made yet); a test that fails tells what the operator said."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())
    namespace = f"{words[:30].strip('-')}-{uuid.uuid4().hex[:6]}"
    kube.create(NAMESPACE, {"metadata": {"name": namespace}})
    failed = request.session.testsfailed
    yield Managed(kube, kubectl, namespace)
    if request.session.testsfailed > failed:
        said = kubectl("logs", f"--namespace={OPERATOR}", f"deployment/{OPERATOR}", "--tail=30", check=False)
        print(f"the operator's log:\n{said.stdout}")
    kube.delete(NAMESPACE, None, namespace, missing=True)
