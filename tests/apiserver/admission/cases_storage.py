"""Object storage: for each rule a spec that it accepts and one that it refuses, and what of it may change."""

from __future__ import annotations

from typing import Any

from tests.apiserver.admission.cases import Case, Spec, case, names
from tests.apiserver.admission.door import nested

OWN = "https://minio.storage.svc:9000"


def s3(**members: Any) -> Spec:
    """A bucket of Amazon's, except for what is given."""
    return {"bucket": "images", "region": "eu-central-1", **members}


def within(member: str, base: Spec, field: str, good: Any, bad: Any, words: str) -> Case:
    """One field of a member, with what the member must have beside it."""
    at = f"storage.{member}"
    return Case(f"spec.{at}.{field}", words, nested(at, base | {field: good}), nested(at, base | {field: bad}))


def secret(member: str, base: Spec) -> Case:
    reference = names(f"storage.{member}.credentialsSecretRef.name")
    good, bad = ({**base, "credentialsSecretRef": {"name": name}} for name in ("a.name-1", "Not_a_name"))
    at = f"storage.{member}"
    return Case(reference.path, reference.words, nested(at, good), nested(at, bad))


GCS: Spec = {"bucket": "images"}
AZURE: Spec = {"container": "images", "accountName": "teama", "credentialsSecretRef": {"name": "key"}}
ROOT = "must be a path such as registries/team-a"
BUCKET = "must be the name of a bucket"
AUTHORITY: Spec = {"bucket": "images", "endpoint": OWN}

OBJECT_STORAGE = [
    case("storage.s3", s3(), {"bucket": "images"}, "must have a region, unless endpoint"),
    case("storage.s3", {"bucket": "images", "endpoint": OWN}, {"bucket": "images"}, "must have a region"),
    case(
        "storage.s3",
        s3(endpoint=OWN, caSecretRef={"name": "ca"}),
        s3(caSecretRef={"name": "ca"}),
        "may have caSecretRef with an endpoint only",
    ),
    case("storage.s3", s3(encryption="KMS", kmsKeyID="k"), s3(encryption="KMS"), "must have kmsKeyID with encryption"),
    case("storage.s3", s3(encryption="AES256"), s3(kmsKeyID="k"), "must have kmsKeyID with encryption KMS and not"),
    within("s3", s3(), "bucket", "my.bucket-1", "My_bucket", BUCKET),
    within("s3", s3(), "region", "us-gov-west-1", "Frankfurt", "must be a region such as eu-central-1"),
    within("s3", s3(), "endpoint", "http://[2001:db8::1]:9000", "minio:9000", "must be an address such as https"),
    within("s3", s3(), "endpoint", "https://s3.example.org", "https://s3.example.org/x", "without a path"),
    within("s3", s3(), "endpoint", "https://minio:9000", "https://minio:70000", "must be an address such as https"),
    within("s3", s3(), "endpoint", "https://[2001:db8::1]", "https://[192.0.2.1]", "must be an address such"),
    within("s3", s3(), "rootDirectory", "registries/team-a", "/registries", ROOT),
    within("s3", s3(), "rootDirectory", "a.b/_c", "a/../b", ROOT),
    within("s3", s3(encryption="KMS"), "kmsKeyID", "arn:aws:kms:x:1:key/a", "a key", "must be the ID, alias or ARN"),
    secret("s3", s3()),
    Case(
        "spec.storage.s3.caSecretRef.name",
        "must be the name of an object",
        nested("storage.s3", {**AUTHORITY, "caSecretRef": {"name": "ca"}}),
        nested("storage.s3", {**AUTHORITY, "caSecretRef": {"name": "CA"}}),
    ),
    Case(
        "spec.storage.s3.caSecretRef.key",
        "must be a key of a Secret",
        nested("storage.s3", {**AUTHORITY, "caSecretRef": {"name": "ca", "key": "tls.crt"}}),
        nested("storage.s3", {**AUTHORITY, "caSecretRef": {"name": "ca", "key": "a/b"}}),
    ),
    within("gcs", GCS, "bucket", "my_bucket.example", "My", BUCKET),
    within("gcs", GCS, "rootDirectory", "team-a", "team-a/", ROOT),
    secret("gcs", GCS),
    within("azure", AZURE, "container", "team-a", "team--a", "must be the name of a container"),
    within("azure", AZURE, "accountName", "team0", "team-a", "must be the name of an account"),
    secret("azure", AZURE),
]

