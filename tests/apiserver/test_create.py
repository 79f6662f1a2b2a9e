"""From nothing to Ready, for each way to get storage, TLS and accounts: which objects exist, whose they are."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from registry_operator.kube.kinds import EVENT, ISSUER, PERSISTENT_VOLUME_CLAIM
from registry_operator.reconcile.pace import LASTING_SECONDS
from tests.apiserver.registries import Subject
from tests.stage.kube import Object
from tests.stage.pairs import make_pair
from tests.stage.stage import StagedOperator
from tests.stage.traffic import Request

SURVIVES = {("PersistentVolumeClaim", "images-data"), ("Secret", "images-ca")}
CERT_MANAGERS = {("Secret", "images-certificate")}
ALWAYS = {
    ("Deployment", "images"),
    ("Service", "images"),
    ("ServiceAccount", "images-registry"),
    ("NetworkPolicy", "images"),
    ("Secret", "images-internal"),
    ("Secret", "images-config-*"),
}
ACCOUNTS = {("Secret", "images-htpasswd")}
ADMIN = {("Secret", "images-admin")}
CLAIM = {("PersistentVolumeClaim", "images-data")}
TLS = {("Secret", "images-tls-*"), ("ConfigMap", "images-ca")}
ISSUED = {("Certificate", "images-certificate"), ("Secret", "images-certificate")}
OWN_CA = {
    ("Certificate", "images-ca"),
    ("Issuer", "images-bootstrap"),
    ("Issuer", "images-ca"),
    ("Secret", "images-ca"),
}
MONITORED = {("PodMonitor", "images")}
EXPOSED = {("Ingress", "images"), ("HTTPRoute", "images"), ("BackendTLSPolicy", "images")}
SELF = {("Secret", "images-selfsigned")}
FULL: Object = {
    "version": "3",
    "image": {"pullPolicy": "Always", "pullSecrets": [{"name": "hub"}]},
    "storage": {"persistentVolumeClaim": {"size": "1Gi", "storageClassName": "other", "whenDeleted": "Retain"}},
    "tls": {
        "selfSigned": {},
        "dnsNames": ["images.example.org"],
        "ipAddresses": ["192.0.2.7"],
        "minVersion": "1.3",
    },
    "service": {"type": "NodePort", "port": 8443, "annotations": {"example.org/a": "b"}},
    "expose": {
        "ingress": {"host": "images.example.org", "className": "nginx"},
        "gateway": {"hostnames": ["images.example.org"], "parentRefs": [{"name": "shared", "namespace": "gateways"}]},
    },
    "metrics": {"mode": "Enabled", "podMonitor": {"mode": "Enabled"}},
    "networkPolicy": {"from": [{"namespaceSelector": {}}]},
    "access": "ReadOnly",
    "log": {"level": "debug", "format": "json", "access": "Disabled"},
    "pod": {
        "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"memory": "1Gi"}},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "team", "operator": "Exists", "value": ""}, {"key": "", "operator": "Exists"}],
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "labels": {"team": "a"},
        "annotations": {"example.org/pod": "yes"},
        "serviceAccountAnnotations": {"example.org/role": "r"},
    },
}


@dataclass(frozen=True)
class Case:
    """A spec and the children that it means."""

    spec: Object
    children: set[tuple[str, str]]
    reasons: dict[str, str] = field(default_factory=dict)


CASES = {
    "empty": Case({}, ALWAYS | ACCOUNTS | ADMIN | CLAIM | TLS | ISSUED | OWN_CA, {"CertificateReady": "Issued"}),
    "issuer": Case(
        {"tls": {"certManager": {"issuerRef": {"name": "team"}}}},
        ALWAYS | ACCOUNTS | ADMIN | CLAIM | TLS | ISSUED,
        {"CertificateReady": "Issued"},
    ),
    "own-pair": Case(
        {"tls": {"secretRef": {"name": "pair"}}},
        ALWAYS | ACCOUNTS | ADMIN | CLAIM | TLS,
        {"CertificateReady": "Provided"},
    ),
    "self-signed": Case(
        {"tls": {"selfSigned": {}}},
        ALWAYS | ACCOUNTS | ADMIN | CLAIM | TLS | SELF,
        {
            "CertificateReady": "SelfSigned",
            "StorageReady": "Bound",
            "Writable": "UploadAccepted",
            "Reachable": "LoggedIn",
        },
    ),
    "plain": Case({"tls": {"disabled": {}}}, ALWAYS | ACCOUNTS | ADMIN | CLAIM, {"CertificateReady": "TLSDisabled"}),
    "anonymous": Case(
        {"tls": {"selfSigned": {}}, "auth": {"mode": "Disabled", "adminUser": "Disabled"}},
        ALWAYS | CLAIM | TLS | SELF,
        {"CredentialsReady": "AuthenticationDisabled"},
    ),
    "users-only": Case(
        {
            "tls": {"selfSigned": {}},
            "auth": {"adminUser": "Disabled", "htpasswd": {"secretRef": {"name": "users", "key": "htpasswd"}}},
        },
        ALWAYS | ACCOUNTS | CLAIM | TLS | SELF,
        {"CredentialsReady": "Live"},
    ),
    "ephemeral": Case(
        {"tls": {"selfSigned": {}}, "storage": {"emptyDir": {"sizeLimit": "1Gi"}}},
        ALWAYS | ACCOUNTS | ADMIN | TLS | SELF,
        {"StorageReady": "Ephemeral"},
    ),
    "existing-claim": Case(
        {"tls": {"selfSigned": {}}, "storage": {"existingClaim": {"claimName": "theirs"}}},
        ALWAYS | ACCOUNTS | ADMIN | TLS | SELF,
        {"StorageReady": "Bound"},
    ),
    "full": Case(
        FULL,
        ALWAYS | ACCOUNTS | ADMIN | CLAIM | TLS | SELF | EXPOSED | MONITORED,
        {"Writable": "ReadOnly", "WorkloadReady": "Available", "Exposed": "ExposurePending"},
    ),
}


def make_references(images: Subject) -> None:
    """All that any of the cases refers to: an issuer, a pair, users, a claim."""
    pair, authority = make_pair([f"{images.name}.{images.namespace}.svc"]), make_pair([])
    images.user_secret("pair", pair.data, kind="kubernetes.io/tls")
    ca = {"tls.crt": authority.authority, "tls.key": authority.authority_key}
    images.user_secret("team-ca", ca, kind="kubernetes.io/tls")
    images.user_secret("users", {"htpasswd": "bob:$2b$05$" + "C" * 22 + "D" * 31 + "\n"})
    meta = {"namespace": images.namespace}
    issuer = {"metadata": {**meta, "name": "team"}, "spec": {"ca": {"secretName": "team-ca"}}}
    images.stage.kube.create(ISSUER, issuer)
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    images.stage.kube.create(PERSISTENT_VOLUME_CLAIM, {"metadata": {**meta, "name": "theirs"}, "spec": spec})


@pytest.mark.parametrize("name", CASES)
def test_a_registry_becomes_ready(operator: StagedOperator, images: Subject, name: str) -> None:
    case = CASES[name]
    make_references(images)
    mark = operator.proxy.mark
    images.apply(case.spec)
    registry = images.ready()
    children = images.children()

    assert {(kind, general(child)) for kind, child in children} == case.children
    for condition, reason in case.reasons.items():
        assert images.condition(condition)["reason"] == reason
    assert_owned(registry, children)
    assert_spec_untouched(registry)
    assert_serves(images, registry)
    assert_written_once(operator.proxy.writes(mark, namespace=images.namespace))
    assert_tells_no_secret(operator, images, registry)


def general(name: str) -> str:
    return re.sub(r"-(config|tls)-[0-9a-f]{10}$", r"-\1-*", name)


def assert_owned(registry: Object, children: dict[tuple[str, str], Object]) -> None:
    """Each child goes with its Registry, but for what must survive; labels are ours and nobody else's."""
    for key, child in children.items():
        meta = child["metadata"]
        owners = meta.get("ownerReferences", [])
        if key in SURVIVES:
            assert not any(owner["kind"] == "Registry" for owner in owners), key
        else:
            (owner,) = owners
            assert owner["uid"] == registry["metadata"]["uid"], key
            assert owner["controller"] is owner["blockOwnerDeletion"] is (key not in CERT_MANAGERS), key
        assert meta["labels"]["app.kubernetes.io/managed-by"] == "registry-operator", key
        assert meta["labels"]["app.kubernetes.io/instance"] == "images", key


