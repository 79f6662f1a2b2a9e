"""A changed spec reaches the children, exactly once, and what it no longer asks for is gone."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import pytest

from registry_operator.kube.kinds import DEPLOYMENT, PERSISTENT_VOLUME_CLAIM, REGISTRY, SERVICE, SERVICE_ACCOUNT
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.apiserver.test_create import CASES, FULL, general, make_references
from tests.stage.kube import (
    Kube,
    Object,
)
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually


def at(document: Any, *path: str | int) -> Any:
    """The value at a path; None where the path ends early."""
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def container(images: Subject) -> Object:
    found: Object = images.child(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]
    return found


def test_edits_reach_the_pods_by_one_roll_each(operator: StagedOperator, images: Subject) -> None:
    images.apply(SELF_SIGNED)
    images.ready()
    for edit in (
        {"log": {"level": "debug"}},
        {"pod": {"resources": {"limits": {"memory": "256Mi"}}}},
        {"tls": {"dnsNames": ["images.example.org"]}},
        {"version": "3"},
        {"access": "ReadOnly"},
    ):
        before = images.child(DEPLOYMENT)["metadata"]["generation"]
        pods = {pod["metadata"]["uid"] for pod in images.pods()}
        images.edit(edit)
        images.ready()
        assert images.child(DEPLOYMENT)["metadata"]["generation"] == before + 1, edit
        assert not pods & {pod["metadata"]["uid"] for pod in images.pods()}, edit
    assert images.condition("Writable")["reason"] == "ReadOnly"
    assert container(images)["image"] == images.get()["status"]["version"] or "3" in container(images)["image"]
    names = [general(name) for kind, name in images.children() if kind == "Secret"]
    assert sorted(names) == sorted(set(names)), "old content was not pruned"


def test_edits_that_pods_need_not_know_do_not_roll_them(operator: StagedOperator, images: Subject) -> None:
    images.apply(SELF_SIGNED)
    images.ready()
    before = images.child(DEPLOYMENT)["metadata"]["generation"]
    images.user_secret("users", {"htpasswd": "bob:$2b$05$" + "C" * 22 + "D" * 31 + "\n"})
    images.edit({"service": {"type": "NodePort", "annotations": {"example.org/a": "b"}}})
    images.ready()
    images.edit({"pod": {"serviceAccountAnnotations": {"example.org/role": "r"}}})
    images.ready()
    images.edit({"auth": {"htpasswd": {"secretRef": {"name": "users", "key": "htpasswd"}}}})
    images.ready()
    assert images.child(DEPLOYMENT)["metadata"]["generation"] == before
    assert at(images.child(SERVICE), "spec", "type") == "NodePort"
    assert at(images.child(SERVICE_ACCOUNT, "-registry"), "metadata", "annotations") == {"example.org/role": "r"}
    assert "bob:" in images.secret("-htpasswd", "htpasswd")


def test_another_port_is_another_host_in_every_place(operator: StagedOperator, images: Subject) -> None:
    images.apply(SELF_SIGNED)
    password = (images.ready(), images.secret("-admin", "password"))[1]
    images.edit({"service": {"port": 8443}})
    registry = images.ready()
    host = f"images.{images.namespace}.svc:8443"
    assert registry["status"]["host"] == host
    assert images.secret("-admin", "registry") == host
    assert host in images.secret("-admin", ".dockerconfigjson")
    assert images.secret("-admin", "password") == password


def test_a_claim_grows_and_says_so(operator: StagedOperator, images: Subject) -> None:
    images.apply({**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"size": "1Gi"}}})
    images.ready()
    images.edit({"storage": {"persistentVolumeClaim": {"size": "2Gi"}}})
    images.expect("StorageReady", "True", "ClaimResizing")
    assert at(images.child(PERSISTENT_VOLUME_CLAIM, "-data"), "spec", "resources", "requests", "storage") == "2Gi"
    images.stage.grow(images.namespace, "images-data", "2Gi")
    images.expect("StorageReady", "True", "Bound")
    assert images.ready()["status"]["storage"]["capacity"] == "2Gi"


def test_the_admin_account_goes_and_comes(operator: StagedOperator, images: Subject) -> None:
    images.apply(SELF_SIGNED)
    images.ready()
    password = images.secret("-admin", "password")
    images.user_secret("users", {"htpasswd": "bob:$2b$05$" + "C" * 22 + "D" * 31 + "\n"})
    images.edit({"auth": {"adminUser": "Disabled", "htpasswd": {"secretRef": {"name": "users", "key": "htpasswd"}}}})
    images.ready()
    assert ("Secret", "images-admin") not in images.children()
    assert not images.admits("admin", password)
    images.edit({"auth": {"adminUser": "Enabled"}})
    images.ready()
    assert images.admits("admin", images.secret("-admin", "password"))


# Each way to TLS, and the case of creation that says which children it has.
MODES: dict[str, tuple[Object, str]] = {
    "selfSigned": ({"selfSigned": {}}, "self-signed"),
    "disabled": ({"disabled": {}}, "plain"),
    "secretRef": ({"secretRef": {"name": "pair"}}, "own-pair"),
    "certManager": ({"certManager": {}}, "empty"),
    "issuer": ({"certManager": {"issuerRef": {"name": "team"}}}, "issuer"),
}


def circuit(nodes: list[str]) -> list[str]:
    """A walk over every ordered pair of nodes, each once (there is one: as many ways in as out)."""
    left = {node: [other for other in nodes if other != node] for node in nodes}
    stack, walk = [nodes[0]], []
    while stack:
        if left[stack[-1]]:
            stack.append(left[stack[-1]].pop())
        else:
            walk.append(stack.pop())
    return walk[::-1]


def test_every_way_to_tls_after_every_other(operator: StagedOperator, images: Subject) -> None:
    """What is reached by a switch is what the mode makes from scratch: nothing of the one before is left."""
    make_references(images)
    kept = {("Secret", "images-ca")}  # the CA that clients trust survives by design
    walk = circuit(list(MODES))
    assert {*itertools.pairwise(walk)} == {*itertools.permutations(MODES, 2)}
    for mode in walk:
        images.apply({"tls": MODES[mode][0]})
        images.ready()
        eventually(functools.partial(consists_of, images, CASES[MODES[mode][1]].children, kept), mode, seen=images.seen)


def consists_of(images: Subject, wanted: set[tuple[str, str]], kept: set[tuple[str, str]]) -> bool:
    present = {(kind, general(name)) for kind, name in images.children()}
    assert present - kept == wanted - kept
    return True


@pytest.mark.parametrize("path", [["fewer", "full"], ["full", "fewer", "full"]], ids="-".join)
def test_a_way_through_other_specs_ends_where_the_last_one_leads(
    operator: StagedOperator, images: Subject, path: list[str]
) -> None:
    """Every optional field on, off, and on again; compared with a Registry that was made so."""
    storage = {"persistentVolumeClaim": {"size": "1Gi", "storageClassName": "other"}}  # may not change
    full = {**FULL, "storage": storage, "version": "3"}
    specs = {"full": full, "fewer": {**SELF_SIGNED, "storage": storage, "version": "3"}}
    scratch = Subject(images.stage, images.namespace, "scratch")
    scratch.apply(specs[path[-1]])
    for step in path:
        images.apply(specs[step])
        images.ready()
    scratch.ready()
    for kind, suffix in (
        (DEPLOYMENT, ""),
        (SERVICE, ""),
        (SERVICE_ACCOUNT, "-registry"),
        (PERSISTENT_VOLUME_CLAIM, "-data"),
    ):
        assert shape(images.child(kind, suffix), "images") == shape(scratch.child(kind, suffix), "scratch"), kind


def shape(document: Object, name: str) -> Any:
    """Labels, annotations and spec, without names, addresses and what controllers add."""

    def generic(value: Any) -> Any:
        if isinstance(value, dict):
            dropped = ("clusterIP", "clusterIPs", "nodePort", "volumeName", "healthCheckNodePort")
            return {key: generic(item) for key, item in value.items() if key not in dropped}
        if isinstance(value, list):
            return [generic(item) for item in value]
        return general(value).replace(name, "N") if isinstance(value, str) else value

    meta = document["metadata"]
    annotations = {
        key: value
        for key, value in meta.get("annotations", {}).items()
        if not key.startswith(
            ("deployment.kubernetes.io/", "pv.kubernetes.io/", "volume.", "teamregistry.io/registry-uid")
        )
    }
    return generic({"labels": meta["labels"], "annotations": annotations, "spec": document.get("spec")})


def test_optional_fields_removed_while_the_operator_is_down(own_operator: Any, kube: Kube, images: Subject) -> None:
    """Nobody saw the change: only a comparison with what the fields' owner had written can find what is left over."""
    operator = own_operator()
    operator.start()
    storage = {"persistentVolumeClaim": {"size": "1Gi", "storageClassName": "other"}}
    images.apply({**FULL, "storage": storage})
    images.ready()
    operator.kill()
    images.apply({**SELF_SIGNED, "storage": storage, "version": "3"})
    operator.start()
    images.ready()
    pod = images.child(DEPLOYMENT)["spec"]["template"]
    assert set(pod["metadata"]["labels"]) == set(images.child(DEPLOYMENT)["metadata"]["labels"])
    assert at(pod, "metadata", "annotations") is None
    for field in ("nodeSelector", "tolerations", "topologySpreadConstraints", "imagePullSecrets"):
        assert at(pod, "spec", field) is None, field
    assert container(images).get("resources", {}) == {}
    assert at(images.child(SERVICE), "metadata", "annotations") is None
    assert at(images.child(SERVICE), "spec", "type") == "ClusterIP"
    assert at(images.child(SERVICE), "spec", "ports", 0, "nodePort") is None
    assert at(images.child(SERVICE_ACCOUNT, "-registry"), "metadata", "annotations") is None
    assert kube.get(REGISTRY, images.namespace, "images")["status"]["host"] == f"images.{images.namespace}.svc"
