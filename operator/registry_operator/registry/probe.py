"""What a client would find: whether a login works, over which certificate, and whether an upload can begin.

Two questions, each a connection or two, bounded in time, answered by a value: never an exception, and never a message
that holds a password or anything else that was sent.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import os
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from registry_operator.registry.certificates import BadCertificate, Leaf
from registry_operator.registry.http import (
    Connection,
    NotHttp,
    Response,
    Target,
    connect,
    looking,
    verifying,
    verifying_by_system,
)

SECONDS = 5.0
# Uploads begin in this repository. It never has content, so it is listed in no catalog.
REPOSITORY = "registry-operator/write-probe"

_ERROR_CODE = re.compile(rb'"code"\s*:\s*"(?P<code>[A-Z_]{1,40})"')
_KNOWN_TROUBLE = (b"no space left on device", b"permission denied", b"read-only file system", b"disk quota exceeded")
# OpenSSL's codes for "I know no authority that leads here"; all else (a wrong name, a date) is wrong for any client.
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})


class Trust(Enum):
    """Why the served certificate was believed."""

    AUTHORITY = "the given authorities"
    SYSTEM = "the system's authorities"
    PINNED = "it is the very certificate that was expected"
    PLAIN = "no TLS"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsExpectation:
    """What the other side must show: a chain to `ca_pem` (None: to the system's authorities, or else the very
    certificate `fingerprint`), and the certificate `fingerprint` if that is given."""

    ca_pem: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An answer; `served` is the certificate that was seen, `message` may be shown to anybody."""

    message: str = ""
    served: Leaf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ok(Outcome):
    """It works."""

    trust: Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Outcome):
    """401: the registry serves, and does not know these credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Untrusted(Outcome):
    """The certificate cannot be believed; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongCertificate(Outcome):
    """Another certificate than the expected one is served; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut(Outcome):
    """No answer in time: as a NetworkPolicy that drops packets looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable(Outcome):
    """The connection was refused or broke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpError(Outcome):
    """Any other answer than the one that was hoped for."""

    status: int


class _Ended(Exception):
    """A question that is answered early."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


async def login(
    target: Target, tls: TlsExpectation | None, user: str | None, password: str = "", *, seconds: float = SECONDS
) -> Outcome:
    """Log in as `docker login` does; without a user ask the same without credentials."""

    async def ask() -> Outcome:
        return await _exchange(target, tls, "GET /v2/", _basic(user, password), good=200)

    return await _bounded(ask, seconds)


async def upload(
    target: Target, tls: TlsExpectation | None, user: str | None, password: str = "", *, seconds: float = SECONDS
) -> Outcome:
    """Begin an upload: as much of a push as is seen by nobody.

    It is not cancelled but left to the registry's purge of unfinished uploads. Cancelling was tried on 2.8.2: the
    registry removes the upload and then writes its hash state back, logs that as an error, and never purges what is
    left, since the date of the start is gone.
    """

    async def ask() -> Outcome:
        return await _exchange(target, tls, f"POST /v2/{REPOSITORY}/blobs/uploads/", _basic(user, password), good=202)

    return await _bounded(ask, seconds)


async def _bounded(ask: Callable[[], Awaitable[Outcome]], seconds: float) -> Outcome:
    try:
        async with asyncio.timeout(seconds):
            return await ask()
    except _Ended as ended:
        return ended.outcome
    except TimeoutError:
        return TimedOut(message=f"gave no answer within {seconds:g} s")
    except BadCertificate as error:
        return Untrusted(message=str(error))
    except (NotHttp, OSError) as error:
        return Unreachable(message=_broken(error))


async def _exchange(
    target: Target, tls: TlsExpectation | None, what: str, authorization: str | None, *, good: int
) -> Outcome:
    """One request (`METHOD path`) on a connection of its own, which is trusted before anything is sent."""
    connection, trust = await _trusted(target, tls)
    try:
        response = await connection.request(what, {"Authorization": authorization} if authorization else None)
    finally:
        connection.close()
    served = connection.leaf
    if response.status == good:
        return Ok(served=served, trust=trust)
    if response.status == 401:
        return Refused(message="answered 401: it does not know the credentials", served=served)
    return HttpError(status=response.status, message=_trouble(response), served=served)


async def _trusted(target: Target, tls: TlsExpectation | None) -> tuple[Connection, Trust]:
    """A connection that may be told a password, or _Ended."""
    if tls is None:
        return await connect(target, None), Trust.PLAIN
    try:
        context = verifying_by_system() if tls.ca_pem is None else verifying(tls.ca_pem)
    except ssl.SSLError:
        raise BadCertificate("ca.crt holds no certificate that can be read: it must be in PEM form") from None
    try:
        connection = await connect(target, context)
    except ssl.SSLCertVerificationError as error:
        return await _pinned(target, tls, error), Trust.PINNED
    if tls.fingerprint is not None and connection.leaf and connection.leaf.fingerprint != tls.fingerprint:
        connection.close()
        raise _Ended(_wrong(connection.leaf))
    return connection, Trust.SYSTEM if tls.ca_pem is None else Trust.AUTHORITY


async def _pinned(target: Target, tls: TlsExpectation, error: ssl.SSLCertVerificationError) -> Connection:
    """A connection to a certificate that no authority vouches for, if it is the very one that was expected."""
    connection = await connect(target, looking())
    leaf = connection.leaf
    assert leaf is not None
    verdict: Outcome | None = None
    if tls.fingerprint is not None and leaf.fingerprint != tls.fingerprint:
        verdict = _wrong(leaf)
    elif leaf.expired(datetime.datetime.now(datetime.UTC)):
        verdict = Untrusted(message=f"serves a certificate that expired at {leaf.not_after:%Y-%m-%dT%H:%M:%SZ}")
    elif not leaf.covers(target.host):
        verdict = Untrusted(message=f"serves a certificate that is not for {target.host}")
    elif tls.ca_pem is not None or tls.fingerprint is None or error.verify_code not in _UNKNOWN_AUTHORITY:
        verdict = Untrusted(message=f"serves a certificate that does not verify: {error.verify_message}")
    if verdict is None:
        return connection
    connection.close()
    raise _Ended(Untrusted(message=verdict.message, served=leaf) if isinstance(verdict, Untrusted) else verdict)


def _wrong(leaf: Leaf) -> WrongCertificate:
    return WrongCertificate(
        message=f"serves another certificate than the expected one: SHA-256 {leaf.fingerprint[:16]}…", served=leaf
    )


def _trouble(response: Response) -> str:
    """An error in few words: the status, distribution's code, and the cause if it is a well-known one."""
    code = _ERROR_CODE.search(response.body)
    known = next((each.decode() for each in _KNOWN_TROUBLE if each in response.body), "")
    details = ", ".join(part for part in (code["code"].decode() if code else "", known) if part)
    return f"answered {response.status}" + (f" ({details})" if details else "")


def _basic(user: str | None, password: str) -> str | None:
    if user is None:
        return None
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _broken(error: Exception) -> str:
    """Why a connection did not come about, or broke."""
    if isinstance(error, NotHttp):
        return "does not answer in HTTP"
    if isinstance(error, ssl.SSLError):
        return f"failed in the TLS handshake: {_words(error.reason)}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"cannot be reached: {os.strerror(error.errno).lower()}"
    return "cannot be reached"


def _words(text: str | None) -> str:
    return (text or "").replace("_", " ").lower()
