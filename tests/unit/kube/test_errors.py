"""From answers of the API server to exceptions."""

import json
from typing import Any

import pytest

from registry_operator.kube import errors


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (400, "BadRequest", errors.ApiError),
        (401, "Unauthorized", errors.Unauthorized),
        (403, "Forbidden", errors.Forbidden),
        (404, "NotFound", errors.NotFound),
        (409, "Conflict", errors.Conflict),
        (409, "AlreadyExists", errors.AlreadyExists),
        (410, "Expired", errors.Gone),
        (410, "Gone", errors.Gone),
        (422, "Invalid", errors.Invalid),
        (429, "TooManyRequests", errors.TooManyRequests),
        (500, "InternalError", errors.ServerError),
        (504, "Timeout", errors.ServerError),
    ],
)
def test_each_refusal_has_its_class(code: int, reason: str, kind: type[errors.ApiError]) -> None:
    body = json.dumps({"kind": "Status", "code": code, "reason": reason, "message": "because"}).encode()
    error = errors.from_response(code, {}, body)
    assert type(error) is kind
    assert (error.status, error.reason, error.message) == (code, reason, "because")
    assert str(error) == f"because ({code}, {reason})"


def test_a_conflict_is_not_an_existing_object() -> None:
    """They need opposite reactions: read and decide, or read and write again."""
    assert not issubclass(errors.AlreadyExists, errors.Conflict)


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({}, {}, None),
        ({"Retry-After": "7"}, {}, 7.0),
        ({"Retry-After": "7"}, {"retryAfterSeconds": 3}, 7.0),
        ({}, {"retryAfterSeconds": 3}, 3.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, 1.0),
        ({"Retry-After": "-5"}, {}, 0.0),
    ],
)
def test_when_to_come_back(headers: dict[str, str], details: dict[str, Any], seconds: float | None) -> None:
    body = json.dumps({"kind": "Status", "code": 429, "details": details}).encode()
    assert errors.from_response(429, headers, body).retry_after == seconds


@pytest.mark.parametrize(
    "body", [b"", b"<html>\nsecond line</html>", b"[1]", b'{"kind": "Secret", "data": {"a": "b"}}']
)
def test_a_proxys_page_is_an_error_too(body: bytes) -> None:
    error = errors.from_response(502, {}, body)
    assert isinstance(error, errors.ServerError)
    assert error.message.startswith("HTTP 502")
    assert "second line" not in error.message
