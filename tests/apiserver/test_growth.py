"""A claim that grows, one that may not, and what goes on meanwhile."""

from __future__ import annotations

import pytest

from registry_operator.kube.kinds import DEPLOYMENT, PERSISTENT_VOLUME_CLAIM
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import ApiFailure, Kube, Object
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually


def claim(size: str, **members: str) -> Object:
    return {"storage": {"persistentVolumeClaim": {"size": size, **members}}}


def requested(images: Subject) -> str:
    found: str = images.child(PERSISTENT_VOLUME_CLAIM, "-data")["spec"]["resources"]["requests"]["storage"]
    return found


def test_a_class_that_cannot_grow(operator: StagedOperator, images: Subject) -> None:
    """The claim stays, status says why and what it has, other changes go on, and the size can be taken back."""
    images.apply({**SELF_SIGNED, **claim("1Gi", storageClassName="fixed")})
    images.ready()
    images.edit(claim("2Gi"))
    assert "StorageClass fixed does not let claims grow" in images.expect("Stalled", "True", "ResizeRefused")
    images.expect("StorageReady", "False", "ResizeRefused")
    images.expect("Ready", "True")
    storage = images.get()["status"]["storage"]
    assert (storage["requested"], storage["capacity"], requested(images)) == ("1Gi", "1Gi", "1Gi")
    generation = images.child(DEPLOYMENT)["metadata"]["generation"]
    images.edit({"log": {"level": "debug"}})
    eventually(lambda: images.child(DEPLOYMENT)["metadata"]["generation"] > generation, "the pods follow the spec")
    with pytest.raises(ApiFailure, match="may grow but not shrink"):
        images.edit(claim("512Mi"))
    images.edit(claim("1Gi"))
    images.ready()


def test_a_driver_that_gives_up(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    images.apply({**SELF_SIGNED, **claim("1Gi")})
    images.ready()
    images.edit(claim("2Gi"))
    images.expect("StorageReady", "True", "ClaimResizing")
    failed: Object = {
        "allocatedResources": {"storage": "2Gi"},
        "allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"},
        "conditions": [{"type": "ControllerResizeError", "status": "True", "message": "the array is full"}],
    }
    kube.patch(PERSISTENT_VOLUME_CLAIM, images.namespace, "images-data", {"status": failed}, subresource="status")
    assert "the array is full" in images.expect("StorageReady", "False", "ResizeFailed")
    images.expect("Ready", "True")
    healed: Object = {"allocatedResourceStatuses": None, "conditions": []}
    kube.patch(PERSISTENT_VOLUME_CLAIM, images.namespace, "images-data", {"status": healed}, subresource="status")
    images.stage.grow(images.namespace, "images-data", "2Gi")
    images.expect("StorageReady", "True", "Bound")
    assert images.ready()["status"]["storage"]["capacity"] == "2Gi"


def test_a_claim_that_somebody_made_larger(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    """It cannot shrink, and nobody tries."""
    images.apply({**SELF_SIGNED, **claim("1Gi")})
    images.ready()
    larger = {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}
    kube.patch(PERSISTENT_VOLUME_CLAIM, images.namespace, "images-data", larger)
    assert "set spec.storage.persistentVolumeClaim.size to 3Gi" in images.expect("Stalled", "True", "ResizeRefused")
    images.expect("Ready", "True")
    images.edit(claim("3Gi"))
    images.stage.grow(images.namespace, "images-data", "3Gi")
    images.ready()


def test_a_size_that_grows_before_there_is_a_volume(operator: StagedOperator, images: Subject) -> None:
    images.stage.hold_claim(images.namespace, "images-data", True)
    images.apply({**SELF_SIGNED, **claim("1Gi")})
    images.expect("StorageReady", "False", "ClaimPending")
    images.edit(claim("2Gi"))
    images.expect("StorageReady", "False", "ClaimPending")
    assert requested(images) == "1Gi"
    images.stage.hold_claim(images.namespace, "images-data", False)
    eventually(lambda: requested(images) == "2Gi", "the size of the spec", seen=images.seen)
    images.stage.grow(images.namespace, "images-data", "2Gi")
    images.ready()
