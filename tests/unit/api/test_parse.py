"""What the API server returns becomes structs; what can't be worked with becomes a message and never a default."""

from typing import Any

import pytest

from registry_operator.api.common import SecretKeyRef
from registry_operator.api.expose import Expose, Gateway, Ingress, ParentRef
from registry_operator.api.http import Header
from registry_operator.api.notifications import Endpoint
from registry_operator.api.parse import InvalidSpec, parse, parse_spec
from registry_operator.api.registry import (
    CertManager,
    EmptyDir,
    ExistingClaim,
    IssuerRef,
    PersistentVolumeClaim,
    Spec,
    Storage,
    Tls,
)


def test_metadata_and_status() -> None:
    body = {
        "metadata": {
            "namespace": "team-a",
            "name": "images",
            "uid": "u",
            "generation": 3,
            "resourceVersion": "17",
            "annotations": {"a": "b"},
            "finalizers": ["f"],
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "deletionTimestamp": "2026-01-02T00:00:00Z",
        },
        "spec": {},
        "status": {"observedGeneration": 2},
    }
    registry = parse(body)
    assert (registry.namespace, registry.name, registry.uid, registry.resource_version) == (
        "team-a",
        "images",
        "u",
        "17",
    )
    assert (registry.generation, registry.annotations, registry.finalizers) == (3, {"a": "b"}, ("f",))
    assert registry.creation_timestamp == "2026-01-01T00:00:00Z"
    assert registry.deletion_timestamp == "2026-01-02T00:00:00Z"
    assert registry.status == {"observedGeneration": 2}
    assert registry.spec == Spec()


def test_empty_spec_is_the_default() -> None:
    spec = parse_spec({})
    assert spec == Spec()
    assert spec.storage.kind == "PersistentVolumeClaim"
    assert spec.storage.persistent_volume_claim == PersistentVolumeClaim("20Gi", None, ("ReadWriteOnce",), "Retain")
    assert spec.tls.mode == "CertManager"
    assert spec.tls.cert_manager == CertManager()
    assert spec.tls.enabled


def test_nulls_and_empty_objects_read_as_absent() -> None:
    sections = ("image", "storage", "tls", "auth", "service", "log", "pod")
    assert parse_spec(dict.fromkeys(sections)) == Spec()
    assert parse_spec({name: {} for name in sections}) == Spec()


@pytest.mark.parametrize(
    ("given", "expected", "kind"),
    [
        (
            {"persistentVolumeClaim": {}},
            Storage(persistent_volume_claim=PersistentVolumeClaim()),
            "PersistentVolumeClaim",
        ),
        (
            {
                "persistentVolumeClaim": {
                    "size": "10240Mi",
                    "storageClassName": "",
                    "accessModes": ["ReadWriteMany"],
                    "whenDeleted": "Delete",
                }
            },
            Storage(persistent_volume_claim=PersistentVolumeClaim("10Gi", "", ("ReadWriteMany",), "Delete")),
            "PersistentVolumeClaim",
        ),
        ({"existingClaim": {"claimName": "c"}}, Storage(existing_claim=ExistingClaim("c")), "ExistingClaim"),
        ({"emptyDir": {}}, Storage(empty_dir=EmptyDir()), "EmptyDir"),
        ({"emptyDir": {"sizeLimit": "0.5Gi"}}, Storage(empty_dir=EmptyDir("512Mi")), "EmptyDir"),
    ],
)
def test_storage(given: dict[str, Any], expected: Storage, kind: str) -> None:
    storage = parse_spec({"storage": given}).storage
    assert storage == expected
    assert storage.kind == kind


@pytest.mark.parametrize(
    ("given", "expected", "mode"),
    [
        ({"certManager": {}}, Tls(cert_manager=CertManager()), "CertManager"),
        ({"dnsNames": ["a.b"]}, Tls(cert_manager=CertManager(), dns_names=("a.b",)), "CertManager"),
        (
            {"certManager": {"issuerRef": {"name": "i"}, "privateKey": {"algorithm": "RSA"}}},
            Tls(cert_manager=CertManager(IssuerRef("i", "Issuer", "cert-manager.io"), algorithm="RSA", size=2048)),
            "CertManager",
        ),
        (
            {"certManager": {"duration": "48h", "renewBefore": "24h", "privateKey": {"size": 384}}},
            Tls(cert_manager=CertManager(duration="48h", renew_before="24h", size=384)),
            "CertManager",
        ),
        ({"secretRef": {"name": "s"}}, Tls(secret_ref="s"), "SecretRef"),
        ({"selfSigned": {}}, Tls(self_signed=True), "SelfSigned"),
        ({"disabled": {}}, Tls(disabled=True), "Disabled"),
        (
            {"selfSigned": {}, "ipAddresses": ["192.0.2.1"], "minVersion": "1.3", "internalNames": "Disabled"},
            Tls(self_signed=True, ip_addresses=("192.0.2.1",), min_version="1.3", internal_names="Disabled"),
            "SelfSigned",
        ),
    ],
)
def test_tls(given: dict[str, Any], expected: Tls, mode: str) -> None:
    tls = parse_spec({"tls": given}).tls
    assert tls == expected
    assert tls.mode == mode
    assert tls.enabled is (mode != "Disabled")


