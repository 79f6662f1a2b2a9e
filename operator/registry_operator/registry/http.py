"""One HTTP request over one connection whose certificate was judged first.

An HTTP library hides the connection, and what is asked here is about just that: which certificate did this very
connection get, was it to be trusted, and not one byte of a password before that is known. What remains of HTTP is a
request line, a handful of headers and the status of the answer. (aiohttp was tried: the peer's certificate is gone with
the connection as soon as an answer without a body has arrived.)
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeVar

from registry_operator.registry.certificates import Leaf, parse_der

T = TypeVar("T")

MAXIMUM_HEAD = 16 * 1024
MAXIMUM_BODY = 4 * 1024

_CHALLENGE = re.compile(rb"(?im)^www-authenticate:([^\r\n]*)")
_STATUS = re.compile(rb"HTTP/1\.[01] (?P<status>[1-5][0-9]{2})[ \r]")


class NotHttp(Exception):
    """The other side speaks something else."""


class Failed(Exception):
    """No answer could be had; the text may be shown to anybody."""


class Distrusted(Failed):
    """The other side's certificate leads to none of the authorities that are trusted, or is wrong."""


@dataclass(frozen=True, slots=True)
class Target:
    """A registry's name for clients (`host`, `port`), and where to connect to instead of looking that up."""

    host: str
    port: int
    address: str
    address_port: int

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port in (80, 443) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Response:
    """The status of an answer, the first bytes of its body if it is an error or a redirect, and how it wants to be
    logged in to (the values of WWW-Authenticate)."""

    status: int
    body: bytes = b""
    challenges: tuple[str, ...] = ()


class Connection:
    """An open connection for one request; `leaf` is the certificate that the other side showed."""

    def __init__(self, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._target = target
        self._reader = reader
        self._writer = writer
        channel: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
        der = channel.getpeercert(binary_form=True) if channel else None
        self.leaf: Leaf | None = parse_der(der) if der else None

    async def request(self, what: str, headers: Mapping[str, str] | None = None) -> Response:
        """Send the one request (`METHOD path`) and read its answer."""
        lines = [
            f"{what} HTTP/1.1",
            f"Host: {self._target.authority}",
            "User-Agent: registry-operator",
            "Content-Length: 0",
            "Connection: close",
        ]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        await self._writer.drain()
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            raise NotHttp from None
        status = _status(head)
        challenges = tuple(value.decode("latin-1").strip() for value in _CHALLENGE.findall(head))
        return Response(status, await self._some_body() if status >= 300 else b"", challenges)

    async def _some_body(self) -> bytes:
        body = b""
        while len(body) < MAXIMUM_BODY and (more := await self._reader.read(MAXIMUM_BODY - len(body))):
            body += more
        return body

    def close(self) -> None:
        """Give the connection up at once; there is nothing left on it that anybody waits for."""
        self._writer.transport.abort()


async def connect(target: Target, context: ssl.SSLContext | None) -> Connection:
    """Open a connection, with TLS if there is a context for it."""
    reader, writer = await asyncio.open_connection(
        target.address,
        target.address_port,
        ssl=context,
        server_hostname=target.host if context else None,
        limit=MAXIMUM_HEAD,
    )
    try:
        return Connection(target, reader, writer)
    except BaseException:
        writer.transport.abort()
        raise


async def within(seconds: float, exchange: Awaitable[T]) -> T:
    """What an exchange of requests gives.

    Raises:
        Distrusted: The certificate is wrong.
        Failed: There is no answer, in time or at all, or one that is not HTTP.
    """
    try:
        async with asyncio.timeout(seconds):
            return await exchange
    except TimeoutError:
        raise Failed(f"no answer within {seconds:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise Distrusted(error.verify_message) from None
    except socket.gaierror:
        raise Failed("its name cannot be resolved") from None
    except (NotHttp, OSError, UnicodeError):
        raise Failed("the connection fails") from None


@lru_cache(maxsize=128)  # 0.4 ms to make one, 17 KB to keep it
def verifying(ca_pem: str) -> ssl.SSLContext:
    """Trusts these authorities alone, as lenient as Go's clients: any of them may end a chain, and authorities made
    before RFC 5280 was taken seriously still count."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca_pem)
    return _lenient(context)


@cache
def verifying_by_system() -> ssl.SSLContext:
    """Trusts what the operator's image trusts."""
    return _lenient(ssl.create_default_context())


@lru_cache(maxsize=128)
def verifying_also(ca_pem: str | None) -> ssl.SSLContext:
    """Trusts these authorities beside those of the operator's image, as a pod does by SSL_CERT_DIR."""
    context = ssl.create_default_context()
    if ca_pem is not None:
        context.load_verify_locations(cadata=ca_pem)
    return _lenient(context)


@cache
def looking() -> ssl.SSLContext:
    """Takes any certificate, to see which one is served. Nothing is sent over it unless that one was expected."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _lenient(context: ssl.SSLContext) -> ssl.SSLContext:
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _status(head: bytes) -> int:
    match = _STATUS.match(head)
    if match is None:
        raise NotHttp
    return int(match["status"])
