"""What server-side apply remembers of us, on `managedFields` as a real API server (1.36) writes them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from registry_operator.kube.managed_fields import digest, owned, written_by_others

OWNER = {"apiVersion": "teamregistry.io/v1alpha1", "kind": "Registry", "name": "images", "uid": "u-1"}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "images", "namespace": "team-a", "labels": {"app": "registry"}, "ownerReferences": [OWNER]},
    "spec": {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "template": {
            "spec": {
                "nodeSelector": {"disk": "fast"},
                "tolerations": [{"key": "a", "operator": "Exists"}],
                "containers": [
                    {
                        "name": "registry",
                        "image": "registry:2.8.3",
                        "args": ["serve", "/etc/config.yml"],
                        "ports": [{"name": "registry", "containerPort": 5000, "protocol": "TCP"}],
                        "env": [{"name": "OTEL_TRACES_EXPORTER", "value": "none"}],
                    }
                ],
                "volumes": [{"name": "data", "emptyDir": {}}],
            }
        },
    },
}
FIELDS: dict[str, Any] = {
    "f:metadata": {
        "f:labels": {"f:app": {}},
        "f:ownerReferences": {'k:{"uid":"u-1"}': {}},
    },
    "f:spec": {
        "f:replicas": {},
        "f:strategy": {"f:type": {}},
        "f:template": {
            "f:spec": {
                "f:nodeSelector": {},
                "f:tolerations": {},
                "f:containers": {
                    'k:{"name":"registry"}': {
                        ".": {},
                        "f:name": {},
                        "f:image": {},
                        "f:args": {},
                        "f:ports": {
                            'k:{"containerPort":5000,"protocol":"TCP"}': {
                                ".": {},
                                "f:containerPort": {},
                                "f:name": {},
                                "f:protocol": {},
                            }
                        },
                        "f:env": {
                            'k:{"name":"OTEL_TRACES_EXPORTER"}': {".": {}, "f:name": {}, "f:value": {}},
                        },
                    }
                },
                "f:volumes": {'k:{"name":"data"}': {".": {}, "f:emptyDir": {}, "f:name": {}}},
            }
        },
    },
}


def entry(fields: dict[str, Any], manager: str = "registry-operator", **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields, **more}


@pytest.fixture
def live() -> dict[str, Any]:
    """The Deployment as the API server returns it: with defaults, and with the work of controllers."""
    obj = copy.deepcopy(DEPLOYMENT)
    obj["metadata"] |= {
        "uid": "d-1",
        "resourceVersion": "77",
        "generation": 1,
        "annotations": {"deployment.kubernetes.io/revision": "1"},
        "managedFields": [
            entry(copy.deepcopy(FIELDS)),
            entry(
                {"f:status": {"f:replicas": {}}}, "kube-controller-manager", operation="Update", subresource="status"
            ),
        ],
    }
    obj["spec"] |= {"progressDeadlineSeconds": 600, "revisionHistoryLimit": 10}
    container = obj["spec"]["template"]["spec"]["containers"][0]
    container |= {"imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log"}
    obj["status"] = {"replicas": 1}
    return obj


def pod_spec(obj: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = obj["spec"]["template"]["spec"]
    return found


def fields(obj: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = obj["metadata"]["managedFields"][0]["fieldsV1"]
    return found


def drifted(obj: dict[str, Any]) -> bool:
    return digest(owned(obj)) != digest(DEPLOYMENT)


def test_what_was_applied_comes_back_without_defaults_and_the_work_of_others(live: dict[str, Any]) -> None:
    expected = {key: value for key, value in DEPLOYMENT.items() if key not in ("apiVersion", "kind")}
    expected["metadata"] = {key: DEPLOYMENT["metadata"][key] for key in ("labels", "ownerReferences")}
    assert owned(live) == expected
    assert not drifted(live)


def test_an_added_container_label_and_toleration_of_others_are_told_apart(live: dict[str, Any]) -> None:
    pod_spec(live)["containers"].insert(0, {"name": "sidecar", "image": "proxy"})
    live["metadata"]["labels"]["team"] = "a"
    assert not drifted(live)
    pod_spec(live)["tolerations"].append({"key": "b"})
    assert drifted(live), "an atomic list is ours as a whole"


def test_an_atomic_map_is_ours_as_a_whole(live: dict[str, Any]) -> None:
    live["spec"]["selector"] = {"matchLabels": {"app": "registry", "more": "x"}}
    fields(live)["f:spec"]["f:selector"] = {}
    assert owned(live)["spec"]["selector"] == {"matchLabels": {"app": "registry", "more": "x"}}


def test_a_value_that_somebody_changed_is_no_longer_ours(live: dict[str, Any]) -> None:
    """An edit moves the field to its editor's entry."""
    pod_spec(live)["containers"][0]["image"] = "registry:evil"
    del fields(live)["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"registry"}']["f:image"]
    live["metadata"]["managedFields"].append(entry({"f:spec": {}}, "kubectl-edit", operation="Update"))
    assert "image" not in pod_spec(owned(live))["containers"][0]
    assert drifted(live)


def test_a_value_that_changed_under_our_name_is_drift(live: dict[str, Any]) -> None:
    live["spec"]["replicas"] = 3
    assert drifted(live)


def test_a_field_that_a_former_version_of_us_set_is_drift(live: dict[str, Any]) -> None:
    live["spec"]["minReadySeconds"] = 5
    fields(live)["f:spec"]["f:minReadySeconds"] = {}
    assert drifted(live)


def test_a_field_that_was_removed_is_drift(live: dict[str, Any]) -> None:
    """The API server takes a removed field out of every entry; even one that names it still finds nothing."""
    del pod_spec(live)["containers"][0]["env"]
    assert drifted(live)


def test_an_owner_that_was_removed_is_drift(live: dict[str, Any]) -> None:
    """What `--cascade=orphan` leaves."""
    del live["metadata"]["ownerReferences"]
    del fields(live)["f:metadata"]["f:ownerReferences"]
    assert drifted(live)


def test_the_order_of_a_list_that_is_a_map_makes_no_difference(live: dict[str, Any]) -> None:
    wanted = copy.deepcopy(DEPLOYMENT)
    pod_spec(wanted)["volumes"].insert(0, {"name": "config", "secret": {"secretName": "c"}})
    pod_spec(live)["volumes"].append({"name": "config", "secret": {"secretName": "c"}})
    volumes = fields(live)["f:spec"]["f:template"]["f:spec"]["f:volumes"]
    volumes['k:{"name":"config"}'] = {".": {}, "f:name": {}, "f:secret": {"f:secretName": {}}}
    assert digest(owned(live)) == digest(wanted)


def test_the_order_of_arguments_makes_one(live: dict[str, Any]) -> None:
    pod_spec(live)["containers"][0]["args"].reverse()
    assert drifted(live)


def test_items_of_a_set_are_told_by_their_value() -> None:
    obj = {
        "metadata": {
            "finalizers": ["theirs", "ours"],
            "managedFields": [entry({"f:metadata": {"f:finalizers": {".": {}, 'v:"ours"': {}}}})],
        }
    }
    assert owned(obj) == {"metadata": {"finalizers": ["ours"]}}


def test_keys_with_dots_and_slashes_are_taken_as_they_are() -> None:
    names: dict[str, Any] = {"f:.dockerconfigjson": {}, "f:tls.crt": {}}
    obj = {
        "metadata": {"managedFields": [entry({"f:data": names})]},
        "data": {".dockerconfigjson": "e30=", "tls.crt": "YQ==", "password": "Yg=="},
    }
    assert owned(obj) == {"data": {".dockerconfigjson": "e30=", "tls.crt": "YQ=="}}


@pytest.mark.parametrize(
    "other",
    [
        entry(FIELDS, "kubectl"),
        entry(FIELDS, operation="Update"),  # what a POST of ours leaves
        entry(FIELDS, subresource="status"),
    ],
    ids=["another manager", "a create of ours", "our status"],
)
def test_other_entries_are_not_what_we_applied(live: dict[str, Any], other: dict[str, Any]) -> None:
    live["metadata"]["managedFields"] = [other]
    assert owned(live) == {}
    assert drifted(live)


def test_an_object_without_managed_fields_has_nothing_of_ours() -> None:
    assert owned({"metadata": {"name": "x"}}) == {}
    assert owned({}) == {}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (entry({"f:data": {"f:a": {}}}, "kubectl"), True),
        (entry({"f:metadata": {"f:labels": {"f:a": {}}}}, "kubectl", operation="Update"), True),
        (entry({"f:metadata": {"f:annotations": {"f:revision": {}}}}, "kube-controller-manager"), False),
        (entry({"f:status": {}}, "kube-controller-manager", subresource="status"), False),
        (entry(FIELDS, operation="Update"), False),
    ],
    ids=["data", "labels", "a controller's note", "status", "a create of ours"],
)
def test_an_object_that_somebody_else_made_is_told_by_its_fields(
    live: dict[str, Any], other: dict[str, Any], expected: bool
) -> None:
    live["metadata"]["managedFields"].append(other)
    assert written_by_others(live) is expected


def test_the_identity_is_no_part_of_the_digest() -> None:
    """A desired object carries it, and an applied one never does."""
    bare = {"metadata": {"labels": {"a": "b"}}}
    identity = {"name": "n", "namespace": "ns", "uid": "u", "resourceVersion": "1", "labels": {"a": "b"}}
    named = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": identity}
    assert digest(bare) == digest(named)
    assert digest({}) == digest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}})