def test_everything_else_is_read() -> None:
    spec = parse_spec(
        {
            "version": "3",
            "image": {"repository": "r", "digest": "sha256:d", "pullPolicy": "Always", "pullSecrets": [{"name": "p"}]},
            "auth": {"mode": "Disabled", "adminUser": "Disabled", "htpasswd": {"secretRef": {"name": "h"}}},
            "service": {
                "type": "LoadBalancer",
                "port": 8443,
                "nodePort": 30443,
                "annotations": {"a": "b"},
                "loadBalancerClass": "c",
                "externalTrafficPolicy": "Local",
                "loadBalancerSourceRanges": ["192.0.2.0/24"],
                "ipFamilyPolicy": "PreferDualStack",
                "ipFamilies": ["IPv6", "IPv4"],
            },
            "http": {"headers": [{"name": "X-Team", "value": "a"}]},
            "expose": {
                "ingress": {"host": "a.b", "className": "c", "annotations": {"d": "e"}, "tlsSecretName": "f"},
                "gateway": {
                    "hostnames": ["g.h"],
                    "parentRefs": [
                        {"name": "i", "kind": "ListenerSet", "namespace": "j", "sectionName": "k", "port": 1}
                    ],
                    "tls": "Passthrough",
                },
            },
            "notifications": {
                "endpoints": [
                    {"name": "a", "url": "https://a"},
                    {
                        "name": "b",
                        "url": "https://b",
                        "headersSecretRef": {"name": "c"},
                        "ignore": {"actions": ["pull"], "mediaTypes": ["d/e"]},
                    },
                ]
            },
            "networkPolicy": {"from": [{"podSelector": {"matchLabels": {}, "matchExpressions": []}}]},
            "access": "ReadOnly",
            "reconciliation": "Paused",
            "log": {"level": "debug", "format": "text", "access": "Disabled"},
        }
    )
    assert (spec.version, spec.access, spec.reconciliation) == ("3", "ReadOnly", "Paused")
    assert (spec.image.repository, spec.image.tag, spec.image.digest) == ("r", None, "sha256:d")
    assert (spec.image.pull_policy, spec.image.pull_secrets) == ("Always", ("p",))
    assert (spec.auth.mode, spec.auth.admin_user) == ("Disabled", "Disabled")
    assert spec.auth.htpasswd_secret_ref == SecretKeyRef("h", "htpasswd")
    assert (spec.service.type, spec.service.port, spec.service.node_port) == ("LoadBalancer", 8443, 30443)
    assert (spec.service.annotations, spec.service.load_balancer_class) == ({"a": "b"}, "c")
    assert spec.service.external_traffic_policy == "Local"
    assert spec.service.load_balancer_source_ranges == ("192.0.2.0/24",)
    assert (spec.service.ip_family_policy, spec.service.ip_families) == ("PreferDualStack", ("IPv6", "IPv4"))
    assert spec.expose == Expose(
        Ingress("a.b", "c", {"d": "e"}, "f"),
        Gateway(("g.h",), (ParentRef("i", "ListenerSet", "j", "k", 1),), "Passthrough"),
    )
    assert spec.notifications.endpoints == (
        Endpoint("a", "https://a"),
        Endpoint("b", "https://b", "c", ("pull",), ("d/e",)),
    )
    assert (spec.network_policy.mode, spec.network_policy.sources) == ("Enabled", ({"podSelector": {}},))
    assert spec.http.headers == (Header("X-Team", "a"),)
    assert (spec.log.level, spec.log.format, spec.log.access) == ("debug", "text", "Disabled")


