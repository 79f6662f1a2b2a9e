"""Ways to spoil a request: what a rule of the proxy does instead of passing it on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from .traffic import Forward, Spoil


def answer(code: int, reason: str, message: str = "injected", *, retry_after: int | None = None) -> Spoil:
    """The server is never asked."""

    async def spoil(_: web.BaseRequest, __: Forward) -> web.StreamResponse:
        return status(code, reason, message, retry_after)

    return spoil


def refuse(act: Callable[[], object] = lambda: None) -> Spoil:
    """The connection is cut before the server is asked, and `act` happens at once."""

    async def spoil(incoming: web.BaseRequest, _: Forward) -> web.StreamResponse:
        act()
        abort(incoming)
        return web.Response(status=502)

    return spoil


def garble() -> Spoil:
    """Something that is no HTTP comes back, as from a port that has begun to speak TLS."""

    async def spoil(incoming: web.BaseRequest, _: Forward) -> web.StreamResponse:
        if incoming.transport is not None:
            incoming.transport.write(b"\x15\x03\x01\x00\x02\x02\x46")
            incoming.transport.close()
        return web.Response(status=502)

    return spoil


def lose_answer(act: Callable[[], object] = lambda: None) -> Spoil:
    """The server does what it is asked, `act` happens at once, and the answer never arrives."""

    async def spoil(incoming: web.BaseRequest, forward: Forward) -> web.StreamResponse:
        await forward()
        act()
        abort(incoming)
        return web.Response(status=502)

    return spoil


def delay(seconds: float) -> Spoil:
    """The server is asked later."""

    async def spoil(_: web.BaseRequest, forward: Forward) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await forward()

    return spoil


def black_hole(seconds: float) -> Spoil:
    """Nothing comes back, and the server is never asked."""

    async def spoil(incoming: web.BaseRequest, _: Forward) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        abort(incoming)
        return web.Response(status=502)

    return spoil


def before(act: Callable[[], object]) -> Spoil:
    """`act` happens (in a thread of its own) before the server is asked: how a test wins a race on purpose."""

    async def spoil(_: web.BaseRequest, forward: Forward) -> web.StreamResponse:
        await asyncio.to_thread(act)
        return await forward()

    return spoil


def after(act: Callable[[], object]) -> Spoil:
    """`act` happens (in a thread of its own) when the server has done what it was asked, before its answer arrives."""

    async def spoil(_: web.BaseRequest, forward: Forward) -> web.StreamResponse:
        done = await forward()
        await asyncio.to_thread(act)
        return done

    return spoil


def expire() -> Spoil:
    """A watch is told that its version is too old, as the API server tells it: by an event, not by a status of HTTP."""

    async def spoil(incoming: web.BaseRequest, _: Forward) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": "application/json"})
        await stream.prepare(incoming)
        gone = failure(410, "Expired", "too old resource version: 1 (2)")
        await stream.write(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
        await stream.write_eof()
        return stream

    return spoil


def status(code: int, reason: str, message: str, retry_after: int | None = None) -> web.Response:
    """What the API server answers where it refuses."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return web.json_response(failure(code, reason, message, retry_after), status=code, headers=headers)


def failure(code: int, reason: str, message: str, retry_after: int | None = None) -> dict[str, Any]:
    """The object that tells of a refusal."""
    details = {} if retry_after is None else {"retryAfterSeconds": retry_after}
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": message, "details": details,
    }  # fmt: skip


def abort(connection: web.BaseRequest) -> None:
    if connection.transport is not None:
        connection.transport.abort()
