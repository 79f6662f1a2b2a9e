"""Whatever somebody does to a child is put right, without touching what is theirs to keep."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from registry_operator.kube.kinds import (
    CERTIFICATE,
    CONFIG_MAP,
    DEPLOYMENT,
    ISSUER,
    PERSISTENT_VOLUME_CLAIM,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
)
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import Kube, Object
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually

LABEL = "teamregistry.io/registry"
# What somebody may do to the content of each kind of child.
CHANGES: dict[Kind, Object] = {
    DEPLOYMENT: {"spec": {"replicas": 3, "template": {"spec": {"terminationGracePeriodSeconds": 100}}}},
    SERVICE: {"spec": {"selector": {"app.kubernetes.io/name": "something-else"}}},
    SERVICE_ACCOUNT: {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}},
    SECRET: {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}},
    CONFIG_MAP: {"data": {"ca.crt": "none"}},
    CERTIFICATE: {"spec": {"renewBefore": "1h0m0s"}},
    ISSUER: {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}},
    PERSISTENT_VOLUME_CLAIM: {"metadata": {"labels": {"app.kubernetes.io/component": "x"}}},
}


@pytest.fixture
def ready(operator: StagedOperator, images: Subject) -> Subject:
    """With cert-manager: the mode with the most children."""
    images.apply({})
    images.ready()
    return images


def ours(images: Subject, *, but: tuple[tuple[Kind, str], ...] = ()) -> list[tuple[Kind, str]]:
    """The children that the operator makes (cert-manager's two Secrets are not among them), as (kind, suffix)."""
    secrets = ["-internal", "-admin", "-htpasswd"]
    secrets += [images.mounted(part).removeprefix(images.name) for part in ("config", "tls")]
    every = [
        (DEPLOYMENT, ""),
        (SERVICE, ""),
        (SERVICE_ACCOUNT, "-registry"),
        (PERSISTENT_VOLUME_CLAIM, "-data"),
        (CONFIG_MAP, "-ca"),
        (CERTIFICATE, "-certificate"),
        (CERTIFICATE, "-ca"),
        (ISSUER, "-bootstrap"),
        (ISSUER, "-ca"),
        *((SECRET, suffix) for suffix in secrets),
    ]
    return [child for child in every if child not in but]


def change(images: Subject, kind: Kind, suffix: str, what: Object) -> None:
    images.stage.kube.patch(kind, images.namespace, f"{images.name}{suffix}", what)


def every_child(
    images: Subject, children: list[tuple[Kind, str]], holds: Callable[[Kind, str], bool], what: str
) -> None:
    for kind, suffix in children:
        eventually(functools.partial(holds, kind, suffix), f"{kind.kind}{suffix}: {what}", seen=images.seen)


def test_what_is_changed_is_put_right(ready: Subject) -> None:
    children = ours(ready)
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


def wished(document: Object, change: Object) -> Object:
    """The part of an object that a change touches."""
    return {
        key: wished(document.get(key, {}), value) if isinstance(value, dict) else document.get(key)
        for key, value in change.items()
    }


def test_a_child_without_our_label_is_not_lost_sight_of(ready: Subject) -> None:
    """The informers see labelled objects only: one that lost its label looks deleted, and must not be made twice."""
    children = ours(ready, but=((PERSISTENT_VOLUME_CLAIM, "-data"),))
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


def test_a_child_without_its_owner_gets_it_back(ready: Subject) -> None:
    children = ours(ready, but=((PERSISTENT_VOLUME_CLAIM, "-data"),))
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


@pytest.mark.parametrize("at_once", [False, True], ids=["one-by-one", "all-at-once"])
def test_what_is_deleted_comes_back(ready: Subject, kube: Kube, at_once: bool) -> None:
    children = ours(ready, but=((PERSISTENT_VOLUME_CLAIM, "-data"),))
    before = {child: ready.child(*child)["metadata"]["uid"] for child in children}
    address = ready.child(SERVICE)["spec"]["clusterIP"]

    def renewed(kind: Kind, suffix: str) -> bool:
        found = kube.find(kind, ready.namespace, f"{ready.name}{suffix}")
        return found is not None and found["metadata"]["uid"] != before[kind, suffix]

    if at_once:
        for kind, suffix in children:
            kube.delete(kind, ready.namespace, f"{ready.name}{suffix}", missing=True)
        # Names with a content's hash may change: the key of the hash and the http secret were deleted too.
        stable = [(kind, suffix) for kind, suffix in children if "-config-" not in suffix and "-tls-" not in suffix]
        every_child(ready, stable, renewed, "back")
    else:
        for kind, suffix in [child for child in children if child not in ((SECRET, "-internal"), (SERVICE, ""))]:
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


def test_orphans_are_taken_back(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    """`kubectl delete --cascade=orphan`, then the Registry again: the same pods, the same passwords, no restart."""
    images.apply(SELF_SIGNED)
    images.ready()
    kept = {key: child["metadata"]["uid"] for key, child in images.children().items()}
    pods = [pod["metadata"]["uid"] for pod in images.pods()]
    password = images.secret("-admin", "password")
    images.delete(cascade="Orphan")
    images.gone()
    eventually(lambda: not any(owners(child) for child in images.children().values()), "orphans")
    registry = images.apply(SELF_SIGNED)
    images.ready()
    assert {key: child["metadata"]["uid"] for key, child in images.children().items()} == kept
    assert [pod["metadata"]["uid"] for pod in images.pods()] == pods
    assert images.secret("-admin", "password") == password
    for key, child in images.children().items():
        expected = [] if key[0] == "PersistentVolumeClaim" else [registry["metadata"]["uid"]]
        assert [owner["uid"] for owner in owners(child)] == expected, key
