"""One namespace and one client for all tests of the schema; no operator runs here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from registry_operator.kube.kinds import NAMESPACE
from tests.apiserver.admission.door import Door
from tests.cluster.local import LocalCluster
from tests.stage.kube import Kube


@pytest.fixture(scope="session")
def door(control_plane: LocalCluster) -> Iterator[Door]:
    with contextlib.closing(Kube(control_plane.kubeconfig)) as kube:
        kube.apply(NAMESPACE, {"metadata": {"name": "admission"}})
        yield Door(kube, control_plane.kubeconfig, "admission")
        kube.delete(NAMESPACE, None, "admission")
