"""Whether keys open a bucket of S3: the question that the registry asks itself all the time, signed and asked once.

A registry with wrong keys starts, is ready for half a minute and says why in its log alone. So keys are tried before a
pod gets them. The answer is told in words of our own: the server is the author's choice, and what it says is not to be
repeated in a status.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from urllib.parse import quote, urlsplit

from registry_operator.registry.drivers import ANY_REGION
from registry_operator.registry.http import Distrusted, Failed, Response, Target, connect, verifying_also, within

SECONDS = 10.0
_EMPTY = hashlib.sha256(b"").hexdigest()
_CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")
_REGION = re.compile(rb"<Region>([-a-z0-9]{1,32})</Region>")
_REFUSED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "InvalidClientTokenId"}
_ELSEWHERE = {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraint"}


class Access(Enum):
    """What became of the question."""

    OPEN = "the bucket can be listed"
    REFUSED = "the server does not know these keys"
    DENIED = "the keys are known, and may not list the bucket"
    MISSING = "there is no such bucket"
    ELSEWHERE = "the bucket is in another region"
    UNTRUSTED = "the server's certificate is to be trusted by nobody"
    FAILING = "the server answers, and not as it should"
    UNTRIED = "the server could not be asked from where the operator runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A bucket, and the keys that pods are to open it with."""

    bucket: str
    endpoint: str | None
    region: str | None
    path_style: bool
    root: str | None
    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    ca_pem: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """`detail` may be shown to anybody."""

    access: Access
    detail: str = ""


async def look(question: Question, *, seconds: float = SECONDS) -> Answer:
    """List at most one object, as the registry's own health check does."""
    try:
        return _judged(await within(seconds, _ask(question)))
    except Distrusted as error:
        return Answer(Access.UNTRUSTED, str(error))
    except Failed as error:
        return Answer(Access.UNTRIED, str(error))


async def _ask(question: Question) -> Response:
    scheme, target, path = _address(question)
    query = "max-keys=1&prefix=" + quote(f"{question.root}/" if question.root else "", safe="")
    connection = await connect(target, verifying_also(question.ca_pem) if scheme == "https" else None)
    try:
        headers = signed(question, target.authority, path, query, datetime.now(UTC))
        return await connection.request(f"GET {path}?{query}", headers)
    finally:
        connection.close()


def _address(question: Question) -> tuple[str, Target, str]:
    """Amazon's own server is asked with the bucket in the path: a name with dots has no certificate there."""
    if question.endpoint is None:
        zone = "amazonaws.com.cn" if (question.region or "").startswith("cn-") else "amazonaws.com"
        host = f"s3.{question.region}.{zone}"
        return "https", Target(host, 443, host, 443), f"/{question.bucket}"
    url = urlsplit(question.endpoint)
    server, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    host = server if question.path_style else f"{question.bucket}.{server}"
    return url.scheme, Target(host, port, host, port), f"/{question.bucket}" if question.path_style else "/"


def signed(question: Question, host: str, path: str, query: str, now: datetime) -> dict[str, str]:
    """The headers of a GET without a body, in AWS' Signature Version 4."""
    moment, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    region = question.region or ANY_REGION
    headers = {"host": host, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
    if question.token:
        headers["x-amz-security-token"] = question.token
    names = ";".join(headers)
    lines = [f"{name}:{value}" for name, value in headers.items()]
    request = "\n".join(["GET", path, query, *lines, "", names, _EMPTY])
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{question.secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    del headers["host"]
    credential = f"Credential={question.key_id}/{scope}"
    return {
        **headers,
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}",
    }


def _judged(response: Response) -> Answer:
    if response.status == 200:
        return Answer(Access.OPEN)
    code = _CODE.search(response.body)
    name = code[1].decode() if code else ""
    if name == "RequestTimeTooSkewed":
        return Answer(Access.UNTRIED, "the clocks of the operator and of the server differ")
    region = _REGION.search(response.body)
    said = f"{response.status} {name}".strip()
    return Answer(_access(response.status, name), f"{said}: {region[1].decode()}" if region else said)


def _access(status: int, code: str) -> Access:
    if code in _REFUSED:
        return Access.REFUSED
    if code in _ELSEWHERE or status in (301, 307):
        return Access.ELSEWHERE
    if status in (401, 403):
        return Access.DENIED
    return Access.MISSING if status == 404 else Access.FAILING
