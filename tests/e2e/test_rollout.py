"""How one pod gives way to the next, on a real node with real kubelet, scheduler and Service, under load."""

from __future__ import annotations

from registry_operator.kube.kinds import CERTIFICATE, PERSISTENT_VOLUME_CLAIM, POD, REGISTRY, SECRET, Kind
from tests.e2e.managed import PATIENCE, Managed
from tests.e2e.traffic import Traffic
from tests.stage.kube import PERSISTENT_VOLUME, Object
from tests.stage.waiting import eventually

NODE = Kind("v1", "Node", "nodes", namespaced=False)
SELF_SIGNED: Object = {"tls": {"selfSigned": {}}}


def uids(images: Managed) -> set[str]:
    """The pods that are not on their way out."""
    return {pod["metadata"]["uid"] for pod in images.pods() if "deletionTimestamp" not in pod["metadata"]}


def served(images: Managed) -> str:
    return str(images.get()["status"]["certificate"]["fingerprint"])


def revision(images: Managed) -> int:
    found = images.kube.get(CERTIFICATE, images.namespace, f"{images.name}-certificate")
    return int(found["status"]["revision"])


def test_a_surge_loses_no_request(images: Managed) -> None:
    """A certificate that is renewed and a changed configuration, on a ReadWriteOnce claim."""
    images.apply({"rollout": "Surge"}).ready()
    before, certificate, issued = uids(images), served(images), revision(images)
    with Traffic(images) as traffic:
        images.kube.delete(SECRET, images.namespace, f"{images.name}-certificate")
        eventually(lambda: revision(images) > issued, "another certificate", within=PATIENCE)
        eventually(lambda: served(images) != certificate, "that it is served", within=PATIENCE, seen=images.conditions)
        images.ready()
        traffic.flows()
        renewed = uids(images)
        images.apply({"rollout": "Surge", "log": {"level": "debug"}}).ready()
        traffic.flows()
        changed = uids(images)
    assert not before & renewed
    assert not renewed & changed
    assert traffic.failures == []


def test_a_change_of_line_by_surge_loses_no_request(images: Managed) -> None:
    images.apply({**SELF_SIGNED, "rollout": "Surge"}).ready()
    with Traffic(images) as traffic:
        images.apply({**SELF_SIGNED, "rollout": "Surge", "version": "3"}).ready()
        traffic.flows()
    assert images.get()["status"]["version"].startswith("3")
    assert traffic.failures == []


def test_a_surge_without_a_place_on_the_node(images: Managed) -> None:
    """Two pods of this size do not fit on it: the present one serves on until somebody makes room."""
    node = images.kubectl("get", "nodes", "--output=jsonpath={.items[0].status.allocatable.cpu}").stdout
    large = {"resources": {"requests": {"cpu": f"{int(node) * 600}m"}}}
    images.apply({**SELF_SIGNED, "rollout": "Surge", "pod": large}).ready().push("hello:1")
    before = uids(images)
    images.apply({**SELF_SIGNED, "rollout": "Surge", "pod": large, "log": {"level": "debug"}})
    images.wait("WorkloadReady", "False", "SurgeBlocked")
    assert "Insufficient cpu" in images.conditions()["WorkloadReady"][2]
    images.wait("Ready", "True")
    images.push("hello:2")
    assert before < uids(images)
    images.apply({**SELF_SIGNED, "rollout": "Recreate", "pod": large, "log": {"level": "debug"}}).ready()
    assert images.digest("hello:2") == images.digest("hello:1")


def test_from_line_to_line_and_back(images: Managed) -> None:
    """Forth by a change of the spec alone, back only by an annotation; each reads what the other one wrote."""
    images.apply(SELF_SIGNED).ready().push("hello:1")
    first = images.digest("hello:1")
    images.apply({**SELF_SIGNED, "version": "3"}).ready()
    assert images.digest("hello:1") == first
    images.push("hello:3")
    images.apply({**SELF_SIGNED, "version": "2"})
    images.wait("Stalled", "True", "DowngradeRefused")
    images.wait("Ready", "True")
    assert images.get()["status"]["version"].startswith("3"), "what runs, runs on"
    assert images.digest("hello:3") == first
    note = {"metadata": {"annotations": {"teamregistry.io/allow-downgrade": "true"}}}
    images.kube.patch(REGISTRY, images.namespace, images.name, note)
    images.wait("Stalled", "False")
    images.ready()
    eventually(lambda: images.get()["status"]["version"].startswith("2"), "line 2", within=PATIENCE)
    images.ready()
    assert images.digest("hello:1") == images.digest("hello:3") == first


