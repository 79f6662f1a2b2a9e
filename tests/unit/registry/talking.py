"""Servers that say what no registry should."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from registry_operator.registry import authority
from tests.distribution import LOOPBACK

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(what: bytes) -> Talk:
    """Hears the head of one request, says this, and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(what)
        await writer.drain()
        writer.close()

    return answer


@asynccontextmanager
async def server(talk: Talk, pair: authority.Pair | None = None) -> AsyncIterator[int]:
    """A server on a loopback port, with TLS if there is a certificate."""

    async def safely(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()

    context = _context(pair) if pair else None
    started = await asyncio.start_server(safely, LOOPBACK, 0, ssl=context)
    try:
        yield started.sockets[0].getsockname()[1]
    finally:
        started.close()
        await asyncio.wait_for(started.wait_closed(), 10)


def _context(pair: authority.Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.pem"
        path.write_text(pair.crt + pair.key)
        context.load_cert_chain(path)
    return context
