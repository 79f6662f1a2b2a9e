"""What users do, one thing each: together they bring about every child and every mode of a Registry.

A workload has what stands before (`prepare`, and the spec of `base`, brought to rest) and the act in which the faults
strike. Whoever adds a field to the API adds it to a workload here; children need no word.
"""

from __future__ import annotations

import atexit
import base64
import functools
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from registry_operator.kube.kinds import ISSUER, PERSISTENT_VOLUME_CLAIM, SECRET
from tests.apiserver.origin import Origin
from tests.apiserver.registries import Subject
from tests.stage.kube import Object
from tests.stage.pairs import Pair, make_pair
from tests.unit.registry.serving import CA, PASSWORD, USER

Act = Callable[[Subject], object]

NAME = "images"
ISSUED = f"secrets {NAME}-certificate"
"""Where cert-manager writes into what has just come, whosever it is."""
SELF_SIGNED: Object = {"tls": {"selfSigned": {}}}
PLAIN: Object = {"tls": {"disabled": {}}, "auth": {"mode": "Disabled"}, "storage": {"emptyDir": {}}}
# Hashes of "one" and of "two" with the least cost: what they protect is known anyhow.
LINES = (
    "alice:$2b$05$2eMBwPpTMlA59n9sNe.lJe6P8Yx8VGGQNF3dXxonusBmp5hPR88xK",
    "bob:$2b$05$UVBpxGvHZZ4tkDO2.p1mr.nrUJYv1Hmy57lqKkHdfZPlUAE0htcKG",
)
DEMANDING: Object = {
    "version": "3",
    "image": {"tag": "3.1.1", "pullPolicy": "Always", "pullSecrets": [{"name": "pull"}]},
    "storage": {"persistentVolumeClaim": {"size": "5Gi", "storageClassName": "other", "whenDeleted": "Retain"}},
    "tls": {"selfSigned": {}, "dnsNames": ["images.example.com"], "ipAddresses": ["192.0.2.7"], "minVersion": "1.3"},
    "auth": {"htpasswd": {"secretRef": {"name": "team"}}},
    "service": {"type": "NodePort", "port": 5000, "annotations": {"example.com/a": "b"}},
    "access": "ReadOnly",
    "log": {"level": "debug", "format": "text", "access": "Disabled"},
    "pod": {
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
        "labels": {"team": "a"},
        "annotations": {"example.com/note": "x"},
        "serviceAccountAnnotations": {"example.com/role": "y"},
    },
}


@dataclass(frozen=True)
class Workload:
    """`base` None: nothing is there before the act."""

    name: str
    act: Act
    base: Object | None = None
    prepare: Act = lambda _: None
    spec_only: bool = True
    """Whether the act changes the Registry alone, so that its generation tells what status is about."""
    mask: dict[str, list[str]] = field(default_factory=dict)
    """The fields of objects that differ from one process of the bench to the next."""


def create(spec: Object, name: str, prepare: Act = lambda _: None, *, spec_only: bool = True) -> Workload:
    return Workload(f"create-{name}", lambda images: images.apply(spec), prepare=prepare, spec_only=spec_only)


def change(name: str, base: Object, spec: Object, prepare: Act = lambda _: None) -> Workload:
    return Workload(name, lambda images: images.apply(spec), base, prepare)


# ---------------------------------------------------------------- what stands before
_PAIRS: dict[str, Pair] = {}


def pair(name: str, namespace: str) -> Pair:
    """A certificate for the Registry of a namespace; the same one each time."""
    key = f"{name}/{namespace}"
    if key not in _PAIRS:
        _PAIRS[key] = make_pair([f"{NAME}.{namespace}.svc", f"{NAME}.{namespace}.svc.cluster.local"])
    return _PAIRS[key]


def own_pair(images: Subject, name: str = "first") -> None:
    images.user_secret("own", pair(name, images.namespace).data, kind="kubernetes.io/tls")


def issuer(images: Subject) -> None:
    authority = make_pair([])
    ca = {"tls.crt": authority.authority, "tls.key": authority.authority_key}
    images.user_secret("team-ca", ca, kind="kubernetes.io/tls")
    meta = {"namespace": images.namespace, "name": "team"}
    images.stage.kube.create(ISSUER, {"metadata": meta, "spec": {"ca": {"secretName": "team-ca"}}})


def users(images: Subject, count: int = 1) -> None:
    images.user_secret("team", {"htpasswd": "\n".join(LINES[:count]) + "\n"})


def claim(images: Subject) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    meta = {"namespace": images.namespace, "name": "theirs"}
    images.stage.kube.create(PERSISTENT_VOLUME_CLAIM, {"metadata": meta, "spec": spec})


def azure_key(images: Subject) -> None:
    key = base64.b64encode(b"k" * 64).decode()
    images.user_secret("bucket", {"AZURE_STORAGE_KEY": key}, labels={"teamregistry.io/usable-by": "registries"})


_STARTING = threading.Lock()  # the acts of a batch run side by side


def origin() -> str:
    """The address of a registry that can be cached: one for the life of this process."""
    with _STARTING:
        return _started()