def test_read_only_is_told_once_every_pod_refuses(images: Managed) -> None:
    """By surge: pulls go on, pushes are refused, and after status has told so none of them ends well any more."""
    images.apply({**SELF_SIGNED, "rollout": "Surge"}).ready()
    with Traffic(images) as traffic:
        images.apply({**SELF_SIGNED, "rollout": "Surge", "access": "ReadOnly"})
        images.wait("Writable", "False", "ReadOnly")
        pushed = traffic.good["push"]
        pulled = traffic.good["pull"]
        eventually(lambda: traffic.good["pull"] > pulled + 10, "pulls", within=PATIENCE)
        assert traffic.good["push"] <= pushed + 1, "the last one may have been answered just before"
        assert len(images.pods()) == 1
    refused = [failure for failure in traffic.failures if failure.startswith("push:")]
    assert refused
    assert all("405" in failure for failure in refused), refused
    assert not [failure for failure in traffic.failures if failure.startswith("pull:")]


def shared_claim(images: Managed) -> str:
    """A ReadWriteMany claim on a folder of the node, which a first Registry leaves behind with the right owner."""
    images.apply(SELF_SIGNED).ready().delete()
    kept = images.kube.get(PERSISTENT_VOLUME_CLAIM, images.namespace, f"{images.name}-data")
    volume = images.kube.get(PERSISTENT_VOLUME, None, kept["spec"]["volumeName"])["spec"]
    name = f"{images.namespace}-shared"
    spec: Object = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    place = {key: volume[key] for key in ("local", "hostPath", "nodeAffinity") if key in volume}
    claim = {"namespace": images.namespace, "name": "shared"}
    images.kube.create(
        PERSISTENT_VOLUME,
        {"metadata": {"name": name}, "spec": {**spec, **place, "capacity": {"storage": "1Gi"}, "claimRef": claim}},
    )
    request = {"resources": {"requests": {"storage": "1Gi"}}, "volumeName": name}
    images.kube.create(PERSISTENT_VOLUME_CLAIM, {"metadata": claim, "spec": {**spec, **request}})
    return "shared"


def test_several_pods_lose_no_request(images: Managed) -> None:
    """While a pod is evicted, another certificate comes and the number changes; each request may reach another pod."""
    spec: Object = {"storage": {"existingClaim": {"claimName": shared_claim(images)}}, "tls": {"certManager": {}}}
    images.apply({**spec, "replicas": 3}).ready()
    assert images.get()["status"]["readyReplicas"] == 3
    certificate = served(images)
    with Traffic(images) as traffic:
        pod = images.pods()[0]["metadata"]
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod["name"]}}
        images.kube.request("POST", f"{POD.path(images.namespace, pod['name'])}/eviction", eviction)
        eventually(lambda: pod["uid"] not in uids(images), "the end of the evicted pod", within=PATIENCE)
        images.ready()
        traffic.flows()
        images.kube.delete(SECRET, images.namespace, f"{images.name}-certificate")
        eventually(lambda: served(images) != certificate, "another certificate", within=PATIENCE)
        images.ready()
        traffic.flows()
        images.apply({**spec, "replicas": 2}).ready()
        traffic.flows()
    images.kube.delete(PERSISTENT_VOLUME, None, f"{images.namespace}-shared", missing=True)
    assert traffic.failures == []


def test_a_surge_beside_a_pod_that_does_not_go(images: Managed) -> None:
    """As on a node that is lost: its pod is to go, and stays as long as nobody says that it is gone."""
    images.apply({**SELF_SIGNED, "rollout": "Surge"}).ready()
    (pod,) = images.pods()
    name, node = pod["metadata"]["name"], pod["spec"]["nodeName"]
    images.kube.patch(NODE, None, node, {"spec": {"unschedulable": True}})
    try:
        kept: Object = {"metadata": {"finalizers": ["example.org/nobody-knows"]}}
        images.kube.patch(POD, images.namespace, name, kept)
        images.kube.delete(POD, images.namespace, name)
        images.wait("WorkloadReady", "False", "SurgeBlocked")
        message = images.conditions()["WorkloadReady"][2]
        assert name in message
        assert node in message
        images.kube.patch(POD, images.namespace, name, {"metadata": {"finalizers": None}})
        images.wait("WorkloadReady", "False", "Unschedulable")
    finally:
        images.kube.patch(NODE, None, node, {"spec": {"unschedulable": None}})
    images.ready()


def test_the_clients_would_notice_an_outage(images: Managed) -> None:
    """So that "no request failed" means something: the same clients, while the pod ends before its successor starts."""
    images.apply(SELF_SIGNED).ready()
    with Traffic(images) as traffic:
        images.apply({**SELF_SIGNED, "log": {"level": "debug"}}).ready()
        traffic.flows()
    assert traffic.failures
