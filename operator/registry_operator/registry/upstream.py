"""Whether another registry lets a cache in.

Distribution answers 404 to its clients where it is not let in, and panics at its start where nobody answers.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlencode, urlsplit

from registry_operator.registry.http import Distrusted, Failed, Response, Target, connect, verifying_also, within

SECONDS = 10.0
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class Access(Enum):
    """What became of the question."""

    OPEN = "it lets the cache in"
    REFUSED = "it does not know the credentials"
    CLOSED = "it wants credentials, and there are none"
    BASIC = "it wants a password with each request, which line 2 cannot give"
    FOREIGN = "it sends the credentials to a host that is not its own"
    UNTRUSTED = "its certificate is to be trusted by nobody"
    SILENT = "it does not answer"
    FAILING = "it answers, and not as a registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A registry, and what a cache of that line would log in with.

    `revision`: what the answer is to be newer than; another one makes it another question.
    """

    url: str
    line: str
    revision: int = 0
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_pem: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """`detail` may be shown to anybody."""

    access: Access
    detail: str = ""


async def look(question: Question, *, seconds: float = SECONDS) -> Answer:
    """Log in as the cache will."""
    try:
        return await within(seconds, _look(question))
    except Distrusted as error:
        return Answer(Access.UNTRUSTED, str(error))
    except Failed as error:
        return Answer(Access.SILENT, str(error))


async def _look(question: Question) -> Answer:
    url = question.url.rstrip("/") + "/v2/"
    first = await _get(question, url, {})
    if first.status == 200:
        return Answer(Access.OPEN)
    if first.status != 401:
        return Answer(Access.FAILING, str(first.status))
    found = {scheme.lower(): parameters for scheme, parameters in map(_challenge, first.challenges)}
    if "bearer" in found:
        return await _token(question, found["bearer"])
    if "basic" in found:
        return await _password(question, url)
    return Answer(Access.FAILING, "401 without a challenge")


async def _password(question: Question, url: str) -> Answer:
    if question.user is None:
        return Answer(Access.CLOSED)
    if question.line == "2":
        return Answer(Access.BASIC)
    return _judged(question, await _get(question, url, _basic(question)))


async def _token(question: Question, parameters: dict[str, str]) -> Answer:
    """Ask for a token, at a host that the credentials may be sent to; without any it may be elsewhere."""
    realm = parameters.get("realm", "")
    host, port = _place(realm)
    if not host or (question.user is not None and not _own(_place(question.url), (host, port))):
        return Answer(Access.FOREIGN, host or "no host")
    query = urlencode({"service": parameters.get("service", "")})
    return _judged(question, await _get(question, f"{realm}{'&' if '?' in realm else '?'}{query}", _basic(question)))


def _judged(question: Question, response: Response) -> Answer:
    if response.status == 200:
        return Answer(Access.OPEN)
    if response.status in (400, 401, 403):
        return Answer(Access.CLOSED if question.user is None else Access.REFUSED, str(response.status))
    return Answer(Access.FAILING, str(response.status))


# Under these, in a country's domain, anybody gets a name. (The whole list of such suffixes has 10,000 lines.)
_SHARED = frozenset({"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"})


def _own(registry: tuple[str, int], there: tuple[str, int]) -> bool:
    """Whether a host belongs to the registry, as line 3.1 asks, too: gitlab.com and registry.gitlab.com."""
    domain = _domain(registry[0])
    return registry == there or (domain is not None and domain == _domain(there[0]))


def _domain(host: str) -> str | None:
    """The domain that somebody has registered; None for an address and for what is too short."""
    labels = host.split(".")
    if ":" in host or labels[-1].isdigit():
        return None
    size = 3 if len(labels[-1]) == 2 and labels[-2:-1] and labels[-2] in _SHARED else 2
    return ".".join(labels[-size:]) if len(labels) >= size else None


def _place(url: str) -> tuple[str, int]:
    """Host and port; no host where it is no https address, be it malformed on purpose."""
    try:
        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or 443)
    except ValueError:
        return "", 0
    return place if parts.scheme == "https" else ("", 0)


async def _get(question: Question, url: str, headers: dict[str, str]) -> Response:
    parts, (host, port) = urlsplit(url), _place(url)
    connection = await connect(Target(host, port, host, port), verifying_also(question.ca_pem))
    try:
        path = parts.path or "/"
        return await connection.request(f"GET {path}?{parts.query}" if parts.query else f"GET {path}", headers)
    finally:
        connection.close()


def _challenge(value: str) -> tuple[str, dict[str, str]]:
    scheme, _, rest = value.partition(" ")
    return scheme, dict(_PARAMETER.findall(rest))


def _basic(question: Question) -> dict[str, str]:
    if question.user is None:
        return {}
    pair = f"{question.user}:{question.password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
