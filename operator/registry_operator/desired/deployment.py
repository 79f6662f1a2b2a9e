"""The workload of a Registry.

The pod template names its inputs (`<name>-config-<hash>`, `<name>-tls-<hash>`), so it changes when, and only when, one
of them does; no annotation with a hash is needed, and a pod that is evicted in the middle of a change comes back with
exactly what it had. The password file is the one input that changes in place: the registry reads it anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from registry_operator.api.quantity import parse_bytes
from registry_operator.api.registry import Registry
from registry_operator.desired import meta, secrets
from registry_operator.desired.attached import Attached, env, mounts, volumes
from registry_operator.desired.names import Names
from registry_operator.desired.rollout import Rollout, affinity, spread, strategy
from registry_operator.desired.service import TARGET_PORT

PORT = 5000
METRICS_PORT = 5001
METRICS = "metrics"
CONFIG_FOLDER = "/etc/registry-operator"
CONFIG_FILE = f"{CONFIG_FOLDER}/{secrets.CONFIG_KEY}"
TLS_FOLDER = "/etc/registry-tls"
HTPASSWD_FOLDER = "/etc/registry-users"
DATA_FOLDER = "/var/lib/registry"
USER = 65532
PRE_STOP_SECONDS = 5
DRAIN_SECONDS = 60
PROVING_SECONDS = 40
"""How long a pod must be ready before an older one may go, where the storage is a bucket: one that cannot use it is
ready for 30 seconds, until the third of the registry's own checks has failed."""
GRACE_SECONDS = PRE_STOP_SECONDS + DRAIN_SECONDS + 10


def deployment(
    registry: Registry,
    *,
    image: str,
    config_secret: str,
    tls_secret: str | None,
    htpasswd_secret: str | None,
    claim_name: str | None,
    rollout: Rollout,
    attached: Sequence[Attached] = (),
) -> meta.Object:
    """The Deployment; without a number of pods where an autoscaler chooses it."""
    names = Names(registry.name)
    pod = registry.spec.pod
    template_metadata: meta.Object = {"labels": {**pod.labels, **meta.labels(registry.name)}}
    if pod.annotations:
        template_metadata["annotations"] = dict(pod.annotations)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta.metadata(
            registry, names.deployment, annotations={meta.ANNOTATION_VERSION: registry.spec.version}
        ),
        "spec": {
            **({} if registry.spec.autoscaling else {"replicas": registry.spec.replicas}),
            "revisionHistoryLimit": 0,
            "strategy": strategy(rollout),
            **({"minReadySeconds": PROVING_SECONDS} if registry.spec.storage.bucket else {}),
            "selector": {"matchLabels": meta.selector(registry.name)},
            "template": {
                "metadata": template_metadata,
                "spec": {
                    **_pod_spec(registry, rollout),
                    "containers": [_container(registry, image, bool(tls_secret), bool(htpasswd_secret), attached)],
                    "volumes": [
                        *_volumes(registry, config_secret, tls_secret, htpasswd_secret, claim_name),
                        *volumes(attached),
                    ],
                },
            },
        },
    }


def _pod_spec(registry: Registry, rollout: Rollout) -> meta.Object:
    """All of the pod but its containers and volumes. No service links: a Service named `registry-auth` would become
    environment variables that the registry takes for configuration, and refuses to start on."""
    spec: meta.Object = {
        "serviceAccountName": Names(registry.name).service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    if registry.spec.image.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in registry.spec.image.pull_secrets]
    return {**spec, **_scheduling(registry, rollout)}


def _scheduling(registry: Registry, rollout: Rollout) -> meta.Object:
    pod = registry.spec.pod
    wanted = {
        "nodeSelector": dict(pod.node_selector),
        "affinity": affinity(registry, rollout),
        "tolerations": list(pod.tolerations),
        "topologySpreadConstraints": spread(registry, rollout),
        "priorityClassName": pod.priority_class_name,
    }
    return {key: value for key, value in wanted.items() if value}


