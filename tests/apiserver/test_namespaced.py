"""An operator of some namespaces, with Roles in these and no permission at cluster scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import yaml

from registry_operator.kube.kinds import DEPLOYMENT, NAMESPACE, PERSISTENT_VOLUME_CLAIM
from tests.apiserver.conftest import ROOT
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import ROLE, ROLE_BINDING, Kube, Object
from tests.stage.stage import Stage, StagedOperator
from tests.stage.waiting import eventually

NAME = "namespaced"
ACCOUNT = f"registry-operator:{NAME}"
DELETES: Object = {"storage": {"persistentVolumeClaim": {"whenDeleted": "Delete"}}}
Maker = Callable[..., StagedOperator]


def grant(kube: Kube, namespace: str) -> None:
    """What manifests/namespaced gives in one namespace, to an account that has nothing else."""
    role, binding = yaml.safe_load_all((ROOT / "manifests/namespaced/rbac.yaml").read_text())
    for kind, document in ((ROLE, role), (ROLE_BINDING, binding)):
        document["metadata"]["namespace"] = namespace
        for subject in document.get("subjects", ()):
            subject["name"] = NAME
        kube.apply(kind, document, manager="installer")


@pytest.fixture
def other(kube: Kube, namespace: str) -> Iterator[str]:
    """The name of a second namespace, which is not made."""
    name = f"{namespace}-other"
    yield name
    kube.delete(NAMESPACE, None, name, missing=True)


def again(subject: Subject) -> None:
    """The Deployment is deleted; wait for its successor."""
    kube, old = subject.stage.kube, subject.child(DEPLOYMENT)["metadata"]["uid"]
    kube.delete(DEPLOYMENT, subject.namespace, subject.name)

    def successor() -> bool:
        found = kube.find(DEPLOYMENT, subject.namespace, subject.name)
        return found is not None and found["metadata"]["uid"] != old

    eventually(successor, "the Deployment made again", seen=subject.seen)


def test_it_needs_nothing_at_cluster_scope(
    own_operator: Maker, stage: Stage, kube: Kube, namespace: str, other: str
) -> None:
    """Create, edit, take over, delete: in two namespaces, with cert-manager and without."""
    kube.create(NAMESPACE, {"metadata": {"name": other}})
    for each in (namespace, other):
        grant(kube, each)
    operator = own_operator({"NAMESPACES": f"{namespace},{other}", "RESYNC_SECONDS": "10"}, account=ACCOUNT)
    operator.start()
    first, second = Subject(stage, namespace, "images"), Subject(stage, other, "images")
    first.apply(DELETES)
    second.apply(SELF_SIGNED)
    for subject in (first, second):
        subject.ready()
        before = subject.child(DEPLOYMENT)["metadata"]["generation"]
        subject.edit({"log": {"level": "debug"}})
        subject.ready()
        assert subject.child(DEPLOYMENT)["metadata"]["generation"] == before + 1
        again(subject)
        subject.ready()
        subject.delete()
        subject.gone()
    assert kube.find(PERSISTENT_VOLUME_CLAIM, other, "images-data") is not None
    eventually(lambda: kube.find(PERSISTENT_VOLUME_CLAIM, namespace, "images-data") is None, "the claim's end")
    assert [str(request) for request in operator.proxy.requests if request.status == 403] == []
    assert "forbidden" not in operator.log().lower()
    assert {request.namespace for request in operator.proxy.requests if request.resource != ""} == {namespace, other}


def test_a_namespace_that_is_missing_disturbs_no_other(
    own_operator: Maker, stage: Stage, kube: Kube, namespace: str, other: str
) -> None:
    """There are no Roles in it, so all is refused there; once it is made it is served without a restart."""
    grant(kube, namespace)
    settings = {"NAMESPACES": f"{other},{namespace}", "RESYNC_SECONDS": "10"}
    operator = own_operator(settings, account=ACCOUNT)
    operator.start()
    pid = operator.pid
    first, second = Subject(stage, namespace, "images"), Subject(stage, other, "images")
    first.apply(SELF_SIGNED)
    first.ready()
    eventually(lambda: f"in namespace {other}" in operator.log(), "a word on the namespace", seen=operator.tail)
    kube.create(NAMESPACE, {"metadata": {"name": other}})
    grant(kube, other)
    second.apply(SELF_SIGNED)
    second.ready()
    kube.delete(NAMESPACE, None, other)  # and its Roles go first
    eventually(lambda: kube.find(NAMESPACE, None, other) is None, "the namespace's end", seen=second.seen)
    first.edit({"log": {"level": "debug"}})
    first.ready()
    first.delete()
    first.gone()
    assert (operator.alive, operator.pid) == (True, pid)
