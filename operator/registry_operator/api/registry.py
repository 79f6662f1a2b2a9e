"""What a Registry says, as frozen structs with the defaults of the CRD.

The CRD is the source of truth; a test holds these structs and its schema against each other, names, allowed values and
defaults. `Spec()` is what `spec: {}` means. Where the schema may not default (a persisted default member of a union
makes every later switch to another member fail), the default stands here and `parse` fills it in.

Rejected: pydantic models (a second validation beside the API server's, and a dependency, for nothing that the schema
does not say already) and reading dicts everywhere (a misspelt key would be found by a user).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .common import SecretKeyRef, Switch
from .expose import Expose
from .http import Http
from .metrics import Metrics
from .network_policy import NetworkPolicy
from .notifications import Notifications
from .object_storage import S3, Azure, Bucket, Gcs
from .proxy import Proxy
from .service import Service

StorageKind = Literal["PersistentVolumeClaim", "ExistingClaim", "EmptyDir", "S3", "GCS", "Azure"]
TlsMode = Literal["CertManager", "SecretRef", "SelfSigned", "Disabled"]
Line = Literal["2", "3"]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]
WhenDeleted = Literal["Retain", "Delete"]
KeyAlgorithm = Literal["ECDSA", "RSA"]
TlsVersion = Literal["1.2", "1.3"]
AuthMode = Literal["Htpasswd", "Disabled"]
LogLevel = Literal["error", "warn", "info", "debug"]
LogFormat = Literal["json", "text"]
Rollout = Literal["Recreate", "Surge"]
Access = Literal["ReadWrite", "ReadOnly"]
Reconciliation = Literal["Active", "Paused"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Image:
    """An override of the image that the operator's settings give for the line."""

    repository: str | None = None
    tag: str | None = None
    digest: str | None = None
    pull_policy: PullPolicy = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersistentVolumeClaim:
    """A claim that the operator makes; its size is in the API server's canonical form."""

    size: str = "20Gi"
    storage_class_name: str | None = None
    access_modes: tuple[str, ...] = ("ReadWriteOnce",)
    when_deleted: WhenDeleted = "Retain"


@dataclass(frozen=True, slots=True)
class ExistingClaim:
    """A claim that the user keeps."""

    claim_name: str


@dataclass(frozen=True, slots=True)
class EmptyDir:
    """Storage that ends with the pod."""

    size_limit: str | None = None


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the content lives; exactly one member once parsed."""

    persistent_volume_claim: PersistentVolumeClaim | None = None
    existing_claim: ExistingClaim | None = None
    empty_dir: EmptyDir | None = None
    s3: S3 | None = None
    gcs: Gcs | None = None
    azure: Azure | None = None

    @property
    def kind(self) -> StorageKind:
        others: dict[StorageKind, object] = {
            "ExistingClaim": self.existing_claim,
            "EmptyDir": self.empty_dir,
            "S3": self.s3,
            "GCS": self.gcs,
            "Azure": self.azure,
        }
        return next((kind for kind, member in others.items() if member is not None), "PersistentVolumeClaim")

    @property
    def bucket(self) -> Bucket | None:
        """The object storage, whose ever it is; None for volumes."""
        return self.s3 or self.gcs or self.azure

    @property
    def access_modes(self) -> tuple[str, ...] | None:
        """In which modes the storage may be mounted; None where only the user's claim itself can tell.

        A bucket is to pods as a volume that all of them write to.
        """
        if self.existing_claim is not None:
            return None
        if self.bucket is not None:
            return ("ReadWriteMany",)
        return self.persistent_volume_claim.access_modes if self.persistent_volume_claim is not None else ()


@dataclass(frozen=True, slots=True)
class IssuerRef:
    """An issuer of cert-manager or of an external group."""

    name: str
    kind: str = "Issuer"
    group: str = "cert-manager.io"


@dataclass(frozen=True, slots=True)
class CertManager:
    """A certificate by cert-manager; without `issuer_ref` by a CA of the Registry's own."""

    issuer_ref: IssuerRef | None = None
    duration: str = "2160h"
    renew_before: str = "720h"
    algorithm: KeyAlgorithm = "ECDSA"
    size: int = 256


@dataclass(frozen=True, slots=True)
class Tls:
    """Where the certificate comes from (exactly one source once parsed) and what it is for."""

    cert_manager: CertManager | None = None
    secret_ref: str | None = None
    self_signed: bool = False
    disabled: bool = False
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    min_version: TlsVersion = "1.2"
    internal_names: Switch = "Enabled"

    @property
    def mode(self) -> TlsMode:
        if self.disabled:
            return "Disabled"
        if self.self_signed:
            return "SelfSigned"
        if self.secret_ref is not None:
            return "SecretRef"
        return "CertManager"

    @property
    def enabled(self) -> bool:
        return not self.disabled


@dataclass(frozen=True, slots=True)
class Auth:
    """Who may log in."""

    mode: AuthMode = "Htpasswd"
    htpasswd_secret_ref: SecretKeyRef | None = None
    admin_user: Switch = "Enabled"


@dataclass(frozen=True, slots=True)
class Log:
    """What the registry writes."""

    level: LogLevel = "info"
    format: LogFormat = "json"
    access: Switch = "Enabled"


@dataclass(frozen=True, slots=True)
class Pod:
    """What the author may say of the pod; members are as Kubernetes spells them."""

    resources: Json = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    affinity: Json = field(default_factory=dict)
    tolerations: tuple[Json, ...] = ()
    topology_spread_constraints: tuple[Json, ...] = ()
    priority_class_name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    service_account_annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """Between how many pods Kubernetes chooses, and by which use of the requested CPU, in percent."""

    max_replicas: int
    min_replicas: int = 2
    cpu_utilization: int = 80


@dataclass(frozen=True, slots=True)
class Spec:
    """What is wanted; `Spec()` is what an empty spec means."""

    version: Line = "2"
    image: Image = field(default_factory=Image)
    replicas: int = 1
    autoscaling: Autoscaling | None = None
    rollout: Rollout = "Recreate"
    storage: Storage = field(default_factory=lambda: Storage(persistent_volume_claim=PersistentVolumeClaim()))
    tls: Tls = field(default_factory=lambda: Tls(cert_manager=CertManager()))
    auth: Auth = field(default_factory=Auth)
    service: Service = field(default_factory=Service)
    expose: Expose = field(default_factory=Expose)
    http: Http = field(default_factory=Http)
    network_policy: NetworkPolicy = field(default_factory=NetworkPolicy)
    notifications: Notifications = field(default_factory=Notifications)
    proxy: Proxy | None = None
    access: Access = "ReadWrite"
    reconciliation: Reconciliation = "Active"
    metrics: Metrics = field(default_factory=Metrics)
    log: Log = field(default_factory=Log)
    pod: Pod = field(default_factory=Pod)

    @property
    def read_only(self) -> bool:
        """Whether pushes are refused, be it as a wish or because a cache takes none."""
        return self.access == "ReadOnly" or self.proxy is not None


@dataclass(frozen=True, slots=True)
class Registry:
    """A Registry as it was read; `status` stays raw, since only `status/` understands it."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    spec: Spec
    annotations: Mapping[str, str] = field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    status: Mapping[str, Any] = field(default_factory=dict)
