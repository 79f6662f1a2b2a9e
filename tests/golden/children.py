"""All children of a Registry, built as an operator would that has generated these very values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from registry_operator.api.parse import parse
from registry_operator.api.registry import Registry
from registry_operator.desired import (
    autoscaler,
    certificate,
    claim,
    config,
    config_map,
    deployment,
    disruption,
    gateway,
    hosts,
    image,
    ingress,
    network_policy,
    object_storage,
    pod_monitor,
    rollout,
    secrets,
    service,
    service_account,
    upstream,
)
from registry_operator.desired.names import Names
from registry_operator.registry import htpasswd

Object = dict[str, Any]

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir())

IMAGES = {"2": "registry:2.8.3", "3": "registry:3.1.1"}
OPERATOR_PODS = network_policy.OperatorPods("operators", {"app.kubernetes.io/name": "registry-operator"})
CLUSTER_IP = "10.96.0.10"
KEY = b"salt key of the golden cases"
GENERATED = {"http_secret": "http-secret", "probe_password": "probe-password", "salt_key": KEY.decode()}
PASSWORD = "password-of-admin"
BUCKET_KEYS = {
    "AWS_ACCESS_KEY_ID": "golden-key",
    "AWS_SECRET_ACCESS_KEY": "0012345",
    object_storage.GCS_KEY: "{}",
    object_storage.AZURE_KEY: "MDAxMjM0NQ==",
}
NOTIFICATION_HEADERS = {"audit": {"Authorization": "Bearer 0012345"}}
UPSTREAM = {upstream.USER_KEY: "alice", upstream.PASSWORD_KEY: "0012345"}
CA, CRT, PRIVATE = (f"-----BEGIN {what}-----\ngolden\n-----END {what}-----\n" for what in ("CA", "CERTIFICATE", "KEY"))


def registry(case: str) -> Registry:
    """The Registry of a case, as the API server would return it."""
    body = yaml.safe_load((CASES / case / "registry.yaml").read_text())
    body["metadata"] |= {"uid": "0f0f0f0f-0000-4000-8000-000000000001", "resourceVersion": "1", "generation": 1}
    return parse(body)


def config_text(subject: Registry) -> str:
    azure_key = BUCKET_KEYS[object_storage.AZURE_KEY] if subject.spec.storage.azure else None
    login = upstream.login(UPSTREAM) if subject.spec.proxy else upstream.NOBODY
    return config.text(
        subject,
        http_secret=GENERATED["http_secret"],
        azure_key=azure_key,
        upstream_login=login,
        notification_headers=NOTIFICATION_HEADERS,
    )


def children(subject: Registry) -> list[Object]:
    """In the order of writing: the Deployment last."""
    result = [service.service(subject), service_account.service_account(subject)]
    if subject.spec.network_policy.mode == "Enabled":
        result.append(network_policy.network_policy(subject, OPERATOR_PODS, ("monitoring",)))
    result.append(secrets.internal(subject, **GENERATED))
    result += _credentials(subject)
    result += _certificates(subject)
    if subject.spec.storage.kind == "PersistentVolumeClaim":
        result.append(claim.claim(subject))
    configuration = secrets.config(subject, config_text(subject), salt_key=KEY)
    tls = secrets.tls(subject, crt=CRT, key=PRIVATE, salt_key=KEY) if subject.spec.tls.enabled else None
    bucket, source = _bucket(subject), _source(subject)
    result += [configuration, *(each for each in (tls, bucket, source) if each)]
    attached = [object_storage.attached(bucket["metadata"]["name"], bucket["data"])] if bucket else []
    attached += [upstream.attached(source["metadata"]["name"], source["data"])] if source else []
    result += _exposure(subject, tls["metadata"]["name"] if tls else None)
    workload = deployment.deployment(
        subject,
        image=image.reference(subject, IMAGES[subject.spec.version]),
        config_secret=configuration["metadata"]["name"],
        tls_secret=tls["metadata"]["name"] if tls else None,
        htpasswd_secret=Names(subject.name).htpasswd if subject.spec.auth.mode == "Htpasswd" else None,
        claim_name=claim.claim_name(subject),
        rollout=rollout.rollout(subject, subject.spec.storage.access_modes or ("ReadWriteOnce",)),
        attached=attached,
    )
    if subject.spec.metrics.monitored:
        result.append(pod_monitor.pod_monitor(subject))
    if disruption.wanted(subject):
        result.append(disruption.disruption_budget(subject))
    if subject.spec.autoscaling is not None:
        result.append(autoscaler.autoscaler(subject, subject.spec.autoscaling))
    return [*result, workload]


def _source(subject: Registry) -> Object | None:
    """The copy of what a cache logs in with."""
    if subject.spec.proxy is None:
        return None
    return secrets.upstream(subject, {upstream.URL_KEY: subject.spec.proxy.remote_url, **UPSTREAM}, salt_key=KEY)


def _bucket(subject: Registry) -> Object | None:
    """The copy of what the spec names, as the users' Secrets might have it."""
    storage = subject.spec.storage
    names: tuple[str, ...] = ()
    if storage.bucket is not None and storage.bucket.credentials_secret_ref:
        names = {"S3": object_storage.S3_KEYS, "GCS": (object_storage.GCS_KEY,)}.get(
            storage.kind, (object_storage.AZURE_KEY,)
        )
    data = {name: BUCKET_KEYS[name] for name in names}
    if storage.s3 and storage.s3.ca_secret_ref:
        data[config_map.CA_KEY] = CA
    return secrets.storage(subject, data, salt_key=KEY) if data else None


