"""From what the API server returns to a Registry; the only reader of the wire form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from . import object_storage
from . import registry as api
from .common import SecretKeyRef, Switch
from .expose import expose
from .http import http
from .metrics import metrics
from .network_policy import network_policy
from .notifications import notifications
from .pod import pod
from .proxy import proxy
from .section import InvalidSpec, Section
from .service import service

__all__ = ["InvalidSpec", "parse"]


def parse(body: Mapping[str, Any]) -> api.Registry:
    """The Registry; raises InvalidSpec for what the schema could not refuse."""
    metadata: Mapping[str, Any] = body["metadata"]
    return api.Registry(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        resource_version=metadata["resourceVersion"],
        annotations=dict(metadata.get("annotations") or {}),
        deletion_timestamp=metadata.get("deletionTimestamp"),
        finalizers=tuple(metadata.get("finalizers") or ()),
        creation_timestamp=metadata.get("creationTimestamp", ""),
        spec=_spec(json.dumps(body.get("spec") or {})),
        status=body.get("status") or {},
    )


@lru_cache(maxsize=1024)  # 0.1 ms of a walk; Registries with the same spec share it
def _spec(text: str) -> api.Spec:
    return parse_spec(json.loads(text))


def parse_spec(content: Mapping[str, Any]) -> api.Spec:
    """The spec alone, with the defaults that the schema may not give."""
    section = Section("spec", content)
    default = api.Spec()
    return api.Spec(
        version=section.choice("version", api.Line, default.version),
        image=_image(section.section("image")),
        replicas=section.number("replicas", default.replicas),
        autoscaling=_autoscaling(section.section("autoscaling")) if section.has("autoscaling") else None,
        rollout=section.choice("rollout", api.Rollout, default.rollout),
        storage=_storage(section.section("storage")),
        tls=_tls(section.section("tls")),
        auth=_auth(section.section("auth")),
        service=service(section.section("service")),
        expose=expose(section.section("expose")),
        http=http(section.section("http")),
        network_policy=network_policy(section.section("networkPolicy")),
        notifications=notifications(section.section("notifications")),
        proxy=proxy(section.section("proxy")) if section.has("proxy") else None,
        access=section.choice("access", api.Access, default.access),
        reconciliation=section.choice("reconciliation", api.Reconciliation, default.reconciliation),
        metrics=metrics(section.section("metrics")),
        log=_log(section.section("log")),
        pod=pod(section.section("pod")),
    )


def _image(section: Section) -> api.Image:
    section.at_most_one("tag", "digest")
    return api.Image(
        repository=section.text("repository", None),
        tag=section.text("tag", None),
        digest=section.text("digest", None),
        pull_policy=section.choice("pullPolicy", api.PullPolicy, api.Image().pull_policy),
        pull_secrets=tuple(item.required("name") for item in section.sections("pullSecrets")),
    )


def _autoscaling(section: Section) -> api.Autoscaling:
    most = section.number("maxReplicas", None)
    if most is None:
        raise InvalidSpec(section.at("maxReplicas"), "must be set: the most pods that there may be")
    default = api.Autoscaling(max_replicas=most)
    return api.Autoscaling(
        max_replicas=most,
        min_replicas=section.number("minReplicas", default.min_replicas),
        cpu_utilization=section.number("cpuUtilization", default.cpu_utilization),
    )


def _storage(section: Section) -> api.Storage:
    section.only("persistentVolumeClaim", "existingClaim", "emptyDir", "s3", "gcs", "azure")
    if section.has("existingClaim"):
        claim = section.section("existingClaim").required("claimName")
        return api.Storage(existing_claim=api.ExistingClaim(claim_name=claim))
    if section.has("emptyDir"):
        limit = section.section("emptyDir").size("sizeLimit", None)
        return api.Storage(empty_dir=api.EmptyDir(size_limit=limit))
    if section.has("s3"):
        return api.Storage(s3=object_storage.s3(section.section("s3")))
    if section.has("gcs"):
        return api.Storage(gcs=object_storage.gcs(section.section("gcs")))
    if section.has("azure"):
        return api.Storage(azure=object_storage.azure(section.section("azure")))
    return api.Storage(persistent_volume_claim=_claim(section.section("persistentVolumeClaim")))


def _claim(section: Section) -> api.PersistentVolumeClaim:
    default = api.PersistentVolumeClaim()
    return api.PersistentVolumeClaim(
        size=section.size("size", default.size),
        storage_class_name=section.text("storageClassName", None),
        access_modes=section.texts("accessModes") or default.access_modes,
        when_deleted=section.choice("whenDeleted", api.WhenDeleted, default.when_deleted),
    )


def _tls(section: Section) -> api.Tls:
    """A source that this operator does not know must not become cert-manager's, so unknown objects are refused."""
    sources = ("certManager", "secretRef", "selfSigned", "disabled")
    Section(section.path, {key: value for key, value in section.content.items() if isinstance(value, dict)}).only(
        *sources
    )
    default = api.Tls()
    others = any(section.has(source) for source in sources[1:])
    return api.Tls(
        cert_manager=None if others else _cert_manager(section.section("certManager")),
        secret_ref=section.section("secretRef").required("name") if section.has("secretRef") else None,
        self_signed=section.has("selfSigned"),
        disabled=section.has("disabled"),
        dns_names=section.texts("dnsNames"),
        ip_addresses=section.texts("ipAddresses"),
        min_version=section.choice("minVersion", api.TlsVersion, default.min_version),
        internal_names=section.choice("internalNames", Switch, default.internal_names),
    )


def _cert_manager(section: Section) -> api.CertManager:
    default = api.CertManager()
    key = section.section("privateKey")
    algorithm = key.choice("algorithm", api.KeyAlgorithm, default.algorithm)
    return api.CertManager(
        issuer_ref=_issuer_ref(section.section("issuerRef")) if section.has("issuerRef") else None,
        duration=section.duration("duration", default.duration),
        renew_before=section.duration("renewBefore", default.renew_before),
        algorithm=algorithm,
        size=key.number("size", default.size if algorithm == default.algorithm else 2048),
    )


def _issuer_ref(section: Section) -> api.IssuerRef:
    default = api.IssuerRef(name=section.required("name"))
    return api.IssuerRef(
        name=default.name, kind=section.text("kind", default.kind), group=section.text("group", default.group)
    )


def _auth(section: Section) -> api.Auth:
    default = api.Auth()
    reference = section.section("htpasswd").section("secretRef")
    named = section.has("htpasswd")
    return api.Auth(
        mode=section.choice("mode", api.AuthMode, default.mode),
        htpasswd_secret_ref=(
            SecretKeyRef(name=reference.required("name"), key=reference.text("key", "htpasswd")) if named else None
        ),
        admin_user=section.choice("adminUser", Switch, default.admin_user),
    )


def _log(section: Section) -> api.Log:
    default = api.Log()
    return api.Log(
        level=section.choice("level", api.LogLevel, default.level),
        format=section.choice("format", api.LogFormat, default.format),
        access=section.choice("access", Switch, default.access),
    )