def assert_spec_untouched(registry: Object) -> None:
    """The operator owns nothing of the Registry but its status."""
    meta = registry["metadata"]
    assert meta["generation"] == 1
    assert "finalizers" not in meta
    assert "annotations" not in meta
    for entry in meta["managedFields"]:
        if entry["manager"] != "user":
            assert set(entry["fieldsV1"]) == {"f:status"}, entry
            assert entry["subresource"] == "status"


def assert_serves(images: Subject, registry: Object) -> None:
    """Status tells what is really served, and the generated password really opens it."""
    status, container = registry["status"], images.container
    assert status["observedGeneration"] == 1
    assert container is not None
    assert (status["replicas"], status["readyReplicas"]) == (1, 1)
    tls = registry["spec"].get("tls", {})
    assert status["url"] == ("http" if "disabled" in tls else "https") + "://" + status["host"]
    if container.htpasswd is not None and "adminSecretName" in status:
        assert images.admits(images.secret("-admin", "username"), images.secret("-admin", "password"))
        login = json.loads(images.secret("-admin", ".dockerconfigjson"))["auths"][status["host"]]
        assert images.admits(login["username"], login["password"])
    assert images.admits("mallory", "guess") == (container.htpasswd is None)
    if "disabled" not in tls:
        served = x509.load_pem_x509_certificate(
            images.secret(images.mounted("tls").removeprefix("images"), "tls.crt").encode()
        )
        assert (
            status["certificate"]["fingerprint"].replace(":", "").lower() == served.fingerprint(hashes.SHA256()).hex()
        )