def _credentials(subject: Registry) -> list[Object]:
    if subject.spec.auth.mode == "Disabled":
        return []
    result, lines = [], []
    if subject.spec.auth.admin_user == "Enabled":
        lines.append(htpasswd.line(secrets.ADMIN_USER, PASSWORD, KEY))
        ca = CA if subject.spec.tls.enabled else None
        names = hosts.hosts(subject)
        result.append(secrets.admin(subject, username=secrets.ADMIN_USER, password=PASSWORD, hosts=names, ca=ca))
    file = htpasswd.compose(lines, probe_password=GENERATED["probe_password"], key=KEY)
    return [*result, secrets.htpasswd(subject, file.text)]


def _exposure(subject: Registry, tls_secret: str | None) -> list[Object]:
    result = []
    expose = subject.spec.expose
    if expose.ingress:
        secret = expose.ingress.tls_secret_name or tls_secret
        result.append(ingress.ingress(subject, expose.ingress, tls_secret=secret))
    if expose.gateway and expose.gateway.tls == "Passthrough":
        result.append(gateway.tls_route(subject, expose.gateway))
    elif expose.gateway:
        result.append(gateway.http_route(subject, expose.gateway))
        if subject.spec.tls.enabled:
            ca = None if subject.spec.tls.mode == "SecretRef" else Names(subject.name).ca_config_map
            result.append(gateway.backend_tls_policy(subject, ca_config_map=ca))
    return result


def _certificates(subject: Registry) -> list[Object]:
    if not subject.spec.tls.enabled:
        return []
    result = [config_map.ca(subject, CA)]
    if subject.spec.tls.mode == "SelfSigned":
        result.append(secrets.selfsigned(subject, ca_crt=CA, ca_key=PRIVATE, crt=CRT, key=PRIVATE))
    if subject.spec.tls.mode == "CertManager":
        if hosts.own_ca(subject):
            result += [
                certificate.bootstrap_issuer(subject),
                certificate.ca(subject),
                certificate.ca_issuer(subject),
            ]
        reference = certificate.issuer_ref(subject)
        result.append(certificate.leaf(subject, cluster_ips=(CLUSTER_IP,), issuer_ref=reference))
    return result
