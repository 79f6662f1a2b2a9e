"""What the API server's refusal of a write means to the user."""

from __future__ import annotations

import re

from registry_operator.kube.errors import ApiError, Forbidden, Invalid
from registry_operator.status.problems import QUOTA_ADVICE, Blocked, Problem
from registry_operator.status.reasons import Reason

RETRY_SECONDS = 20.0  # so that 30 s after a refusal was lifted all is well, a pod's start included
_SOON_SECONDS = 5.0
_RBAC = re.compile(r'User ".*" cannot ')
_SOURCES = {
    "Deployment": "spec.pod or spec.image",
    "Service": "spec.service",
    "Ingress": "spec.expose.ingress",
    "HTTPRoute": "spec.expose.gateway",
    "TLSRoute": "spec.expose.gateway",
    "BackendTLSPolicy": "spec.expose.gateway",
    "NetworkPolicy": "spec.networkPolicy",
    "ServiceAccount": "spec.pod.serviceAccountAnnotations",
    "HorizontalPodAutoscaler": "spec.autoscaling",
    "PersistentVolumeClaim": "spec.storage.persistentVolumeClaim",
    "Certificate": "spec.tls",
    "Secret": "the Secrets that the spec names",
}
"""Where in a Registry the fields of a child come from."""


class Raced(Exception):
    """Somebody wrote at the same time: read again and decide again. No error, and nobody's fault."""

    @property
    def step(self) -> str | None:
        """Where it was, if it was the API server that told (see `engine.backoff.Series`)."""
        return getattr(self.__cause__, "step", None)


def refused(error: ApiError, what: str) -> Exception:
    """What to raise: Blocked if the refusal tells of a problem, else the error itself."""
    problem = problem_of(error, what)
    return Blocked(problem) if problem else error


def problem_of(error: ApiError, what: str) -> Problem | None:
    """The problem that a refusal tells of, or None if it is an outage that only time and retries cure.

    `what` names the object for the message, as in "Deployment images".
    """
    said = f"{what}: {error.message}"
    for phrase, reason, advice in _PHRASES:
        if phrase in error.message:
            return Problem(reason, f"{said}; {advice}", retry=_RETRIES.get(phrase, RETRY_SECONDS))
    if isinstance(error, Invalid):
        source = _SOURCES.get(what.partition(" ")[0], "the field of the spec that this comes from")
        return Problem(Reason.REFUSED, f"{said}; change {source}", stalled=True, retry=RETRY_SECONDS)
    if isinstance(error, Forbidden):  # by RBAC, or by an admission plugin of the API server such as LimitRanger
        missing = _RBAC.search(error.message)
        reason = Reason.FORBIDDEN if missing else Reason.ADMISSION_DENIED
        return Problem(reason, f"{said}; {_UPGRADE if missing else _ASK}", retry=RETRY_SECONDS)
    return None


_UPGRADE = "the operator lacks a permission: is its chart up to date?"
_ASK = "ask those who run this cluster's policies"
_WEBHOOK_DOWN = "failed calling webhook"
_TERMINATING = "because it is being terminated"
_RETRIES = {_WEBHOOK_DOWN: _SOON_SECONDS, _TERMINATING: None}  # a namespace never turns back
_PHRASES = (
    *((phrase, Reason.QUOTA_EXCEEDED, advice) for phrase, advice in QUOTA_ADVICE.items()),
    (_TERMINATING, Reason.NAMESPACE_TERMINATING, "the namespace is being deleted"),
    (_WEBHOOK_DOWN, Reason.ADMISSION_DENIED, "it is tried again until the webhook answers"),
    ("admission webhook", Reason.ADMISSION_DENIED, _ASK),
    ("ValidatingAdmissionPolicy", Reason.ADMISSION_DENIED, _ASK),
    ("violates PodSecurity", Reason.ADMISSION_DENIED, _ASK),
)