def assert_written_once(writes: list[Request]) -> None:
    """A child is written when all that it needs is known, and the status when it says something that lasts."""
    count = Counter((write.resource, write.name) for write in writes if write.resource not in ("registries", "events"))
    assert {child: number for child, number in count.items() if number > 1} == {}
    told = [write for write in writes if write.subresource == "status"]
    lasted = sum(later.at - earlier.at >= LASTING_SECONDS for earlier, later in itertools.pairwise(told))
    said = [[(c["type"], c["status"], c["reason"]) for c in write.body["status"]["conditions"]] for write in told]
    assert len(told) <= 2 + lasted, f"more than the first, the last, and what somebody had to wait for: {said}"
    events = [(write.body["type"], write.body["reason"]) for write in writes if write.resource == "events"]
    assert set(events) <= {("Normal", "Serving"), ("Warning", "TLSDisabled"), ("Warning", "CostlyHash")}, (
        "no false alarm"
    )
    assert len(events) <= 2


def assert_tells_no_secret(operator: StagedOperator, images: Subject, registry: Object) -> None:
    """Nothing generated is readable outside of Secrets."""
    secrets = [images.secret("-internal", key) for key in images.child_keys("-internal")]
    if ("Secret", "images-admin") in images.children():
        secrets.append(images.secret("-admin", "password"))
    events = images.stage.kube.list(EVENT, images.namespace)
    others = [child for (kind, _), child in images.children().items() if kind != "Secret"]
    told = operator.log() + json.dumps([registry, events, others, images.pods()])
    assert [secret for secret in secrets if secret in told] == []


def test_a_fresh_registry_never_looks_done(operator: StagedOperator, images: Subject) -> None:
    """Tools that wait for Ready must not be fooled by the first status."""
    mark = operator.proxy.mark
    images.apply({"tls": {"selfSigned": {}}})
    images.ready()
    reports = [
        write.body["status"]
        for write in operator.proxy.writes(mark, namespace=images.namespace)
        if write.subresource == "status"
    ]
    first = {condition["type"]: condition["status"] for condition in reports[0]["conditions"]}
    assert first["Ready"] != "True"
    assert first["Reconciling"] == "True"
    assert set(first) == {condition["type"] for condition in reports[-1]["conditions"]}


def test_what_tools_put_on_the_registry_is_not_copied(operator: StagedOperator, images: Subject) -> None:
    """Children with a copied label would be pruned by the tool whose label it is."""
    labels = {"app.kubernetes.io/instance": "app-of-apps", "helm.toolkit.fluxcd.io/name": "x"}
    annotations = {"argocd.argoproj.io/tracking-id": "a:b/C:d/e", "meta.helm.sh/release-name": "x"}
    images.apply({"tls": {"selfSigned": {}}}, labels=labels, annotations=annotations)
    images.ready()
    for key, child in images.children().items():
        assert child["metadata"]["labels"]["app.kubernetes.io/instance"] == "images", key
        assert not set(labels) - {"app.kubernetes.io/instance"} & set(child["metadata"]["labels"]), key
        assert not set(annotations) & set(child["metadata"].get("annotations", {})), key