def test_pod_is_in_the_form_in_which_a_deployment_returns_it() -> None:
    term = {"topologyKey": "zone", "labelSelector": {"matchLabels": {}, "matchExpressions": []}, "namespaces": []}
    pod = parse_spec(
        {
            "pod": {
                "resources": {"requests": {"cpu": "1000m", "memory": 1000}, "limits": {}},
                "nodeSelector": {"a": "b"},
                "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
                "tolerations": [{"key": "k", "operator": "Exists", "value": ""}, {"key": "", "operator": "Exists"}],
                "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "labelSelector": {}}],
                "priorityClassName": "high",
                "labels": {"l": "1"},
                "annotations": {"a": "1"},
                "serviceAccountAnnotations": {"s": "1"},
            }
        }
    ).pod
    assert pod.resources == {"requests": {"cpu": "1", "memory": "1k"}}
    assert pod.node_selector == {"a": "b"}
    required = [{"topologyKey": "zone", "labelSelector": {}}]
    assert pod.affinity == {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    assert pod.tolerations == ({"key": "k", "operator": "Exists"}, {"operator": "Exists"})
    assert pod.topology_spread_constraints == ({"maxSkew": 1, "topologyKey": "zone", "labelSelector": {}},)
    assert (pod.priority_class_name, pod.labels, pod.annotations) == ("high", {"l": "1"}, {"a": "1"})
    assert pod.service_account_annotations == {"s": "1"}


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"version": "4"}, "spec.version", "may be one of 2, 3"),
        ({"version": 2}, "spec.version", "must be a text"),
        ({"storage": {"oss": {"bucket": "b"}}}, "spec.storage.oss", "existingClaim, emptyDir, s3, gcs and azure"),
        ({"storage": {"oss": {}, "emptyDir": {}}}, "spec.storage.oss", "not known to this operator"),
        ({"storage": {"existingClaim": {"claimName": "c"}, "emptyDir": {}}}, "spec.storage", "remove the others"),
        ({"storage": {"existingClaim": {}}}, "spec.storage.existingClaim.claimName", "must be set"),
        ({"storage": {"persistentVolumeClaim": {"size": "20GB"}}}, "spec.storage.persistentVolumeClaim.size", "20Gi"),
        ({"storage": {"emptyDir": {"sizeLimit": "x"}}}, "spec.storage.emptyDir.sizeLimit", "'x' is no quantity"),
        ({"storage": []}, "spec.storage", "must be an object"),
        ({"tls": {"spiffe": {}}}, "spec.tls.spiffe", "certManager, secretRef, selfSigned and disabled"),
        ({"tls": {"selfSigned": {}, "disabled": {}}}, "spec.tls", "selfSigned and disabled"),
        ({"tls": {"certManager": {"duration": "90d"}}}, "spec.tls.certManager.duration", "'90d' is no duration"),
        (
            {"tls": {"certManager": {"privateKey": {"size": True}}}},
            "spec.tls.certManager.privateKey.size",
            "whole number",
        ),
        ({"tls": {"dnsNames": [1]}}, "spec.tls.dnsNames", "list of texts"),
        ({"image": {"tag": "2", "digest": "d"}}, "spec.image", "tag and digest"),
        ({"image": {"pullSecrets": ["a"]}}, "spec.image.pullSecrets[0]", "must be an object"),
        ({"image": {"pullSecrets": [{"name": "a"}, {}]}}, "spec.image.pullSecrets[1].name", "must be set"),
        ({"auth": {"mode": "Token"}}, "spec.auth.mode", "may be one of Htpasswd, Disabled"),
        ({"storage": {"s3": {}}}, "spec.storage.s3.bucket", "must be set"),
        ({"storage": {"s3": {"bucket": "b", "addressing": "DNS"}}}, "spec.storage.s3.addressing", "VirtualHost, Path"),
        ({"storage": {"gcs": {"bucket": "b", "redirect": "No"}}}, "spec.storage.gcs.redirect", "Enabled, Disabled"),
        ({"storage": {"azure": {"container": "c"}}}, "spec.storage.azure.accountName", "must be set"),
        ({"auth": {"htpasswd": {}}}, "spec.auth.htpasswd.secretRef.name", "must be set"),
        ({"service": {"externalTrafficPolicy": "Near"}}, "spec.service.externalTrafficPolicy", "Cluster, Local"),
        ({"notifications": {"endpoints": [{"name": "a"}]}}, "spec.notifications.endpoints[0].url", "must be set"),
        (
            {"notifications": {"endpoints": [{"name": "a", "url": "https://[1.2.3.4]/"}]}},
            "spec.notifications.endpoints[0].url",
            "IPv4",
        ),
        ({"storage": {"s3": {"bucket": "b", "endpoint": "https://a:70000"}}}, "spec.storage.s3.endpoint", "0-65535"),
        ({"proxy": {"remoteURL": "https://[::::]"}}, "spec.proxy.remoteURL", "::::"),
        ({"expose": {"route": {}}}, "spec.expose.route", "ingress or gateway"),
        ({"expose": {"ingress": {}}}, "spec.expose.ingress.host", "must be set"),
        ({"expose": {"gateway": {"tls": "Offload"}}}, "spec.expose.gateway.tls", "Terminate, Passthrough"),
        ({"service": {"ipFamilyPolicy": "Both"}}, "spec.service.ipFamilyPolicy", "SingleStack, PreferDualStack"),
        ({"http": {"headers": [{"name": "X-Team"}]}}, "spec.http.headers[0].value", "must be set"),
        ({"service": {"annotations": {"a": 1}}}, "spec.service.annotations", "texts as values"),
        ({"pod": {"resources": {"limits": {"cpu": "many"}}}}, "spec.pod.resources.limits.cpu", "'many' is no quantity"),
    ],
)
def test_what_is_not_understood_is_named(given: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse_spec(given)
    assert caught.value.field_path == path
    assert words in caught.value.message
    assert str(caught.value) == f"{path}: {caught.value.message}"


def test_unknown_scalars_of_a_newer_crd_are_no_harm() -> None:
    """While a new chart rolls out, the old operator sees the new CRD's defaults on every Registry."""
    assert parse_spec({"rollout": "Recreate", "replicas": 1, "tls": {"newScalar": "x"}}) == Spec()