def _container(registry: Registry, image: str, tls: bool, htpasswd: bool, attached: Sequence[Attached]) -> meta.Object:
    bucket = registry.spec.storage.bucket is not None
    container: meta.Object = {
        "name": "registry",
        "image": image,
        "imagePullPolicy": registry.spec.image.pull_policy,
        "command": ["registry"],
        "args": ["serve", CONFIG_FILE],
        "env": [*_env(registry), *env(attached)],
        "ports": _ports(registry),
        "volumeMounts": [*_mounts(tls, htpasswd, data=not bucket), *mounts(attached)],
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
        "securityContext": {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **_probes("HTTPS" if tls else "HTTP", restart=not bucket),
    }
    if registry.spec.pod.resources:
        container["resources"] = registry.spec.pod.resources
    return container


def _ports(registry: Registry) -> list[meta.Object]:
    ports: list[meta.Object] = [{"name": TARGET_PORT, "containerPort": PORT, "protocol": "TCP"}]
    if registry.spec.metrics.mode == "Enabled":
        ports.append({"name": METRICS, "containerPort": METRICS_PORT, "protocol": "TCP"})
    return ports


def _probes(scheme: str, *, restart: bool) -> meta.Object:
    """Probes on `/`, the one path that answers without credentials; like all others it turns 503 with the storage.

    On a filesystem a `restart` is what cures a stale mount, so liveness may ask the same; it waits two minutes. It
    cures no bucket. (A TCP probe would prove only that the kernel takes connections, and log an error each time.)
    """
    get = {"httpGet": {"path": "/", "port": TARGET_PORT, "scheme": scheme}}
    probes = {
        "startupProbe": {**get, "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 60},
        "readinessProbe": {**get, "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 2},
    }
    if restart:
        probes["livenessProbe"] = {**get, "periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 6}
    return probes


def _env(registry: Registry) -> list[meta.Object]:
    """The little that is no configuration: `REGISTRY_…` variables are parsed as YAML and never used.

    Line 2 and 3.0 are built with a Go that does not know its limits. Without a limit the variable is the node's CPUs,
    which is Go's own choice.
    """
    cpu = {"resource": "limits.cpu", "divisor": "1"}
    env: list[meta.Object] = [
        {"name": "GOMAXPROCS", "valueFrom": {"resourceFieldRef": cpu}},
        {"name": "OTEL_TRACES_EXPORTER", "value": "none"},
    ]
    memory = registry.spec.pod.resources.get("limits", {}).get("memory")
    if memory is not None:
        env.insert(1, {"name": "GOMEMLIMIT", "value": str(parse_bytes(memory) * 9 // 10)})
    return env


def _mounts(tls: bool, htpasswd: bool, *, data: bool) -> list[meta.Object]:
    """Folders, never single files (`subPath`): a folder follows its Secret."""
    mounts: list[meta.Object] = [{"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True}]
    if data:
        mounts.append({"name": "data", "mountPath": DATA_FOLDER})
    if tls:
        mounts.append({"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True})
    if htpasswd:
        mounts.append({"name": "htpasswd", "mountPath": HTPASSWD_FOLDER, "readOnly": True})
    return mounts


def _volumes(
    registry: Registry, config: str, tls: str | None, htpasswd: str | None, claim_name: str | None
) -> list[meta.Object]:
    """No Secret is optional: without its password file the registry would invent a user and log the password."""
    volumes = [_secret_volume("config", config)]
    if registry.spec.storage.bucket is None:
        volumes.append(_data_volume(registry, claim_name))
    if tls:
        volumes.append(_secret_volume("tls", tls))
    if htpasswd:
        volumes.append(_secret_volume("htpasswd", htpasswd))
    return volumes


def _secret_volume(name: str, secret: str) -> meta.Object:
    return {"name": name, "secret": {"secretName": secret, "defaultMode": 0o440}}


def _data_volume(registry: Registry, claim_name: str | None) -> meta.Object:
    if claim_name:
        return {"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}
    wanted = registry.spec.storage.empty_dir
    limit = wanted.size_limit if wanted else None
    return {"name": "data", "emptyDir": {"sizeLimit": limit} if limit else {}}
