"""Whatever somebody does to a child is put right, without touching what is theirs to keep."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable

import pytest

from registry_operator.kube.kinds import (
    AUTOSCALER,
    BACKEND_TLS_POLICY,
    CERTIFICATE,
    CONFIG_MAP,
    DEPLOYMENT,
    HTTP_ROUTE,
    INGRESS,
    ISSUER,
    NETWORK_POLICY,
    PERSISTENT_VOLUME_CLAIM,
    POD_DISRUPTION_BUDGET,
    POD_MONITOR,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
)
from tests.apiserver.registries import CHILD_KINDS, SELF_SIGNED, Subject
from tests.apiserver.test_create import FULL
from tests.stage.kube import ApiFailure, Kube, Object
from tests.stage.stage import Stage, StagedOperator
from tests.stage.waiting import eventually

LABEL = "teamregistry.io/registry"
# What somebody may do to the content of each kind of child.
CHANGES: dict[Kind, Object] = {
    DEPLOYMENT: {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 100}}}},
    SERVICE: {"spec": {"selector": {"app.kubernetes.io/name": "something-else"}}},
    SERVICE_ACCOUNT: {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}},
    SECRET: {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}},
    CONFIG_MAP: {"data": {"ca.crt": "none"}},
    CERTIFICATE: {"spec": {"renewBefore": "1h0m0s"}},
    ISSUER: {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}},
    PERSISTENT_VOLUME_CLAIM: {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}},
    NETWORK_POLICY: {"spec": {"ingress": []}},
    POD_DISRUPTION_BUDGET: {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}},
    AUTOSCALER: {"spec": {"maxReplicas": 9}},
    INGRESS: {"spec": {"ingressClassName": "theirs"}},
    HTTP_ROUTE: {"spec": {"hostnames": ["theirs.example.org"]}},
    POD_MONITOR: {"spec": {"podMetricsEndpoints": []}},
    BACKEND_TLS_POLICY: {"spec": {"validation": {"hostname": "theirs.example.org"}}},
}
CLAIM = (PERSISTENT_VOLUME_CLAIM, "-data")
SHARED: Object = {"persistentVolumeClaim": {"size": "1Gi", "accessModes": ["ReadWriteMany"]}}
SPECS: dict[str, Object] = {  # together they have every kind of child: a test below holds that
    "issued": {},
    "everything": {**FULL, "storage": SHARED, "autoscaling": {"minReplicas": 2, "maxReplicas": 5}},
}


@pytest.fixture
def ready(operator: StagedOperator, images: Subject) -> Subject:
    """With cert-manager and nothing else."""
    images.apply(SPECS["issued"])
    images.ready()
    return images


@pytest.fixture(params=SPECS)
def each(operator: StagedOperator, images: Subject, request: pytest.FixtureRequest) -> Subject:
    """In turn with all that there can be."""
    images.apply(SPECS[request.param])
    images.ready()
    return images


def ours(images: Subject, *, but: tuple[tuple[Kind, str], ...] = ()) -> list[tuple[Kind, str]]:
    """The children that the operator makes (cert-manager's two Secrets are not among them), as (kind, suffix)."""
    kinds = {kind.kind: kind for kind in CHILD_KINDS}
    found = [(kinds[kind], name.removeprefix(images.name)) for kind, name in images.children()]
    theirs = [(SECRET, "-certificate"), (SECRET, "-ca")]
    return [child for child in found if child not in but and child not in theirs]


def test_no_kind_of_child_is_left_out(operator: StagedOperator, kube: Kube, namespace: str, stage: Stage) -> None:
    """A kind that joins the children must join these tests too."""
    subjects = [Subject(stage, namespace, name) for name in SPECS]
    for subject in subjects:
        subject.apply(SPECS[subject.name])
    for subject in subjects:
        subject.ready()
    assert {kind for subject in subjects for kind, _ in ours(subject)} == CHANGES.keys()


def change(images: Subject, kind: Kind, suffix: str, what: Object) -> None:
    images.stage.kube.patch(kind, images.namespace, f"{images.name}{suffix}", what)


def every_child(
    images: Subject, children: list[tuple[Kind, str]], holds: Callable[[Kind, str], bool], what: str
) -> None:
    for kind, suffix in children:
        eventually(functools.partial(holds, kind, suffix), f"{kind.kind}{suffix}: {what}", seen=images.seen)


def test_what_is_changed_is_put_right(each: Subject) -> None:
    ready, children = each, ours(each)
    wanted = {child: wished(ready.child(*child), CHANGES[child[0]]) for child in children}
    for kind, suffix in children:
        change(ready, kind, suffix, CHANGES[kind])
    every_child(
        ready,
        children,
        lambda kind, suffix: wished(ready.child(kind, suffix), CHANGES[kind]) == wanted[kind, suffix],
        "as it was",
    )
    ready.ready()


def test_the_number_of_pods_is_put_right(ready: Subject) -> None:
    """Where no autoscaler chooses it."""
    change(ready, DEPLOYMENT, "", {"spec": {"replicas": 3}})
    eventually(lambda: ready.child(DEPLOYMENT)["spec"]["replicas"] == 1, "one pod", seen=ready.seen)
    ready.ready()


def test_the_content_of_a_secret_is_put_right(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    """What follows from something is restored, what cannot be used is made anew, and pods' inputs cannot be changed."""
    images.apply(SELF_SIGNED)
    images.ready()
    password, host = images.secret("-admin", "password"), images.secret("-admin", "registry")
    spoilt = base64.b64encode(b"x").decode()
    for part in ("config", "tls"):
        with pytest.raises(ApiFailure, match="field is immutable when"):
            kube.patch(SECRET, images.namespace, images.mounted(part), {"data": {"x": spoilt}})
    change(images, SECRET, "-htpasswd", {"data": {"htpasswd": spoilt}})
    change(images, SECRET, "-admin", {"data": {"registry": spoilt}})
    change(images, SECRET, "-selfsigned", {"data": {"tls.crt": spoilt}})
    eventually(lambda: images.secret("-admin", "registry") == host, "the admin's Secret", seen=images.seen)
    eventually(lambda: images.secret("-selfsigned", "tls.crt") != "x", "the certificate", seen=images.seen)
    eventually(lambda: images.admits("admin", password), "the password file", seen=images.seen)
    images.ready()
    assert images.secret("-admin", "password") == password


def wished(document: Object, change: Object) -> Object:
    """The part of an object that a change touches."""
    return {
        key: wished(document.get(key, {}), value) if isinstance(value, dict) else document.get(key)
        for key, value in change.items()
    }


def test_a_child_without_our_label_is_not_lost_sight_of(each: Subject) -> None:
    """The informers see labelled objects only: one that lost its label looks deleted, and must not be made twice."""
    ready, children = each, ours(each, but=(CLAIM,))
    before = {child: ready.child(*child)["metadata"]["uid"] for child in children}
    for kind, suffix in children:
        change(ready, kind, suffix, {"metadata": {"labels": {LABEL: None}}})
    every_child(
        ready,
        children,
        lambda kind, suffix: ready.child(kind, suffix)["metadata"]["labels"].get(LABEL) == ready.name,
        "labelled again",
    )
    assert {child: ready.child(*child)["metadata"]["uid"] for child in children} == before
    ready.ready()


def test_a_child_without_its_owner_gets_it_back(each: Subject) -> None:
    ready, children = each, ours(each, but=(CLAIM,))
    for kind, suffix in children:
        change(ready, kind, suffix, {"metadata": {"ownerReferences": None}})
    every_child(ready, children, lambda kind, suffix: bool(owners(ready.child(kind, suffix))), "owned again")
    ready.ready()


def owners(document: Object) -> list[Object]:
    found: list[Object] = document["metadata"].get("ownerReferences", [])
    return found


def test_what_others_add_stays(ready: Subject) -> None:
    """An annotation of a tool's, a key of a user's: not ours, so neither removed nor fought over."""
    theirs = {"metadata": {"annotations": {"example.org/tool": "x"}, "labels": {"example.org/tool": "x"}}}
    children = ours(ready)
    for kind, suffix in children:
        change(ready, kind, suffix, theirs)
    change(ready, DEPLOYMENT, "", {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}})  # to see a repair
    eventually(lambda: ready.child(DEPLOYMENT)["metadata"]["labels"]["app.kubernetes.io/component"] == "registry")
    for kind, suffix in children:
        assert wished(ready.child(kind, suffix), theirs) == theirs, (kind, suffix)


def addressed(kind: Kind, suffix: str) -> bool:
    """Whether the name follows from the content."""
    return kind is SECRET and suffix.startswith(("-config-", "-tls-"))


@pytest.mark.parametrize("at_once", [False, True], ids=["one-by-one", "all-at-once"])
def test_what_is_deleted_comes_back(each: Subject, kube: Kube, at_once: bool) -> None:
    ready, children = each, ours(each, but=(CLAIM,))
    before = {child: ready.child(*child)["metadata"]["uid"] for child in children}
    address = ready.child(SERVICE)["spec"]["clusterIP"]

    def renewed(kind: Kind, suffix: str) -> bool:
        found = kube.find(kind, ready.namespace, f"{ready.name}{suffix}")
        return found is not None and found["metadata"]["uid"] != before[kind, suffix]

    if at_once:
        for kind, suffix in children:
            kube.delete(kind, ready.namespace, f"{ready.name}{suffix}", missing=True)
        # Names with a content's hash may change: the key of the hash and the http secret were deleted too.
        every_child(ready, [child for child in children if not addressed(*child)], renewed, "back")
    else:
        others = [child for child in children if child not in ((SECRET, "-internal"), (SERVICE, ""))]
        for kind, suffix in sorted(others, key=lambda child: not addressed(*child)):  # a new certificate has a new name
            kube.delete(kind, ready.namespace, f"{ready.name}{suffix}")
            every_child(ready, [(kind, suffix)], renewed, "back")
        assert ready.child(SERVICE)["spec"]["clusterIP"] == address
    ready.ready()
    assert ready.admits("admin", ready.secret("-admin", "password"))


def test_a_claim_that_lost_its_label_is_nobodys_until_it_is_labelled_again(ready: Subject) -> None:
    """It has no owner, so its labels are all that says whose it is: better to ask than to take somebody's data."""
    pods = [pod["metadata"]["uid"] for pod in ready.pods()]
    change(ready, PERSISTENT_VOLUME_CLAIM, "-data", {"metadata": {"labels": {LABEL: None}}})
    assert "images-data" in ready.expect("Stalled", "True", "NameConflict")
    assert ready.condition("Ready")["status"] == "True"
    change(ready, PERSISTENT_VOLUME_CLAIM, "-data", {"metadata": {"labels": {LABEL: ready.name}}})
    ready.ready()
    assert [pod["metadata"]["uid"] for pod in ready.pods()] == pods


def test_a_deleted_claim_is_told_and_made_anew(ready: Subject, kube: Kube) -> None:
    """Kubernetes keeps a claim in use until its pods are gone; the operator says so and waits."""
    before = ready.child(PERSISTENT_VOLUME_CLAIM, "-data")["metadata"]["uid"]
    # Without nodes no pod counts as a user of the claim: this finalizer stands in for the protection of a used claim.
    change(ready, PERSISTENT_VOLUME_CLAIM, "-data", {"metadata": {"finalizers": ["example.org/in-use"]}})
    kube.delete(PERSISTENT_VOLUME_CLAIM, ready.namespace, "images-data")
    ready.expect("StorageReady", "False", "ClaimTerminating")
    change(ready, PERSISTENT_VOLUME_CLAIM, "-data", {"metadata": {"finalizers": None}})
    eventually(lambda: before not in claims(ready), "the old claim's end")
    ready.evict()
    eventually(lambda: claims(ready), "a new claim", seen=ready.seen)
    ready.ready()


def test_secrets_that_belong_to_their_certificates(ready: Subject) -> None:
    """What cert-manager with `--enable-certificate-owner-ref` does to them: they are still this Registry's."""
    for suffix in ("-certificate", "-ca"):
        certificate = ready.child(CERTIFICATE, suffix)["metadata"]
        owner = {"apiVersion": CERTIFICATE.api_version, "kind": "Certificate", "name": certificate["name"]}
        controller = {**owner, "uid": certificate["uid"], "controller": True, "blockOwnerDeletion": True}
        kept = ready.child(SECRET, suffix)["metadata"].get("ownerReferences", [])
        change(ready, SECRET, suffix, {"metadata": {"ownerReferences": [*kept, controller]}})
    ready.edit({"tls": {"dnsNames": ["images.example.org"]}})
    registry = ready.ready()
    assert "images.example.org" in ready.child(CERTIFICATE, "-certificate")["spec"]["dnsNames"]
    assert registry["status"]["certificate"]["fingerprint"]


def claims(images: Subject) -> list[str]:
    return [claim["metadata"]["uid"] for claim in images.stage.kube.list(PERSISTENT_VOLUME_CLAIM, images.namespace)]
