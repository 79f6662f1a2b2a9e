"""What one reconciliation found: the whole input of the rules that decide the conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from registry_operator.api.registry import Registry
from registry_operator.status.problems import Problem
from registry_operator.status.reasons import Condition


class Login(Enum):
    """What became of the operator's own log-in through the Service."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # 401: the registry serves, but not yet with the newest accounts
    UNTRUSTED = "untrusted"
    TIMED_OUT = "timed out"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Served:
    """The certificate that clients get."""

    fingerprint: str
    not_before: datetime
    not_after: datetime
    issuer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe of the running registry learnt. `message` holds no secret and may be shown.

    `others_accepted`: an account that every version of the file has was let in, though the newest was not.
    `stale_pods`: ready pods that serve another certificate than the expected one; `late_pods`: those that do not
    let the newest accounts in; `silent_pods`: those that do not serve, each with what came instead.
    `upload`: True accepted, False failed, None not tried or refused as wished; `upload_message` says how it failed.
    `sealed`: each ready pod refused an upload with 405, as ReadOnly wishes.
    `settled`: nothing better is to be expected of the upload.
    """

    login: Login
    message: str = ""
    others_accepted: bool = False
    verified: bool = True
    served: Served | None = None
    stale_pods: tuple[str, ...] = ()
    late_pods: tuple[str, ...] = ()
    silent_pods: tuple[str, ...] = ()
    upload: bool | None = None
    upload_message: str = ""
    sealed: bool = False
    settled: bool = True

    @property
    def good(self) -> bool:
        """Whether nothing better is to be expected."""
        live = self.login is Login.ACCEPTED and not self.late_pods
        return live and not self.apart and self.upload is not False and self.settled

    @property
    def apart(self) -> tuple[str, ...]:
        """The ready pods that do not serve as the others do."""
        return self.stale_pods + self.silent_pods


@dataclass(frozen=True, slots=True)
class StorageFacts:
    """The claim in use, if there is one; of a bucket whether the operator itself could list it, or why it could not
    even try."""

    claim_name: str | None = None
    phase: str | None = None
    requested: str | None = None
    capacity: str | None = None
    resizing: str | None = None
    resize_failed: bool = False
    open: bool = False
    untried: str | None = None


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """The Deployment and its pods; `trouble` is (reason, message) of a pod that does not run.

    `replicas` are wanted, `pods` are there, `leaving` are (pod, node) of those on their way out. `beside` says that a
    pod can only stand where another one of the Registry stands. `autoscaling`: why the autoscaler cannot work.
    """

    exists: bool = False
    replicas: int = 0
    pods: int = 0
    ready: int = 0
    settled: bool = False
    failure: str | None = None
    trouble: tuple[str, str] | None = None
    beside: bool = False
    leaving: tuple[tuple[str, str], ...] = ()
    autoscaling: str | None = None


@dataclass(frozen=True, slots=True)
class ExposureFacts:
    """The ways from outside, and what stands in them.

    `balancing`: a load balancer has no address yet.  `uncovered`: hosts that the served certificate is not for.
    `refused` and `pending` say what controllers refuse, or have not answered yet.
    """

    urls: tuple[str, ...] = ()
    node_port: int | None = None
    balancing: bool = False
    uncovered: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the rules may look at.

    `problems` are those of the steps, by the condition that they concern; STALLED holds what concerns the whole spec.
    `probe` is the believed answer for exactly the pods, certificate and accounts of now; `probing` says that one is
    expected.  `held` is what a paused Registry would change.
    """

    registry: Registry
    now: datetime
    problems: Mapping[Condition, Problem] = field(default_factory=dict)
    storage: StorageFacts = StorageFacts()
    upstream: bool | None = None  # whether the registry that is cached lets the operator in; None: not known yet
    workload: WorkloadFacts = WorkloadFacts()
    exposure: ExposureFacts = ExposureFacts()
    probe: Answer | None = None
    probing: bool = False
    carried: bool = False
    held: tuple[str, ...] = ()
    expires: datetime | None = None
    users: int | None = None
    version: str | None = None
    image: str | None = None
    selector: str = ""
    host: str = ""
    url: str = ""
    ca_config_map: str | None = None
    admin_secret: str | None = None
