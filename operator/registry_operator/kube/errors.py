"""What the API server may refuse, as exceptions that callers tell apart by class.

Messages are the server's own: they name the object and the rule, and never hold what a Secret contains.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An answer of the API server that is not a success; `status` 0 means that there was no answer."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details: dict[str, Any] = dict(details or {})
        self.retry_after = retry_after
        self.step: str | None = None
        """Which request it was that failed; the client fills it in."""

    def __str__(self) -> str:
        return f"{self.message} ({self.status or 'no answer'}{', ' if self.reason else ''}{self.reason})"


class NotLeading(ApiError):
    """Nothing was asked of the API server: another replica may be at work."""


class Unauthorized(ApiError):
    """401: the credentials are missing, wrong or expired, also after they were read again."""


class Forbidden(ApiError):
    """403: RBAC, a quota, or a namespace that is terminating."""


class NotFound(ApiError):
    """404: no such object, or the kind is not served at all."""


class AlreadyExists(ApiError):
    """409 of a create."""


class Conflict(ApiError):
    """409 of a write whose precondition (uid, resourceVersion, field owner) does not hold."""


class Gone(ApiError):
    """410: the resourceVersion or the continue token is too old; only a new list helps."""


class Invalid(ApiError):
    """422: the object breaks a rule of its schema or of an admission policy."""


class TooManyRequests(ApiError):
    """429: the server asks to come back later."""


class ServerError(ApiError):
    """5xx, and answers that are no JSON (a proxy in between)."""


class Unreachable(ApiError):
    """There was no answer: refused, reset, torn, silent or too late."""

    def __init__(self, message: str) -> None:
        super().__init__(0, "Unreachable", message)


class Silent(Unreachable):
    """A watch was open and nothing came for too long, not even a bookmark."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
}


def from_status(status: Mapping[str, Any], *, code: int | None = None, retry_after: float | None = None) -> ApiError:
    """The exception for a `Status` object: the body of a refusal, or the object of a watch's ERROR event."""
    number = code or int(status.get("code") or 500)
    reason = str(status.get("reason") or "")
    kind = _BY_STATUS.get(number, ServerError if number >= 500 else ApiError)
    if kind is Conflict and reason == "AlreadyExists":
        kind = AlreadyExists
    details = status.get("details") or {}
    if retry_after is None and details.get("retryAfterSeconds"):
        retry_after = float(details["retryAfterSeconds"])
    return kind(number, reason, str(status.get("message") or f"HTTP {number}"), details, retry_after)


def from_response(code: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The exception for an HTTP answer; a body that is no `Status` (a proxy's page) is cut to its first line."""
    try:
        status = json.loads(body)
    except ValueError:
        status = None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        line = body[:200].decode("utf-8", "replace").strip().partition("\n")[0]
        status = {"message": f"HTTP {code}: {line}" if line else f"HTTP {code}"}
    return from_status(status, code=code, retry_after=_seconds(headers.get("Retry-After")))


def _seconds(value: str | None) -> float | None:
    """`Retry-After` in seconds; the HTTP-date form is not used by the API server and means "some time"."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        return 1.0
