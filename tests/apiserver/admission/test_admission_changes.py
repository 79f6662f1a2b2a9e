"""What may not change once it is stored, and what may; absence counts as the default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from registry_operator.kube.kinds import REGISTRY
from tests.apiserver.admission.cases_storage import AZURE, GCS, HUB, s3
from tests.apiserver.admission.door import SCALARS, Door, Refused

Spec = dict[str, Any]


def claim(**members: Any) -> Spec:
    return {"storage": {"persistentVolumeClaim": members}}


def bucket(**members: Any) -> Spec:
    return {"storage": {"s3": s3(**members)}}


def gcs(**members: Any) -> Spec:
    return {"storage": {"gcs": {**GCS, **members}}}


def azure(**members: Any) -> Spec:
    return {"storage": {"azure": {**AZURE, **members}}}


def balancer(**members: Any) -> Spec:
    return {"service": {"type": "LoadBalancer", **members}}


@dataclass(frozen=True)
class Change:
    """A stored spec, what it may become, and what not."""

    path: str
    words: str
    before: Spec
    accepted: Spec
    refused: Spec


CLASS = "may not change storageClassName, since a claim keeps its class: make a Registry of another name"
MODES = "may not change accessModes"
SIZE = "may grow but not shrink"
KIND = "may not change its kind, since the images would stay behind: make a Registry of another name"
COME = "may not come or go, since what is cached is no whole image and what was pushed would be hidden"
STAY = "may not change, since the images would stay behind: make a Registry of another name"
PROVIDER = "may not come or go, since the images would stay with the other provider"
BALANCER = "may not change loadBalancerClass while type is LoadBalancer"

CHANGES = [
    Change(".storage", KIND, {}, claim(), {"storage": {"emptyDir": {}}}),
    Change(".storage", KIND, claim(), {"storage": {}}, {"storage": {"existingClaim": {"claimName": "c"}}}),
    Change(".storage", KIND, {"storage": {"emptyDir": {}}}, {"storage": {"emptyDir": {"sizeLimit": "1Gi"}}}, {}),
    Change(
        ".storage",
        "may not change claimName, since the images would stay in the other claim",
        {"storage": {"existingClaim": {"claimName": "a"}}},
        {"storage": {"existingClaim": {"claimName": "a"}}, "version": "3"},
        {"storage": {"existingClaim": {"claimName": "b"}}},
    ),
    Change(".storage", CLASS, {}, claim(size="30Gi"), claim(storageClassName="fast")),
    Change(".storage", CLASS, claim(storageClassName="fast"), claim(storageClassName="fast", whenDeleted="Delete"), {}),
    Change(".storage", CLASS, claim(storageClassName=""), claim(storageClassName=""), claim()),
    Change(".storage", MODES, {}, claim(accessModes=["ReadWriteOnce"]), claim(accessModes=["ReadWriteMany"])),
    Change(
        ".storage",
        MODES,
        claim(accessModes=["ReadWriteOnce", "ReadWriteMany"]),
        claim(accessModes=["ReadWriteMany", "ReadWriteOnce"]),
        claim(accessModes=["ReadWriteMany"]),
    ),
    Change(".storage", MODES, claim(accessModes=["ReadWriteMany"]), claim(accessModes=["ReadWriteMany"]), {}),
    Change(".storage", SIZE, {}, claim(size="20Gi"), claim(size="19Gi")),
    Change(".storage", SIZE, claim(size="30Gi"), claim(size="30720Mi"), {}),
    Change(".storage", SIZE, claim(size="1Ti"), claim(size="1.5Ti"), claim(size="1000Gi")),
    Change(".storage", KIND, {}, {}, bucket()),
    Change(".proxy", COME, {}, {}, {"proxy": HUB}),
    Change(".proxy", COME, {"proxy": HUB}, {"proxy": {**HUB, "credentialsSecretRef": {"name": "hub"}}}, {}),
    Change(
        ".proxy.remoteURL",
        "may not change, since what is cached would be served in the name of another registry",
        {"proxy": HUB},
        {"proxy": {**HUB, "caSecretRef": {"name": "ca"}}},
        {"proxy": {"remoteURL": "https://ghcr.io"}},
    ),
    Change(".storage.s3.bucket", STAY, bucket(), bucket(region="us-east-1"), bucket(bucket="other")),
    Change(".storage.s3.rootDirectory", STAY, bucket(), bucket(), bucket(rootDirectory="a")),
    Change(
        ".storage.s3.rootDirectory",
        STAY,
        bucket(rootDirectory="a"),
        bucket(rootDirectory="a", credentialsSecretRef={"name": "keys"}, redirect="Disabled", encryption="AES256"),
        bucket(),
    ),
    Change(".storage.s3.endpoint", PROVIDER, bucket(), bucket(), bucket(endpoint="https://a")),
    Change(".storage.s3.endpoint", PROVIDER, bucket(endpoint="http://a"), bucket(endpoint="https://a:9000"), bucket()),
    Change(".storage.gcs.bucket", STAY, gcs(), gcs(redirect="Disabled"), gcs(bucket="other")),
    Change(".storage.gcs.rootDirectory", STAY, gcs(rootDirectory="a"), gcs(rootDirectory="a"), gcs()),
    Change(".storage.azure.container", STAY, azure(), azure(redirect="Disabled"), azure(container="other")),
    Change(".storage.azure.accountName", STAY, azure(), azure(), azure(accountName="other")),
    Change(
        ".version",
        "may not change with storage.azure, since the lines name its blobs differently",
        {**azure(), "version": "2"},
        {**azure(), "version": "2"},
        {**azure(), "version": "3"},
    ),
    Change(
        ".service",
        BALANCER,
        balancer(),
        {"service": {"type": "ClusterIP"}},
        balancer(loadBalancerClass="example.com/a"),
    ),
    Change(
        ".service",
        BALANCER,
        balancer(loadBalancerClass="a"),
        balancer(loadBalancerClass="a", port=444),
        balancer(loadBalancerClass="b"),
    ),
    Change(
        ".service",
        "may not change the first of ipFamilies",
        {"service": {"ipFamilies": ["IPv4"]}},
        {"service": {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "PreferDualStack"}},
        {"service": {"ipFamilies": ["IPv6"]}},
    ),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.before}")
def test_change(door: Door, change: Change) -> None:
    with door.registry(change.before):
        with pytest.raises(Refused) as refused:
            door.check(change.refused)
        assert f"spec{change.path}: Invalid value" in str(refused.value)
        assert change.words in str(refused.value)
        assert str(refused.value).count("Invalid value") == 1, "one mistake is told once"
        door.apply(change.accepted)


def test_a_size_that_the_claim_never_got_may_be_taken_back(door: Door) -> None:
    """Where the class of storage refuses to grow: without this there were no way back."""
    with door.registry(claim(size="30Gi")):
        status = {"status": {"storage": {"requested": "20Gi"}}}
        door.kube.patch(REGISTRY, door.namespace, "images", status, subresource="status")
        with pytest.raises(Refused, match=SIZE):
            door.check(claim(size="19Gi"))
        door.apply(claim(size="20Gi"))


def test_everything_else_may_change(door: Door) -> None:
    spec = {
        "version": "3",
        "image": {"repository": "mirror/registry", "tag": "3.1.1", "pullSecrets": [{"name": "p"}]},
        "storage": {"persistentVolumeClaim": {"whenDeleted": "Delete"}},
        "tls": {"selfSigned": {}, "dnsNames": ["images.example.com"], "minVersion": "1.3"},
        "auth": {"htpasswd": {"secretRef": {"name": "users"}}, "adminUser": "Disabled"},
        "service": {"type": "NodePort", "nodePort": 30443, "annotations": {"a": "b"}},
        "expose": {"ingress": {"host": "images.example.com"}},
        "notifications": {"endpoints": [{"name": "a", "url": "https://a"}]},
        "networkPolicy": {"mode": "Disabled"},
        "metrics": {"mode": "Enabled"},
        "http": {"headers": [{"name": "X-Team", "value": "a"}]},
        "access": "ReadOnly",
        "reconciliation": "Paused",
        "log": {"level": "debug", "format": "text", "access": "Disabled"},
        "pod": {"priorityClassName": "high", "labels": {"team": "a"}},
    }
    with door.registry({}):
        stored = door.apply(spec)
        assert stored["tls"]["minVersion"] == "1.3"
        assert door.apply({}) == SCALARS
