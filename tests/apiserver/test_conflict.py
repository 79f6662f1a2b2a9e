"""An object that is not ours is never touched, whatever its name: not adopted, not changed, not deleted."""

from __future__ import annotations

import asyncio
import uuid

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
    REGISTRY,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Kind,
)
from tests.apiserver.registries import SELF_SIGNED, Subject, essence
from tests.apiserver.test_drift import CHANGES, SPECS
from tests.stage import spoil
from tests.stage.kube import Kube, Object
from tests.stage.stage import StagedOperator
from tests.stage.traffic import Request, Rule, to
from tests.stage.waiting import eventually, steady

TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
BODIES: dict[Kind, Object] = {
    DEPLOYMENT: {"spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}},
    SERVICE: {"spec": {"ports": [{"port": 80}]}},
    SERVICE_ACCOUNT: {},
    PERSISTENT_VOLUME_CLAIM: {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    },
    SECRET: {"data": {"theirs": "eA=="}},
    CONFIG_MAP: {"data": {"theirs": "x"}},
    CERTIFICATE: {"spec": {"secretName": "theirs", "dnsNames": ["x"], "issuerRef": {"name": "none"}}},
    ISSUER: {"spec": {"selfSigned": {}}},
    NETWORK_POLICY: {"spec": {"podSelector": {}}},
    POD_DISRUPTION_BUDGET: {"spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}}},
    AUTOSCALER: {
        "spec": {"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}}
    },
    INGRESS: {"spec": {"defaultBackend": {"service": {"name": "theirs", "port": {"number": 80}}}}},
    HTTP_ROUTE: {"spec": {"hostnames": ["theirs.example.org"]}},
    POD_MONITOR: {"spec": {"selector": {}, "podMetricsEndpoints": []}},
    BACKEND_TLS_POLICY: {
        "spec": {
            "targetRefs": [{"group": "", "kind": "Service", "name": "theirs"}],
            "validation": {"hostname": "theirs.example.org", "wellKnownCACertificates": "System"},
        }
    },
}
CERT_MANAGER: Object = {}
EVERYTHING: Object = SPECS["everything"]
CHILDREN: list[tuple[Kind, str, Object]] = [
    (DEPLOYMENT, "", SELF_SIGNED),
    (SERVICE, "", SELF_SIGNED),
    (SERVICE_ACCOUNT, "-registry", SELF_SIGNED),
    (PERSISTENT_VOLUME_CLAIM, "-data", SELF_SIGNED),
    (SECRET, "-internal", SELF_SIGNED),
    (SECRET, "-admin", SELF_SIGNED),
    (SECRET, "-htpasswd", SELF_SIGNED),
    (SECRET, "-selfsigned", SELF_SIGNED),
    (CONFIG_MAP, "-ca", SELF_SIGNED),
    (CERTIFICATE, "-certificate", CERT_MANAGER),
    (CERTIFICATE, "-ca", CERT_MANAGER),
    (ISSUER, "-bootstrap", CERT_MANAGER),
    (ISSUER, "-ca", CERT_MANAGER),
    (SECRET, "-certificate", CERT_MANAGER),
    (SECRET, "-ca", CERT_MANAGER),
    (NETWORK_POLICY, "", EVERYTHING),
    (POD_DISRUPTION_BUDGET, "", EVERYTHING),
    (AUTOSCALER, "", EVERYTHING),
    (INGRESS, "", EVERYTHING),
    (HTTP_ROUTE, "", EVERYTHING),
    (POD_MONITOR, "", EVERYTHING),
    (BACKEND_TLS_POLICY, "", EVERYTHING),
]
CERT_MANAGERS = ((SECRET, "-certificate"), (SECRET, "-ca"))


def test_no_kind_of_child_is_left_out() -> None:
    assert {kind for kind, _, _ in CHILDREN} == CHANGES.keys() == BODIES.keys()


def named(kind: Kind, suffix: str) -> str:
    return f"{kind.kind}{suffix}"


@pytest.mark.parametrize(("kind", "suffix", "spec"), CHILDREN, ids=[named(kind, s) for kind, s, _ in CHILDREN])
def test_a_foreign_object_stays_as_it_is_and_is_named(
    operator: StagedOperator, kube: Kube, images: Subject, kind: Kind, suffix: str, spec: Object
) -> None:
    name = f"images{suffix}"
    kube.create(kind, {"metadata": {"namespace": images.namespace, "name": name}, **BODIES[kind]})
    theirs = settled(kube, kind, images.namespace, name)
    mark = operator.proxy.mark
    images.apply(spec)
    message = images.expect("Stalled", "True", "NameConflict")
    assert name in message
    assert kind.kind in message
    assert settled(kube, kind, images.namespace, name) == theirs
    writes = operator.proxy.writes(mark, namespace=images.namespace)
    theirs_too = [write for write in writes if (write.resource, write.name) == (kind.plural, name)]
    assert [str(write) for write in theirs_too if (write.method, write.status) != ("POST", 409)] == []

    kube.delete(kind, images.namespace, name)
    eventually(lambda: kube.find(kind, images.namespace, name) is None, "its end")
    images.touch()
    images.ready()


def test_a_conflict_that_ends_is_noticed(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    """Nobody watches objects that are not ours, so it is looked for: a waiting user needs to do nothing."""
    kube.create(SERVICE, {"metadata": {"namespace": images.namespace, "name": "images"}, **BODIES[SERVICE]})
    images.apply(SELF_SIGNED)
    images.expect("Stalled", "True", "NameConflict")
    kube.delete(SERVICE, images.namespace, "images")
    images.ready()


def settled(kube: Kube, kind: Kind, namespace: str, name: str) -> Object:
    """The object once its own controllers have written their status."""
    return steady(lambda: kube.get(kind, namespace, name), quiet=0.5)


def test_an_object_of_another_registry_is_foreign_too(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    """The right labels are not enough where the owner is somebody else."""
    images.apply(SELF_SIGNED)
    owner = images.ready()["metadata"]
    other = Subject(images.stage, images.namespace, "other")
    reference = {"apiVersion": REGISTRY.api_version, "kind": "Registry", "name": "images", "uid": owner["uid"]}
    labels = {"teamregistry.io/registry": "other", "app.kubernetes.io/managed-by": "registry-operator"}
    meta = {
        "namespace": images.namespace,
        "name": "other",
        "labels": labels,
        "ownerReferences": [reference | {"controller": True}],
    }
    theirs = kube.create(SERVICE, {"metadata": meta, **BODIES[SERVICE]})
    other.apply(SELF_SIGNED)
    other.expect("Stalled", "True", "NameConflict")
    assert kube.get(SERVICE, images.namespace, "other") == theirs


@pytest.mark.parametrize("fails", [False, True], ids=["", "taken-back-later"])
@pytest.mark.parametrize("data", [{}, {"ca.crt": "theirs too"}], ids=["other-fields", "same-field"])
def test_an_object_that_appears_between_look_and_write_stays_as_it_is(
    operator: StagedOperator, kube: Kube, images: Subject, data: dict[str, str], fails: bool
) -> None:
    """The race that first contact cannot exclude: it is seen by the server's answer and told."""
    made: list[Object] = []

    def win() -> None:
        meta = {"namespace": images.namespace, "name": "images-ca"}
        made.append(kube.create(CONFIG_MAP, {"metadata": meta, "data": {"theirs": "x", **data}}))

    operator.proxy.add(Rule(to("configmaps", namespace=images.namespace), spoil.before(win)))
    if fails:
        taking_back = lambda request: bool(made) and to("configmaps", namespace=images.namespace)(request)  # noqa: E731
        operator.proxy.add(Rule(taking_back, spoil.answer(500, "InternalError")))
    images.apply(SELF_SIGNED)
    images.expect("Stalled", "True", "NameConflict")
    assert essence(kube.get(CONFIG_MAP, images.namespace, "images-ca")) == essence(made[0])


def test_an_object_that_appeared_is_not_called_ours_for_late_news(
    operator: StagedOperator, kube: Kube, images: Subject
) -> None:
    """Our labels were in it for a moment: the cache sees them, and is told last that they are gone."""
    made: list[Object] = []

    def win() -> None:
        meta = {"namespace": images.namespace, "name": "images-ca"}
        made.append(kube.create(CONFIG_MAP, {"metadata": meta, "data": {"theirs": "x"}}))

    async def late(request: Request, line: bytes) -> bytes:
        if request.resource == "configmaps" and b'"type":"DELETED"' in line[:40]:
            await asyncio.sleep(3)
        return line

    operator.proxy.sift = late
    operator.tear(lambda request: request.resource == "configmaps")
    try:
        operator.proxy.add(Rule(to("configmaps", namespace=images.namespace), spoil.before(win)))
        images.apply(SELF_SIGNED)
        images.expect("Stalled", "True", "NameConflict")
        found = steady(lambda: kube.get(CONFIG_MAP, images.namespace, "images-ca"), quiet=4)
        assert essence(found) == essence(made[0])
    finally:
        operator.proxy.sift = None
        operator.tear(lambda request: request.resource == "configmaps")


@pytest.mark.parametrize(
    ("kind", "suffix", "spec"),
    [child for child in CHILDREN if child[0] is not PERSISTENT_VOLUME_CLAIM and child[:2] not in CERT_MANAGERS],
    ids=lambda value: getattr(value, "kind", None if isinstance(value, str) else ""),
)
def test_what_a_registry_of_this_name_left_behind_is_waited_for(
    operator: StagedOperator, kube: Kube, images: Subject, kind: Kind, suffix: str, spec: Object
) -> None:
    """An owner of the same kind and name with another UID: the garbage collector takes it, then ours is made."""
    reference = {
        "apiVersion": REGISTRY.api_version,
        "kind": "Registry",
        "name": "images",
        "uid": str(uuid.uuid4()),
        "controller": True,
        "blockOwnerDeletion": True,
    }
    meta = {
        "namespace": images.namespace,
        "name": f"images{suffix}",
        "ownerReferences": [reference],
        "finalizers": ["example.org/hold"],  # so that the collector is slower than the operator
        "labels": {"teamregistry.io/registry": "images", "app.kubernetes.io/managed-by": "registry-operator"},
    }
    stale = kube.create(kind, {"metadata": meta, **BODIES[kind]})
    mark = operator.proxy.mark
    images.apply(spec)
    eventually(lambda: "OwnerGone" in {c["reason"] for c in images.get()["status"]["conditions"]}, seen=images.seen)
    assert [
        str(write)
        for write in operator.proxy.writes(mark, namespace=images.namespace)
        if (write.resource, write.name) == (kind.plural, f"images{suffix}")
    ] == []
    kube.patch(kind, images.namespace, f"images{suffix}", {"metadata": {"finalizers": None}})
    images.ready()
    assert images.child(kind, suffix)["metadata"]["uid"] != stale["metadata"]["uid"]
