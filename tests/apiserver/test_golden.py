"""A real API server takes each golden object, and returns it in the very form in which it was sent.

That form is what drift is measured by: a builder that writes a quantity, a default or an empty list otherwise than the
API server returns it would have its object written anew at every look, for ever.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from registry_operator.kube import kinds
from registry_operator.kube.managed_fields import FIELD_MANAGER, digest, owned
from tests.cluster.local import LocalCluster
from tests.golden.children import NAMES, Object, children, registry
from tests.stage.kube import ApiFailure, Kube

KINDS = {
    kind.kind: kind
    for kind in (
        kinds.SERVICE,
        kinds.SERVICE_ACCOUNT,
        kinds.SECRET,
        kinds.CONFIG_MAP,
        kinds.PERSISTENT_VOLUME_CLAIM,
        kinds.DEPLOYMENT,
        kinds.NETWORK_POLICY,
        kinds.POD_DISRUPTION_BUDGET,
        kinds.AUTOSCALER,
        kinds.INGRESS,
        kinds.HTTP_ROUTE,
        kinds.TLS_ROUTE,
        kinds.BACKEND_TLS_POLICY,
        kinds.POD_MONITOR,
        kinds.CERTIFICATE,
        kinds.ISSUER,
    )
}


@pytest.fixture(scope="module")
def place(control_plane: LocalCluster) -> Iterator[tuple[Kube, str]]:
    """The administrator and a namespace in which only the restricted may run."""
    with closing(Kube(control_plane.kubeconfig)) as kube:
        name = f"golden-{uuid.uuid4().hex[:6]}"
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        kube.create(kinds.NAMESPACE, {"metadata": {"name": name, "labels": labels}})
        yield kube, name
        kube.delete(kinds.NAMESPACE, None, name)


@pytest.mark.parametrize("case", NAMES)
def test_each_child_comes_back_as_it_was_sent(case: str, place: tuple[Kube, str]) -> None:
    kube, namespace = place
    for child in children(registry(case)):
        sent = _in(child, namespace)
        returned = kube.apply(KINDS[child["kind"]], sent, manager=FIELD_MANAGER, dry_run=True)
        found = owned(returned)
        assert _comparable(found) == _comparable(sent), f"{child['kind']} {child['metadata']['name']}"
        assert digest(found) == digest(sent)


@pytest.mark.parametrize("case", NAMES)
def test_each_pod_is_restricted_by_the_api_servers_own_judgement(case: str, place: tuple[Kube, str]) -> None:
    kube, namespace = place
    kube.apply(kinds.POD, _pod(kube, case, namespace), dry_run=True)


def test_the_judgement_is_in_force(place: tuple[Kube, str]) -> None:
    kube, namespace = place
    pod = _pod(kube, "default", namespace)
    del pod["spec"]["securityContext"]["seccompProfile"]
    with pytest.raises(ApiFailure, match="violates PodSecurity"):
        kube.apply(kinds.POD, pod, dry_run=True)


def _pod(kube: Kube, case: str, namespace: str) -> Object:
    """The pod that the Deployment controller would make; its ServiceAccount must be there, or no pod is admitted."""
    _, account, *_, workload = children(registry(case))
    without_owner = {**account, "metadata": {**account["metadata"], "namespace": namespace, "ownerReferences": []}}
    kube.apply(kinds.SERVICE_ACCOUNT, without_owner)
    template = workload["spec"]["template"]
    template["spec"].pop("priorityClassName", None)
    metadata = {**template["metadata"], "name": "trial", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _in(child: Object, namespace: str) -> Object:
    return {**child, "metadata": {**child["metadata"], "namespace": namespace}}


def _comparable(child: Object) -> Object:
    """Without what names the object: nobody owns that as a field."""
    metadata = {key: value for key, value in child["metadata"].items() if key not in ("name", "namespace")}
    return {key: value for key, value in child.items() if key not in ("apiVersion", "kind")} | {"metadata": metadata}
