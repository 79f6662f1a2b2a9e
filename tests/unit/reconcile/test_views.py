"""What is seen of each kind, on objects as controllers leave them."""

from __future__ import annotations

from typing import Any

import pytest

from registry_operator.reconcile import projections, views

Object = dict[str, Any]
META: Object = {"namespace": "team-a", "name": "images", "uid": "u", "resourceVersion": "5", "generation": 2}
ROLLED_OUT: Object = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}


def deployment(status: Object, **spec: Any) -> views.DeploymentView:
    template = {
        "spec": {"containers": [{"name": "sidecar", "image": "x"}, {"name": "registry", "image": "registry:2"}]}
    }
    obj = {"metadata": META, "spec": {"replicas": 1, "template": template, **spec}, "status": status}
    view = views.deployment(obj).view
    assert isinstance(view, views.DeploymentView)
    return view


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        (ROLLED_OUT, True),
        ({}, False),
        ({**ROLLED_OUT, "observedGeneration": 1}, False),
        ({**ROLLED_OUT, "updatedReplicas": 0}, False),
        ({**ROLLED_OUT, "replicas": 2}, False),
        ({**ROLLED_OUT, "unavailableReplicas": 1}, False),
        ({"observedGeneration": 2, "unavailableReplicas": 1}, False),
    ],
    ids=["rolled out", "not seen", "an older spec", "old pods", "old beside new", "not available", "no pods"],
)
def test_when_a_deployment_is_settled(status: Object, settled: bool) -> None:
    assert deployment(status).settled is settled


def test_scaled_to_nothing_is_settled_without_pods() -> None:
    view = deployment({"observedGeneration": 2}, replicas=0)
    assert (view.settled, view.replicas, view.ready) == (True, 0, 0)


def test_why_pods_cannot_be_made() -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"}
    assert deployment({"conditions": [condition]}).failure == "exceeded quota: q"
    assert deployment({"conditions": [{**condition, "status": "False"}]}).failure is None


def test_the_registrys_own_image_among_others() -> None:
    assert deployment({}).image == "registry:2"


def pod(spec: Object | None = None, **status: Any) -> views.PodView:
    view = views.pod({"metadata": META, "spec": spec or {}, "status": status}).view
    assert isinstance(view, views.PodView)
    return view


def container(**state: Any) -> Object:
    return {"name": "registry", "state": state}


WAITING = {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}
TROUBLES: dict[str, tuple[Object, tuple[str, str] | None]] = {
    "running": ({"containerStatuses": [container(running={})]}, None),
    "starting": ({"containerStatuses": [container(waiting={"reason": "ContainerCreating"})]}, None),
    "waiting for its init containers": (
        {"containerStatuses": [container(waiting={"reason": "PodInitializing"})]},
        None,
    ),
    "an init container has done its work": (
        {
            "initContainerStatuses": [container(terminated={"exitCode": 0, "reason": "Completed"})],
            "containerStatuses": [container(running={})],
        },
        None,
    ),
    "an init container has failed": (
        {"initContainerStatuses": [container(terminated={"exitCode": 1, "reason": "Error"})]},
        ("Error", "exit code 1"),
    ),
    "ended": (
        {"containerStatuses": [container(terminated={"exitCode": 0, "reason": "Completed"})]},
        ("Completed", "exit code 0"),
    ),
    "crash": (
        {"containerStatuses": [container(waiting=WAITING) | {"lastState": {"terminated": {"exitCode": 2}}}]},
        ("CrashLoopBackOff", "back-off 5m0s (last exit code 2)"),
    ),
    "no image": (
        {"containerStatuses": [container(waiting={"reason": "ErrImagePull", "message": "not found"})]},
        ("ErrImagePull", "not found"),
    ),
    "no node": (
        {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1"}]},
        ("Unschedulable", "0/1"),
    ),
    "evicted": ({"phase": "Failed", "reason": "Evicted", "message": "disk pressure"}, ("Evicted", "disk pressure")),
}


@pytest.mark.parametrize(("status", "trouble"), TROUBLES.values(), ids=TROUBLES)
def test_the_trouble_of_a_pod(status: Object, trouble: tuple[str, str] | None) -> None:
    assert pod(None, **status).trouble == trouble


def test_what_a_pod_mounts() -> None:
    volumes = [
        {"name": "a", "secret": {"secretName": "s"}},
        {"name": "b", "persistentVolumeClaim": {"claimName": "c"}},
        {"name": "d", "emptyDir": {}},
    ]
    view = pod({"volumes": volumes}, podIP="10.0.0.1", conditions=[{"type": "Ready", "status": "True"}])
    assert (view.mounted, view.claims) == (frozenset({"s"}), frozenset({"c"}))
    assert (view.ip, view.ready) == ("10.0.0.1", True)


@pytest.mark.parametrize(("address", "seen"), [("10.0.0.1", ("10.0.0.1",)), ("None", ()), ("", ()), (None, ())])
def test_the_address_of_a_service(address: str | None, seen: tuple[str, ...]) -> None:
    assert views.service({"metadata": META, "spec": {"clusterIP": address}}).view.cluster_ips == seen
    if address:
        dual = {"clusterIP": address, "clusterIPs": [address, "fd00::1"]}
        assert views.service({"metadata": META, "spec": dual}).view.cluster_ips == (*seen, "fd00::1")


def test_the_addresses_of_a_load_balancer() -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "lb.example.com", "ip": "1.2.3.5"}]}}
    view = views.service({"metadata": META, "spec": {"ports": [{"port": 443}]}, "status": status}).view
    assert view.addresses == ("1.2.3.4", "lb.example.com")


