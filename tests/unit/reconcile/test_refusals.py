"""What a refusal of the API server means, on messages as real ones (1.36) are."""

from __future__ import annotations

import pytest

from registry_operator.kube.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    ServerError,
    TooManyRequests,
    Unreachable,
)
from registry_operator.reconcile.refusals import problem_of, refused
from registry_operator.status.problems import Blocked
from registry_operator.status.reasons import Reason

RBAC = (
    'secrets is forbidden: User "system:serviceaccount:registry-operator:registry-operator" cannot create resource '
    '"secrets" in API group "" in the namespace "team-a"'
)
QUOTA = (
    'secrets "images-admin" is forbidden: exceeded quota: q, requested: secrets=1, used: secrets=1, limited: secrets=1'
)
TERMINATING = (
    'services "images" is forbidden: unable to create new content in namespace team-a because it is being terminated'
)
LIMITS = 'persistentvolumeclaims "images-data" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi'
POLICY = (
    "deployments.apps \"images\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no limits"
)
WEBHOOK = 'admission webhook "policy.example.com" denied the request: not here'
WEBHOOK_DOWN = (
    'Internal error occurred: failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post '
    '"https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s": no endpoints available for service'
)
INVALID = (
    'Deployment.apps "images" is invalid: spec.template.spec.containers[0].resources.requests: Invalid value: "2": '
    "must be less than or equal to cpu limit of 1"
)

CASES: dict[str, tuple[ApiError, Reason, bool]] = {
    "quota": (Forbidden(403, "Forbidden", QUOTA), Reason.QUOTA_EXCEEDED, False),
    "quota without a value": (
        Forbidden(403, "Forbidden", "failed quota: q: must specify limits.cpu"),
        Reason.QUOTA_EXCEEDED,
        False,
    ),
    "terminating": (Forbidden(403, "Forbidden", TERMINATING), Reason.NAMESPACE_TERMINATING, False),
    "policy": (Invalid(422, "Invalid", POLICY), Reason.ADMISSION_DENIED, False),
    "webhook": (Forbidden(403, "Forbidden", WEBHOOK), Reason.ADMISSION_DENIED, False),
    "webhook that says 400": (ApiError(400, "BadRequest", WEBHOOK), Reason.ADMISSION_DENIED, False),
    "webhook that is down": (ServerError(500, "InternalError", WEBHOOK_DOWN), Reason.ADMISSION_DENIED, False),
    "limit range": (Forbidden(403, "Forbidden", LIMITS), Reason.ADMISSION_DENIED, False),
    "permission": (Forbidden(403, "Forbidden", RBAC), Reason.FORBIDDEN, False),
    "invalid": (Invalid(422, "Invalid", INVALID), Reason.REFUSED, True),
}


@pytest.mark.parametrize(("error", "reason", "stalled"), CASES.values(), ids=CASES)
def test_refusals_that_people_should_know_of(error: ApiError, reason: Reason, stalled: bool) -> None:
    problem = problem_of(error, "Deployment images")
    assert problem is not None
    assert (problem.reason, problem.stalled) == (reason, stalled)
    assert problem.message.startswith("Deployment images: ")
    assert error.message in problem.message, "the server's own words"
    ends = reason is not Reason.NAMESPACE_TERMINATING
    assert (problem.retry is not None) == ends, "no watch tells when it ends"


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("no answer"),
        ServerError(503, "", "etcdserver: leader changed"),
        TooManyRequests(429, "", "too many requests", retry_after=1),
        Conflict(409, "Conflict", "the object has been modified"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_outages_are_no_problems_of_a_registry(error: ApiError) -> None:
    assert problem_of(error, "Service images") is None
    assert refused(error, "Service images") is error


def test_a_webhook_that_is_down_is_asked_again_soon() -> None:
    down = problem_of(ServerError(500, "InternalError", WEBHOOK_DOWN), "Certificate images-certificate")
    denied = problem_of(Forbidden(403, "Forbidden", WEBHOOK), "Certificate images-certificate")
    assert down is not None
    assert denied is not None
    assert (down.retry or 0) < (denied.retry or 0)


@pytest.mark.parametrize(
    ("what", "source"),
    [
        ("Deployment images", "spec.pod or spec.image"),
        ("Service images", "spec.service"),
        ("PersistentVolumeClaim images-data", "spec.storage.persistentVolumeClaim"),
        ("Certificate images-certificate", "spec.tls"),
        ("Issuer images-ca", "the field of the spec"),
    ],
)
def test_an_invalid_child_is_traced_to_its_field(what: str, source: str) -> None:
    error = refused(Invalid(422, "Invalid", "spec.x: Invalid value"), what)
    assert isinstance(error, Blocked)
    assert f"change {source}" in error.problem.message