@functools.cache
def _started() -> str:
    folder = tempfile.TemporaryDirectory()
    made = Origin(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(made.go)
    return made.url


def account(images: Subject) -> None:
    labels = {"teamregistry.io/usable-by": "registries"}
    images.user_secret("account", {"username": USER, "password": PASSWORD}, labels=labels)
    images.user_secret("authority", {"ca.crt": CA.crt})


CONTENT_OF_CACHE = {
    "secrets authority": ["data.ca.crt"],
    "secrets images-upstream-*": ["data.ca.crt", "data.url"],
}


def cached(images: Subject) -> None:
    proxy = {"remoteURL": origin(), "credentialsSecretRef": {"name": "account"}, "caSecretRef": {"name": "authority"}}
    images.apply({**SELF_SIGNED, "version": "3", "proxy": proxy})


def label_only(images: Subject) -> None:
    """The same certificate with another label: nothing has to be done."""
    touched = {"metadata": {"labels": {"example.com/touched": "yes"}}}
    images.stage.kube.patch(SECRET, images.namespace, "own", touched)


MANY: Object = {"persistentVolumeClaim": {"accessModes": ["ReadWriteMany"]}}
ROLE: Object = {"serviceAccountAnnotations": {"iam.gke.io/gcp-service-account": "images@example.com"}}
FRONT: Object = {"ingress": {"host": "images.example.com", "className": "nginx", "annotations": {"example.com/a": "b"}}}
AZURE: Object = {"azure": {"container": "images", "accountName": "teama", "credentialsSecretRef": {"name": "bucket"}}}
GATEWAY: Object = {"hostnames": ["images.example.com"], "parentRefs": [{"name": "shared"}]}
OPEN: Object = {
    **SELF_SIGNED,
    "expose": {"gateway": GATEWAY},
    "metrics": {"mode": "Enabled", "podMonitor": {"mode": "Enabled"}},
    "http": {"headers": [{"name": "X-Team", "value": "a"}]},
}
OWN: Object = {"tls": {"secretRef": {"name": "own"}}}
TEAM: Object = {**SELF_SIGNED, "auth": {"htpasswd": {"secretRef": {"name": "team"}}}}
DELETE: Object = {**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"whenDeleted": "Delete"}}}


def _grown(size: str) -> Object:
    return {**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"size": size}}}


def _recreate(images: Subject) -> None:
    images.delete()
    images.gone()
    images.apply(SELF_SIGNED)


WORKLOADS: tuple[Workload, ...] = (
    create({}, "default"),
    create(SELF_SIGNED, "self-signed"),
    create(PLAIN, "plain"),
    create(DEMANDING, "demanding", users),
    create({**OWN, "version": "3"}, "own-certificate", own_pair),
    create({"tls": {"certManager": {"issuerRef": {"name": "team"}, "duration": "48h", "renewBefore": "24h"}}},
           "issuer", issuer),
    create({**SELF_SIGNED, "storage": {"existingClaim": {"claimName": "theirs"}}}, "existing-claim", claim),
    create({**SELF_SIGNED, "storage": MANY, "replicas": 2}, "several"),
    create({**SELF_SIGNED, "storage": MANY, "autoscaling": {"minReplicas": 2, "maxReplicas": 3}}, "autoscaled"),
    create({**SELF_SIGNED, "storage": {"gcs": {"bucket": "images-a"}}, "pod": ROLE}, "bucket"),
    create({**SELF_SIGNED, "storage": AZURE}, "azure", azure_key),
    create({**SELF_SIGNED, "expose": FRONT}, "ingress"),
    create(OPEN, "gateway"),
    create({**SELF_SIGNED, "expose": {"gateway": {**GATEWAY, "tls": "Passthrough"}}}, "passthrough"),
    Workload("create-cache", cached, prepare=account, mask=CONTENT_OF_CACHE),
    change("opened", SELF_SIGNED, OPEN),
    change("closed", OPEN, SELF_SIGNED),
    change("surge", SELF_SIGNED, {**SELF_SIGNED, "rollout": "Surge", "version": "3"}),
    change("fewer", {**SELF_SIGNED, "storage": MANY, "replicas": 3}, {**SELF_SIGNED, "storage": MANY}),
    change("withdrawn", {**SELF_SIGNED, "expose": FRONT}, SELF_SIGNED),
    change("unfenced", SELF_SIGNED, {**SELF_SIGNED, "networkPolicy": {"mode": "Disabled"}}),
    change("version", SELF_SIGNED, {**SELF_SIGNED, "version": "3"}),
    change("grow", _grown("5Gi"), _grown("8Gi")),
    change("to-self-signed", {}, SELF_SIGNED),
    change("to-cert-manager", SELF_SIGNED, {}),
    change("to-plain", SELF_SIGNED, {"tls": {"disabled": {}}}),
    change("other-users", SELF_SIGNED, {**SELF_SIGNED, "auth": {**TEAM["auth"], "adminUser": "Disabled"}}, users),
    change("everything-removed", {**DEMANDING, "version": "2", "image": {}, "storage": {}}, SELF_SIGNED, users),
    change("service", SELF_SIGNED, {**SELF_SIGNED, "service": {"type": "LoadBalancer", "port": 8443}}),
    change("delete-later", SELF_SIGNED, DELETE),
    change("pause", SELF_SIGNED, {**SELF_SIGNED, "reconciliation": "Paused", "version": "3", "access": "ReadOnly"}),
    change("resume", {**SELF_SIGNED, "reconciliation": "Paused"}, SELF_SIGNED),
    Workload("renewed", lambda images: own_pair(images, "second"), OWN, own_pair, spec_only=False),
    Workload("relabelled", label_only, OWN, own_pair, spec_only=False),
    Workload("team-file", lambda images: users(images, 2), TEAM, users, spec_only=False),
    Workload("late-secret", users, TEAM, spec_only=False),
    Workload("delete", lambda images: images.delete(), {}, spec_only=False),
    Workload("delete-claim", lambda images: images.delete(), DELETE, spec_only=False),
    Workload("recreate", _recreate, SELF_SIGNED, spec_only=False),
)  # fmt: skip
BY_NAME = {workload.name: workload for workload in WORKLOADS}