def issued(*conditions: Object) -> views.ConditionView:
    view = views.certificate({"metadata": META, "status": {"conditions": list(conditions)}}).view
    assert isinstance(view, views.ConditionView)
    return view


def test_only_what_cert_manager_says_of_the_newest_spec_counts() -> None:
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "up to date"}
    assert issued({**ready, "observedGeneration": 2}).ready == ("True", "Ready", "up to date")
    assert issued(ready).ready == ("True", "Ready", "up to date")
    assert issued({**ready, "observedGeneration": 1}).ready is None
    assert issued().ready is None


def test_why_an_issuance_failed() -> None:
    failed = {"type": "Issuing", "status": "False", "reason": "Failed", "message": "denied"}
    assert issued(failed).issuing_failure == "denied"
    assert issued({**failed, "status": "True", "reason": "Renewing"}).issuing_failure is None


def test_a_secret_is_seen_with_its_content_and_a_reference_without() -> None:
    obj = {"metadata": META, "data": {"a": "YQ=="}}
    assert views.secret(obj).view.data == {"a": b"a"}
    assert views.secret({"metadata": META}).view.data == {}
    assert projections.reference(obj) == projections.Reference("team-a", "images", "u", "5")


def test_every_kind_is_seen_before_its_controller_has_written_anything() -> None:
    for project in (views.deployment, views.replica_set, views.pod, views.service, views.claim, views.certificate):
        assert project({"metadata": META}).name == "images"
    assert views.config_map({"metadata": META}).view is None


@pytest.mark.parametrize(
    ("conditions", "trouble"),
    [
        ([], None),
        ([("AbleToScale", "True", "ready"), ("ScalingActive", "True", "valid")], None),
        ([("AbleToScale", "True", "ready"), ("ScalingActive", "False", "no metrics")], "no metrics"),
        ([("AbleToScale", "False", "no such Deployment")], "no such Deployment"),
        ([("ScalingLimited", "True", "at the maximum"), ("AbleToScale", "True", "ready")], None),
    ],
)
def test_why_an_autoscaler_does_not_work(conditions: list[tuple[str, str, str]], trouble: str | None) -> None:
    entries = [{"type": kind, "status": status, "message": message} for kind, status, message in conditions]
    assert views.autoscaler({"metadata": META, "status": {"conditions": entries}}).view.trouble == trouble


def test_who_says_the_number_of_pods() -> None:
    fields: Object = {"f:spec": {"f:replicas": {}}}
    entry = {"manager": "registry-operator", "operation": "Apply", "fieldsV1": fields}
    applied = {**META, "managedFields": [entry]}
    assert views.deployment({"metadata": applied, "spec": {"replicas": 2}}).view.counted
    assert not views.deployment({"metadata": META, "spec": {"replicas": 2}}).view.counted


def test_pods_that_stand_beside_each_other() -> None:
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert deployment({}, strategy=surge).beside
    assert not deployment({}, strategy={**surge, "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}).beside
    assert not deployment({}, strategy={"type": "Recreate"}).beside
