"""For each rule a spec that it accepts and one that it refuses, and the words of the refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.apiserver.admission.door import nested

Spec = dict[str, Any]
LONG = "a" * 63


@dataclass(frozen=True)
class Case:
    """`path` is where the refusal points; the specs are nested below `at`."""

    path: str
    words: str
    accepted: Spec
    refused: Spec


def case(at: str, good: Any, bad: Any, words: str, *, path: str | None = None) -> Case:
    return Case(f"spec.{path or at}", words, nested(at, good), nested(at, bad))


def names(at: str, words: str = "must be the name of an object", *, bad: str = "Not_a_name") -> Case:
    return case(at, "a.name-1", bad, words)


IMAGE = [
    case("image", {"tag": "2.8.3"}, {"tag": "2.8.3", "digest": f"sha256:{'a' * 64}"}, "may have one of tag and digest"),
    Case(
        "spec.image.tag",
        "must be a tag of the line that version names",
        {"version": "3", "image": {"tag": "3.1.1"}},
        {"version": "2", "image": {"tag": "3.1.1"}},
    ),
    Case(
        "spec.image.tag",
        "must be a tag of the line that version names",
        {"image": {"tag": "20260101-hardened"}},
        {"version": "3", "image": {"tag": "v2"}},
    ),
    case("image.repository", "reg.example.com:5000/a/b_c", "registry:2", "without a tag"),
    case("image.repository", "registry", "reg.example.com/Upper", "without a tag"),
    case("image.tag", "v2.8.3-alpine_1", "a b", "must be a tag such as 3.1.1"),
    case("image.digest", f"sha256:{'0a' * 32}", "sha256:abc", "must be a digest"),
    case(
        "image.pullSecrets",
        [{"name": "pull"}],
        [{"name": "Pull"}],
        "must be the name of an object",
        path="image.pullSecrets[0].name",
    ),
]

SIZE = "must be a size such as 512Mi"
STORAGE = [
    case(
        "storage",
        {"existingClaim": {"claimName": "c"}},
        {"existingClaim": {"claimName": "c"}, "emptyDir": {}},
        "may have one of persistentVolumeClaim, existingClaim, emptyDir, s3, gcs and azure",
    ),
    case("storage.persistentVolumeClaim.size", "1.5Ti", "20GB", SIZE),
    case("storage.persistentVolumeClaim.size", "20000000000", "+1Gi", SIZE),
    case("storage.persistentVolumeClaim.size", "1Mi", "1000Ki", "must be at least 1Mi and less than 1024Pi"),
    case("storage.persistentVolumeClaim.size", "1023Pi", "1024Pi", "must be at least 1Mi and less than 1024Pi"),
    case("storage.persistentVolumeClaim.storageClassName", "", "Fast_disk", "must be the name of a StorageClass"),
    case(
        "storage.persistentVolumeClaim.accessModes",
        ["ReadWriteOnce", "ReadWriteMany"],
        ["ReadWriteOncePod", "ReadWriteMany"],
        "may have ReadWriteOncePod alone only",
    ),
    names("storage.existingClaim.claimName"),
    case("storage.emptyDir.sizeLimit", "512Mi", "half", SIZE),
    case("storage.emptyDir.sizeLimit", "1Mi", "0", "must be at least 1Mi"),
]

CERT = "tls.certManager"
TLS = [
    case(
        "tls",
        {"secretRef": {"name": "s"}, "dnsNames": ["a.example.com"]},
        {"secretRef": {"name": "s"}, "selfSigned": {}},
        "may have one of certManager, secretRef, selfSigned and disabled",
    ),
    case(
        "tls",
        {"internalNames": "Disabled", "dnsNames": ["images.example.com", "*.example.com"]},
        {"internalNames": "Disabled"},
        "must have dnsNames when internalNames is Disabled",
    ),
    case(
        "tls",
        {"dnsNames": ["*.example.com"]},
        {"internalNames": "Disabled", "dnsNames": ["*.example.com", "images.example.com"]},
        "the first one may be no wildcard",
    ),
    case("tls.dnsNames", ["*.a-1.example.com"], ["Images.example.com"], "in lower case", path="tls.dnsNames[0]"),
    case(
        "tls.dnsNames", [f"{LONG}.example.com"], ["a.com", f"{LONG}a.com"], "must be a DNS name", path="tls.dnsNames[1]"
    ),
    case("tls.ipAddresses", ["192.0.2.1", "2001:db8::1"], ["192.0.2.256"], "must be an IP", path="tls.ipAddresses[0]"),
    names("tls.secretRef.name"),
    case(CERT, {"duration": "1h", "renewBefore": "5m"}, {"duration": "59m", "renewBefore": "5m"}, "of at least 1h"),
    case(CERT, {"duration": "1h", "renewBefore": "5m"}, {"renewBefore": "299s"}, "a renewBefore of at least 5m"),
    case(CERT, {"duration": "721h"}, {"duration": "720h"}, "a renewBefore that is shorter than duration"),
    case(f"{CERT}.duration", "2160h0m0s", "90d", "must be a duration in hours"),
    case(f"{CERT}.renewBefore", "1.5h", "an hour", "must be a duration in hours"),
    case(
        f"{CERT}.privateKey",
        {"algorithm": "RSA", "size": 4096},
        {"algorithm": "RSA", "size": 256},
        "must have a size of 256, 384 or 521 with algorithm ECDSA",
    ),
    case(f"{CERT}.privateKey", {"size": 384}, {"size": 2048}, "of 2048, 3072 or 4096 with RSA"),
    names(f"{CERT}.issuerRef.name", "must be the name of an issuer"),
    Case(
        f"spec.{CERT}.issuerRef.kind",
        "must be a kind such as Issuer",
        nested(f"{CERT}.issuerRef", {"name": "i", "kind": "ClusterIssuer"}),
        nested(f"{CERT}.issuerRef", {"name": "i", "kind": "cluster-issuer"}),
    ),
    Case(
        f"spec.{CERT}.issuerRef.group",
        "must be an API group",
        nested(f"{CERT}.issuerRef", {"name": "i", "group": "awspca.cert-manager.io"}),
        nested(f"{CERT}.issuerRef", {"name": "i", "group": "cert-manager.io/v1"}),
    ),
]

HTPASSWD = {"secretRef": {"name": "users"}}
AUTH = [
    case(
        "auth",
        {"htpasswd": HTPASSWD},
        {"mode": "Disabled", "htpasswd": HTPASSWD},
        "may have htpasswd with mode Htpasswd only",
    ),
    case(
        "auth",
        {"adminUser": "Disabled", "htpasswd": HTPASSWD},
        {"adminUser": "Disabled"},
        "must leave somebody who can log in",
    ),
    names("auth.htpasswd.secretRef.name"),
    Case(
        "spec.auth.htpasswd.secretRef.key",
        "must be a key of a Secret",
        nested("auth.htpasswd.secretRef", {"name": "users", "key": "users.htpasswd"}),
        nested("auth.htpasswd.secretRef", {"name": "users", "key": "a/b"}),
    ),
]

RESERVED = "may not set keys of teamregistry.io/, app.kubernetes.io/"
KEYS = "must have keys such as example.com/name"
SERVICE = [
    case(
        "service", {"type": "NodePort", "nodePort": 30443}, {"nodePort": 30443}, "may have nodePort with type NodePort"
    ),
    case(
        "service",
        {"type": "NodePort", "externalTrafficPolicy": "Local"},
        {"externalTrafficPolicy": "Local"},
        "may have externalTrafficPolicy with type NodePort or LoadBalancer only",
    ),
    case(
        "service",
        {"type": "LoadBalancer", "loadBalancerClass": "example.com/internal"},
        {"type": "NodePort", "loadBalancerClass": "example.com/internal"},
        "may have loadBalancerClass with type LoadBalancer only",
    ),
    Case(
        "spec.service.loadBalancerClass",
        "must be a class such as example.com/internal",
        nested("service", {"type": "LoadBalancer", "loadBalancerClass": "internal"}),
        nested("service", {"type": "LoadBalancer", "loadBalancerClass": "in ternal"}),
    ),
    case("service.annotations", {"example.com/a": "any: value\n"}, {"a b": "c"}, KEYS),
    case("service.annotations", {"a": ""}, {"teamregistry.io/a": ""}, RESERVED),
    case("service.annotations", {"example.com/teamregistry.io": ""}, {"argocd.argoproj.io/tracking-id": ""}, RESERVED),
]
