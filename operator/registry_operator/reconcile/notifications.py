"""The headers with which a registry sends its notifications: from Secrets whose owners allow it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from registry_operator.api.notifications import Endpoint
from registry_operator.desired import secrets
from registry_operator.reconcile.context import Run
from registry_operator.registry import config
from registry_operator.status.problems import Blocked, blocked
from registry_operator.status.reasons import Condition, Reason

Headers = Mapping[str, str]

_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9]{0,63}")
_VALUE = re.compile(r"[!-~]([ -~]{0,8190}[!-~])?")
_RESERVED = re.compile(r"(connection|content-.*|host|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)", re.I)
"""What belongs to the connection and to the event itself."""


async def headers(run: Run) -> dict[str, Headers]:
    """The headers of each endpoint that has some, by the endpoint's name.

    While they cannot be had the last good ones are used on: what else changes is still brought about, and a new
    certificate most of all. Raises Blocked where there are none for this endpoint's address.
    """
    endpoints = run.registry.spec.notifications.endpoints
    return {each.name: await _or_last_good(run, each) for each in endpoints if each.headers_secret_ref is not None}


async def _or_last_good(run: Run, endpoint: Endpoint) -> Headers:
    try:
        return await _of(run, endpoint)
    except Blocked as error:
        found = _last_good(run, endpoint)
        if found is None:
            raise
        run.note(Condition.WORKLOAD_READY, error.problem)
        return found


def _last_good(run: Run, endpoint: Endpoint) -> Headers | None:
    """The headers that pods send to this very address now."""
    for name in run.mounted():
        data = run.secret(name) if name.startswith(run.names.config("")) else None
        text = data.get(secrets.CONFIG_KEY, b"").decode(errors="replace") if data else ""
        found = config.headers_of(text, endpoint.name, endpoint.url)
        if found is not None:
            return found
    return None


async def _of(run: Run, endpoint: Endpoint) -> Headers:
    name, field = endpoint.headers_secret_ref or "", f"spec.notifications.endpoints[{endpoint.name}].headersSecretRef"
    secret = await run.entrusted_secret(name, field, endpoint.url)
    found = {}
    for key, value in sorted(secret.data.items()):
        found[key] = _text(value)
        if not _NAME.fullmatch(key) or _RESERVED.fullmatch(key) or not _VALUE.fullmatch(found[key]):
            message = (
                f"Secret {name} ({field}): key {key} cannot be sent: keys must be names of headers such as "
                "Authorization, none of the connection or the content, and values printable ASCII in one line"
            )
            raise blocked(Reason.SECRET_INVALID, message, stalled=True)
    return found


def _text(value: bytes) -> str:
    """Without the line's end that `kubectl create secret --from-file` brings along."""
    return value.decode("ascii", errors="replace").removesuffix("\n").removesuffix("\r")
