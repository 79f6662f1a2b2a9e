"""What the API server's refusal of a write means to the user."""

from __future__ import annotations

from registry_operator.kube.errors import ApiError, Forbidden, Invalid
from registry_operator.status.problems import Problem
from registry_operator.status.reasons import Reason

RETRY_SECONDS = 30.0


class Raced(Exception):
    """Somebody wrote at the same time: read again and decide again. No error, and nobody's fault."""


def problem_of(error: ApiError, what: str) -> Problem | None:
    """The problem that a refusal tells of, or None if it is an outage that only time and retries cure.

    `what` names the object for the message, as in "Deployment images".
    """
    text = error.message
    if "exceeded quota" in text:
        return _problem(Reason.QUOTA_EXCEEDED, f"{what}: {text}; raise the quota or free some of it")
    if any(cause.get("reason") == "NamespaceTerminating" for cause in error.causes):
        return _problem(Reason.NAMESPACE_TERMINATING, f"{what}: the namespace is being deleted")
    if "admission webhook" in text or "ValidatingAdmissionPolicy" in text or "violates PodSecurity" in text:
        return _problem(Reason.ADMISSION_DENIED, f"{what}: {text}; ask those who run this cluster's policies")
    if isinstance(error, Invalid):
        return _problem(
            Reason.REFUSED, f"{what}: {text}; change the field of the spec that this comes from", stalled=True
        )
    if isinstance(error, Forbidden):
        return _problem(Reason.FORBIDDEN, f"{what}: {text}; the operator lacks a permission: is its chart up to date?")
    return None


def _problem(reason: Reason, message: str, *, stalled: bool = False) -> Problem:
    return Problem(reason, message, stalled, RETRY_SECONDS)