ROLE = {"pod": {"serviceAccountAnnotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/a"}}}
BY_LINE = [
    Case(
        "spec.storage.s3.addressing",
        "must be Path with an endpoint and VirtualHost without, as line 2 knows nothing else",
        {"version": "3", "storage": {"s3": s3(endpoint=OWN, addressing="VirtualHost")}},
        {"version": "2", "storage": {"s3": s3(endpoint=OWN, addressing="VirtualHost")}},
    ),
    Case(
        "spec.storage.s3.addressing",
        "must be Path with an endpoint and VirtualHost without, as line 2 knows nothing else",
        {"version": "2", "storage": {"s3": s3(addressing="VirtualHost")}},
        {"version": "2", "storage": {"s3": s3(addressing="Path")}},
    ),
    Case(
        "spec.storage.s3.credentialsSecretRef",
        "must be set, as line 2 knows no role of a ServiceAccount",
        {"version": "3", "storage": {"s3": s3()}, **ROLE},
        {"version": "2", "storage": {"s3": s3()}, **ROLE},
    ),
    Case(
        "spec.storage.azure.credentialsSecretRef",
        "must be set, as line 2 knows no cloud identity of Azure",
        {"version": "3", "storage": {"azure": {"container": "images", "accountName": "teama"}}},
        {"version": "2", "storage": {"azure": {"container": "images", "accountName": "teama"}}},
    ),
]

HUB: Spec = {"remoteURL": "https://registry-1.docker.io"}


def cache(good: Spec, bad: Spec, at: str, words: str) -> Case:
    """A cache, and what it may stand beside."""
    return Case(f"spec.{at}", words, {"version": "3", "proxy": HUB, **good}, {"version": "3", "proxy": HUB, **bad})


PROXY = [
    case("proxy", HUB, {"remoteURL": "http://a.b"}, "must be an address such as https", path="proxy.remoteURL"),
    case("proxy", HUB, {"remoteURL": "https://a.b/c"}, "https alone", path="proxy.remoteURL"),
    case("proxy", HUB, {"remoteURL": "https://a.b:70000"}, "https alone", path="proxy.remoteURL"),
    case("proxy", HUB, {"remoteURL": "https://[1.2.3.4]"}, "https alone", path="proxy.remoteURL"),
    Case(
        "spec.proxy.credentialsSecretRef.name",
        "must be the name of an object",
        {"proxy": {**HUB, "credentialsSecretRef": {"name": "hub"}}},
        {"proxy": {**HUB, "credentialsSecretRef": {"name": "Hub"}}},
    ),
    Case(
        "spec.proxy.caSecretRef.name",
        "must be the name of an object",
        {"proxy": {**HUB, "caSecretRef": {"name": "ca"}}},
        {"proxy": {**HUB, "caSecretRef": {"name": "CA"}}},
    ),
    Case(
        "spec.proxy.caSecretRef.key",
        "must be a key of a Secret",
        {"proxy": {**HUB, "caSecretRef": {"name": "ca", "key": "tls.crt"}}},
        {"proxy": {**HUB, "caSecretRef": {"name": "ca", "key": "a/b"}}},
    ),
    cache({"proxy": {**HUB, "ttl": "24h"}}, {"proxy": {**HUB, "ttl": "1 day"}}, "proxy.ttl", "must be a duration"),
    cache(
        {"proxy": {**HUB, "ttl": "24h"}},
        {"proxy": {**HUB, "ttl": "24h"}, "version": "2"},
        "proxy.ttl",
        "may be set with line 3 only",
    ),
    cache(
        {"storage": {"s3": s3()}},
        {"storage": {"s3": s3()}, "replicas": 2},
        "replicas",
        "may not be more than 1 with proxy",
    ),
    cache(
        {"storage": {"s3": s3()}},
        {"storage": {"s3": s3()}, "autoscaling": {"maxReplicas": 3}},
        "autoscaling",
        "may not be set with proxy",
    ),
    cache({"rollout": "Recreate"}, {"rollout": "Surge"}, "rollout", "may not be Surge with proxy"),
]
