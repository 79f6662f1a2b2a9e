"""Several pods, the autoscaler, and how one pod gives way to the next one."""

from __future__ import annotations

import pytest

from registry_operator.kube.kinds import (
    AUTOSCALER,
    DEPLOYMENT,
    PERSISTENT_VOLUME_CLAIM,
    POD_DISRUPTION_BUDGET,
    REGISTRY,
)
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import ApiFailure, Kube, Object
from tests.stage.pods import Fault
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually, steady

SHARED: Object = {**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"accessModes": ["ReadWriteMany"]}}}


def scaled(images: Subject, number: int) -> None:
    """As `kubectl scale` does it."""
    images.stage.kube.patch(
        REGISTRY, images.namespace, images.name, {"spec": {"replicas": number}}, subresource="scale"
    )


def strategy(images: Subject) -> str:
    return str(images.child(DEPLOYMENT)["spec"]["strategy"]["type"])


def test_several_pods_by_the_scale_subresource(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    images.apply({**SHARED, "replicas": 3})
    status = images.ready()["status"]
    assert (status["replicas"], status["readyReplicas"]) == (3, 3)
    scale = kube.request("GET", REGISTRY.path(images.namespace, "images", "scale"))
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (3, 3)
    assert scale["status"]["selector"] == status["selector"]
    budget = images.child(POD_DISRUPTION_BUDGET)
    eventually(lambda: images.child(POD_DISRUPTION_BUDGET)["status"]["disruptionsAllowed"] == 1, "a pod may go")
    scaled(images, 2)
    eventually(lambda: images.ready()["status"]["replicas"] == 2, "two pods", seen=images.seen)
    assert images.child(POD_DISRUPTION_BUDGET)["metadata"]["uid"] == budget["metadata"]["uid"]
    scaled(images, 1)
    eventually(lambda: kube.find(POD_DISRUPTION_BUDGET, images.namespace, "images") is None, "no budget for one pod")
    with pytest.raises(ApiFailure, match="should be greater than or equal to 1"):
        scaled(images, 0)


def test_one_pod_is_not_scaled_on_a_volume_of_its_own(operator: StagedOperator, images: Subject) -> None:
    images.apply(SELF_SIGNED)
    images.ready()
    with pytest.raises(ApiFailure, match="may be more than 1 only on storage that several pods can write to"):
        scaled(images, 2)
    assert strategy(images) == "Recreate"


def test_the_autoscaler_alone_chooses_the_number(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    """From three pods on no pod ends when it takes over, and nobody fights about what it chose."""
    images.apply({**SHARED, "replicas": 3})
    images.ready()
    pods = {pod["metadata"]["uid"] for pod in images.pods()}
    images.apply({**SHARED, "autoscaling": {"minReplicas": 2, "maxReplicas": 5}})
    eventually(lambda: kube.find(AUTOSCALER, images.namespace, "images"), "the autoscaler")
    images.expect("WorkloadReady", "True")
    assert images.child(DEPLOYMENT)["spec"]["replicas"] == 3
    assert {pod["metadata"]["uid"] for pod in images.pods()} == pods
    images.expect("WorkloadReady", "True", "AutoscalingInactive")  # there are no metrics here
    mark = operator.proxy.mark
    kube.patch(DEPLOYMENT, images.namespace, "images", {"spec": {"replicas": 4}}, subresource="scale")
    eventually(lambda: images.get()["status"]["readyReplicas"] == 4, "the fourth pod", seen=images.seen)
    images.ready()
    steady(lambda: len(operator.proxy.writes(mark, namespace=images.namespace)), quiet=2)
    written = {each.resource for each in operator.proxy.writes(mark, namespace=images.namespace)}
    assert written <= {"registries", "events"}, "the status and what it tells"
    assert images.child(DEPLOYMENT)["spec"]["replicas"] == 4
    images.apply({**SHARED, "replicas": 2})
    eventually(lambda: images.child(DEPLOYMENT)["spec"]["replicas"] == 2, "the spec's own number")
    eventually(lambda: kube.find(AUTOSCALER, images.namespace, "images") is None, "the autoscaler's end")
    images.ready()


def test_the_autoscaler_brings_the_least_number_about(operator: StagedOperator, images: Subject) -> None:
    images.apply({**SHARED, "autoscaling": {"minReplicas": 2, "maxReplicas": 5}})
    eventually(lambda: images.get()["status"].get("readyReplicas") == 2, "two pods", seen=images.seen)
    images.ready()


def test_several_pods_on_a_claim_of_one_node_change_nothing(
    operator: StagedOperator, kube: Kube, images: Subject
) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    kube.create(PERSISTENT_VOLUME_CLAIM, {"metadata": {"namespace": images.namespace, "name": "theirs"}, "spec": spec})
    existing: Object = {**SELF_SIGNED, "storage": {"existingClaim": {"claimName": "theirs"}}}
    images.apply(existing)
    images.ready()
    before = images.child(DEPLOYMENT)["metadata"]["generation"]
    images.apply({**existing, "replicas": 2})
    assert "ReadWriteOnce" in images.expect("Stalled", "True", "StorageNotShared")
    assert images.condition("Ready")["status"] == "True", "the pod serves on"
    assert images.child(DEPLOYMENT)["metadata"]["generation"] == before
    images.apply(existing)
    images.ready()


def test_a_surge_needs_a_volume_that_two_pods_can_mount(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    spec = {"accessModes": ["ReadWriteOncePod"], "resources": {"requests": {"storage": "1Gi"}}}
    kube.create(PERSISTENT_VOLUME_CLAIM, {"metadata": {"namespace": images.namespace, "name": "theirs"}, "spec": spec})
    existing: Object = {**SELF_SIGNED, "storage": {"existingClaim": {"claimName": "theirs"}}}
    images.apply({**existing, "rollout": "Surge"})
    assert "ReadWriteOncePod" in images.expect("Stalled", "True", "SurgeImpossible")
    images.apply(existing)
    images.ready()


def test_the_rollout_may_change_either_way(operator: StagedOperator, images: Subject) -> None:
    images.apply(SELF_SIGNED)
    images.ready()
    for way, expected in (("Surge", "RollingUpdate"), ("Recreate", "Recreate"), ("Surge", "RollingUpdate")):
        images.edit({"rollout": way})
        images.ready()
        assert strategy(images) == expected


def test_a_surge_without_a_place_leaves_the_present_pod_serving(operator: StagedOperator, images: Subject) -> None:
    images.apply({**SELF_SIGNED, "rollout": "Surge"})
    images.ready()
    present = images.pods()[0]["metadata"]["uid"]
    images.stage.fault(images.namespace, "images", Fault.NO_ROOM)
    images.edit({"log": {"level": "debug"}})
    assert "Insufficient memory" in images.expect("WorkloadReady", "False", "SurgeBlocked")
    images.expect("Ready", "True")
    assert present in {pod["metadata"]["uid"] for pod in images.pods()}
    assert images.get()["status"]["readyReplicas"] == 1
    images.stage.fault(images.namespace, "images", None)
    images.ready()
    assert present not in {pod["metadata"]["uid"] for pod in images.pods()}
