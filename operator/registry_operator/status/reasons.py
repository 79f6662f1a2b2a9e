"""Every reason that a condition of a Registry can give. They are part of the API: none is renamed or reused.

docs/status.md explains each one; a test holds that page and this list against each other.
"""

from __future__ import annotations

from enum import StrEnum


class Condition(StrEnum):
    """The types of a Registry's conditions."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    STORAGE_READY = "StorageReady"
    CERTIFICATE_READY = "CertificateReady"
    CREDENTIALS_READY = "CredentialsReady"
    UPSTREAM_READY = "UpstreamReady"
    WORKLOAD_READY = "WorkloadReady"
    REACHABLE = "Reachable"
    WRITABLE = "Writable"
    EXPOSED = "Exposed"
    MONITORED = "Monitored"


class Reason(StrEnum):
    """Why a condition has its status."""

    # any condition
    WAITING = "Waiting"  # for something that another condition tells
    DELETING = "Deleting"
    PAUSED = "Paused"
    NAME_CONFLICT = "NameConflict"
    OWNER_GONE = "OwnerGone"
    QUOTA_EXCEEDED = "QuotaExceeded"
    NAMESPACE_TERMINATING = "NamespaceTerminating"
    ADMISSION_DENIED = "AdmissionDenied"
    REFUSED = "Refused"
    FORBIDDEN = "Forbidden"
    INVALID_SPEC = "InvalidSpec"
    # Ready, Reconciling, Stalled
    SERVING = "Serving"
    PROGRESSING = "Progressing"
    SETTLED = "Settled"
    NOT_STALLED = "NotStalled"
    DOWNGRADE_REFUSED = "DowngradeRefused"
    IMAGE_OF_ANOTHER_LINE = "ImageOfAnotherLine"
    # StorageReady
    BOUND = "Bound"
    EPHEMERAL = "Ephemeral"
    BUCKET_IN_USE = "BucketInUse"
    BUCKET_ACCESSIBLE = "BucketAccessible"
    TRYING_KEYS = "TryingKeys"
    KEYS_REFUSED = "KeysRefused"
    ACCESS_DENIED = "AccessDenied"
    BUCKET_MISSING = "BucketMissing"
    BUCKET_ELSEWHERE = "BucketElsewhere"
    BUCKET_UNTRUSTED = "BucketUntrusted"
    BUCKET_FAILING = "BucketFailing"
    CLAIM_MISSING = "ClaimMissing"
    CLAIM_PENDING = "ClaimPending"
    CLAIM_LOST = "ClaimLost"
    CLAIM_TERMINATING = "ClaimTerminating"
    CLAIM_IN_USE = "ClaimInUse"
    CLAIM_DIFFERS = "ClaimDiffers"
    CLAIM_RESIZING = "ClaimResizing"
    RESIZE_REFUSED = "ResizeRefused"
    RESIZE_FAILED = "ResizeFailed"
    ANONYMOUS_ACCESS_REFUSED = "AnonymousAccessRefused"
    # CertificateReady
    ISSUED = "Issued"
    PROVIDED = "Provided"
    SELF_SIGNED = "SelfSigned"
    TLS_DISABLED = "TLSDisabled"
    CERT_MANAGER_MISSING = "CertManagerMissing"
    ISSUER_MISSING = "IssuerMissing"
    ISSUER_NOT_READY = "IssuerNotReady"
    ISSUING = "Issuing"
    ISSUANCE_FAILED = "IssuanceFailed"
    CERTIFICATE_INVALID = "CertificateInvalid"
    CERTIFICATE_EXPIRED = "CertificateExpired"
    SECRET_NOT_LABELLED = "SecretNotLabelled"  # noqa: S105
    # StorageReady, CertificateReady, CredentialsReady
    SECRET_MISSING = "SecretMissing"  # noqa: S105
    SECRET_INVALID = "SecretInvalid"  # noqa: S105
    # CredentialsReady
    LIVE = "Live"
    AUTHENTICATION_DISABLED = "AuthenticationDisabled"
    PROPAGATING = "Propagating"
    HTPASSWD_INVALID = "HtpasswdInvalid"
    # UpstreamReady
    UPSTREAM_OPEN = "UpstreamOpen"
    TRYING_UPSTREAM = "TryingUpstream"
    UPSTREAM_REFUSES = "UpstreamRefuses"
    UPSTREAM_CLOSED = "UpstreamClosed"
    UPSTREAM_UNSUPPORTED = "UpstreamUnsupported"
    UPSTREAM_UNTRUSTED = "UpstreamUntrusted"
    UPSTREAM_UNREACHABLE = "UpstreamUnreachable"
    UPSTREAM_FAILING = "UpstreamFailing"
    # WorkloadReady
    AVAILABLE = "Available"
    ROLLING_OUT = "RollingOut"
    IMAGE_UNAVAILABLE = "ImageUnavailable"
    CRASH_LOOPING = "CrashLooping"
    UNSCHEDULABLE = "Unschedulable"
    POD_FAILED = "PodFailed"
    PODS_NOT_CREATED = "PodsNotCreated"
    SURGE_BLOCKED = "SurgeBlocked"
    SURGE_IMPOSSIBLE = "SurgeImpossible"
    STORAGE_NOT_SHARED = "StorageNotShared"
    AUTOSCALING_INACTIVE = "AutoscalingInactive"
    SCALED_TO_ZERO = "ScaledToZero"
    # Reachable
    LOGGED_IN = "LoggedIn"
    UNVERIFIABLE_CHAIN = "UnverifiableChain"
    PROBING = "Probing"
    PROBE_BLOCKED = "ProbeBlocked"
    UNREACHABLE = "Unreachable"
    UNTRUSTED_CERTIFICATE = "UntrustedCertificate"
    OLD_CERTIFICATE_SERVED = "OldCertificateServed"
    POD_NOT_SERVING = "PodNotServing"
    LOGIN_REFUSED = "LoginRefused"
    # Writable
    UPLOAD_ACCEPTED = "UploadAccepted"
    UPLOAD_FAILED = "UploadFailed"
    READ_ONLY = "ReadOnly"
    # Monitored
    POD_MONITOR_MADE = "PodMonitorMade"
    POD_MONITOR_MISSING = "PodMonitorMissing"
    # Exposed
    CLUSTER_INTERNAL = "ClusterInternal"
    REACHED_FROM_OUTSIDE = "ReachedFromOutside"
    EXPOSURE_PENDING = "ExposurePending"
    LOAD_BALANCER_PENDING = "LoadBalancerPending"
    ROUTE_REFUSED = "RouteRefused"
    HOST_NOT_COVERED = "HostNotCovered"
    GATEWAY_API_MISSING = "GatewayAPIMissing"


ON_ITS_WAY = frozenset(
    {
        Reason.PROGRESSING,
        Reason.ROLLING_OUT,
        Reason.WAITING,
        Reason.PROBING,
        Reason.ISSUING,
        Reason.CLAIM_PENDING,
        Reason.DELETING,
        Reason.EXPOSURE_PENDING,
        Reason.LOAD_BALANCER_PENDING,
        Reason.PROPAGATING,
    }
)
"""What a state is not yet, and becomes by itself."""
