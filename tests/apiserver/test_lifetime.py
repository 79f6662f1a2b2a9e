"""Deletion, return, and the claims that outlive both."""

from __future__ import annotations

import pytest

from registry_operator.kube.kinds import NAMESPACE, PERSISTENT_VOLUME_CLAIM, REGISTRY
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import Kube, Object
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually, steady

DELETES: Object = {**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"whenDeleted": "Delete"}}}


def claims(images: Subject) -> list[str]:
    return [claim["metadata"]["uid"] for claim in images.stage.kube.list(PERSISTENT_VOLUME_CLAIM, images.namespace)]


def test_deletion_takes_all_but_the_claim(operator: StagedOperator, images: Subject) -> None:
    images.apply({})
    images.ready()
    images.delete()
    images.gone()
    kept = {("PersistentVolumeClaim", "images-data"), ("Secret", "images-ca")}
    eventually(lambda: set(images.children()) == kept, "the end of the children", seen=lambda: list(images.children()))


def test_a_registry_that_is_deleted_and_made_again_at_once_keeps_its_images(
    operator: StagedOperator, images: Subject
) -> None:
    """Within a second: the old children are still there, owned by a UID that no longer exists."""
    images.apply(SELF_SIGNED)
    images.ready()
    volume, old = claims(images), {key: child["metadata"]["uid"] for key, child in images.children().items()}
    images.delete()
    images.gone()
    registry = images.apply(SELF_SIGNED)
    images.ready()
    assert claims(images) == volume
    children = images.children()
    for key, child in children.items():
        if key[0] != "PersistentVolumeClaim":
            assert child["metadata"]["ownerReferences"][0]["uid"] == registry["metadata"]["uid"], key
            assert child["metadata"]["uid"] != old.get(key), key
    assert images.admits("admin", images.secret("-admin", "password"))


def test_when_deleted_delete_takes_the_claim_too(operator: StagedOperator, images: Subject) -> None:
    images.apply(DELETES)
    registry = images.ready()
    assert len(registry["metadata"]["finalizers"]) == 1
    images.delete()
    images.gone()
    eventually(lambda: not images.children(), "the end of everything", seen=lambda: list(images.children()))


def test_orphans_keep_their_images_whatever_the_spec_says(operator: StagedOperator, images: Subject) -> None:
    """`kubectl delete --cascade=orphan`: pods run on, so their claim must not go; and all is taken back later."""
    images.apply(DELETES)
    images.ready()
    volume, pods = claims(images), {pod["metadata"]["uid"] for pod in images.pods()}
    images.delete(cascade="Orphan")
    images.gone()
    assert steady(lambda: claims(images), quiet=1) == volume
    images.apply(DELETES)
    images.ready()
    assert claims(images) == volume
    assert {pod["metadata"]["uid"] for pod in images.pods()} == pods


def test_retain_is_decided_at_deletion(operator: StagedOperator, images: Subject) -> None:
    """Who changes their mind keeps the images, and the finalizer goes where nothing is left to do."""
    images.apply(DELETES)
    images.ready()
    volume = claims(images)
    images.edit({"storage": {"persistentVolumeClaim": {"whenDeleted": "Retain"}}})
    eventually(lambda: "finalizers" not in images.get()["metadata"], "the finalizer's end")
    images.delete()
    images.gone()
    assert claims(images) == volume


def test_a_claim_that_returns_smaller_or_of_another_class_is_refused(operator: StagedOperator, images: Subject) -> None:
    images.apply({**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"size": "2Gi"}}})
    images.ready()
    images.delete()
    images.gone()
    eventually(lambda: not images.pods())
    volume = claims(images)
    images.apply({**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"size": "1Gi"}}})
    images.expect("Stalled", "True", "ClaimDiffers")
    images.edit({"storage": {"persistentVolumeClaim": {"size": "2Gi"}}})
    images.ready()
    assert claims(images) == volume


def test_a_claim_that_returns_is_not_opened_to_everybody(operator: StagedOperator, images: Subject) -> None:
    images.apply(SELF_SIGNED)
    images.ready()
    images.delete()
    images.gone()
    images.apply({**SELF_SIGNED, "auth": {"mode": "Disabled", "adminUser": "Disabled"}})
    images.expect("Stalled", "True", "AnonymousAccessRefused")
    assert images.container is None
    images.edit({"auth": {"mode": "Htpasswd", "adminUser": "Enabled"}})
    images.ready()


@pytest.mark.parametrize("spec", [SELF_SIGNED, DELETES], ids=["retain", "delete"])
def test_a_namespace_goes_as_a_whole(operator: StagedOperator, kube: Kube, images: Subject, spec: Object) -> None:
    """Nothing of ours holds it up, and nothing is made in it again and again meanwhile."""
    images.apply(spec)
    images.ready()
    mark = operator.proxy.mark
    kube.delete(NAMESPACE, None, images.namespace)
    eventually(lambda: kube.find(NAMESPACE, None, images.namespace) is None, "the namespace's end", seen=images.seen)
    assert len(operator.proxy.writes(mark, namespace=images.namespace)) < 30


def test_in_a_terminating_namespace_it_says_so_and_rests(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    """A Registry whose deletion somebody else holds up, in a namespace that takes nothing new."""
    images.apply(SELF_SIGNED, finalizers=["example.org/hold"])
    images.ready()
    kube.delete(NAMESPACE, None, images.namespace)
    images.expect("Ready", "False")
    steady(lambda: len(operator.proxy.writes(0, namespace=images.namespace)), quiet=3)
    kube.patch(REGISTRY, images.namespace, "images", {"metadata": {"finalizers": None}})
    images.gone()
