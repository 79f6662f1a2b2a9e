"""Children that were left alone: orphans are taken back, and what a Registry of the past owns is replaced."""

from __future__ import annotations

import functools
import uuid

import pytest

from registry_operator.kube.kinds import REGISTRY, Kind
from tests.apiserver.registries import Subject
from tests.apiserver.test_drift import CLAIM, SPECS, addressed, change, every_child, ours, owners
from tests.stage.kube import Kube, Object
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually

SURVIVES = {("PersistentVolumeClaim", "images-data"), ("Secret", "images-ca")}


@pytest.mark.parametrize("name", SPECS)
def test_orphans_are_taken_back(operator: StagedOperator, images: Subject, name: str) -> None:
    """`kubectl delete --cascade=orphan`, then the Registry again: the same pods, the same passwords, no restart."""
    images.apply(SPECS[name])
    images.ready()
    kept = {key: child["metadata"]["uid"] for key, child in images.children().items()}
    pods = {pod["metadata"]["uid"] for pod in images.pods()}
    password = images.secret("-admin", "password")
    images.delete(cascade="Orphan")
    images.gone()
    eventually(lambda: not any(owners(child) for child in images.children().values()), "orphans")
    registry = images.apply(SPECS[name])
    images.ready()
    assert {key: child["metadata"]["uid"] for key, child in images.children().items()} == kept
    assert {pod["metadata"]["uid"] for pod in images.pods()} == pods
    assert images.secret("-admin", "password") == password
    for key, child in images.children().items():
        expected = [] if key in SURVIVES else [registry["metadata"]["uid"]]
        assert [owner["uid"] for owner in owners(child)] == expected, key


@pytest.mark.parametrize("name", SPECS)
def test_what_somebody_gives_to_a_registry_of_the_past_is_made_anew(
    operator: StagedOperator, kube: Kube, images: Subject, name: str
) -> None:
    """An owner of this kind and name with a UID of old, as after a restore: the collector takes such a child."""
    images.apply(SPECS[name])
    registry = images.ready()
    children = ours(images, but=(CLAIM,))
    reference = {"apiVersion": REGISTRY.api_version, "kind": "Registry", "name": "images", "uid": str(uuid.uuid4())}
    before = {child: images.child(*child)["metadata"]["uid"] for child in children}
    for kind, suffix in children:
        stale: Object = {**reference, "controller": True, "blockOwnerDeletion": True}
        change(images, kind, suffix, {"metadata": {"ownerReferences": [stale]}})
    lasting = [child for child in children if not addressed(*child)]  # the others get a new name by a new key
    every_child(
        images, lasting, functools.partial(is_new, kube, images, before, registry["metadata"]["uid"]), "made anew"
    )
    images.ready()
    assert images.admits("admin", images.secret("-admin", "password"))


def is_new(
    kube: Kube, images: Subject, before: dict[tuple[Kind, str], str], owner: str, kind: Kind, suffix: str
) -> bool:
    found = kube.find(kind, images.namespace, f"images{suffix}")
    if found is None:
        return False
    return found["metadata"]["uid"] != before[kind, suffix] and [each["uid"] for each in owners(found)] == [owner]
