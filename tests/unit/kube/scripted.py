"""An HTTP server that answers what a test has written down, fault by fault."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Seen:
    """A request as it arrived."""

    verb: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class Scripted:
    """The answers by verb (LIST and WATCH told from GET), used up in order; what is not scripted gets a 500."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answers: dict[str, deque[Answer]] = field(default_factory=lambda: defaultdict(deque))

    def on(self, verb: str, *answers: Answer) -> None:
        self.answers[verb].extend(answers)

    def verbs(self) -> list[str]:
        return [one.verb for one in self.seen]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        verb = request.method
        if verb == "GET" and "watch" in request.query:
            verb = "WATCH"
        elif verb == "GET" and request.path.rpartition("/")[2].endswith("s"):
            verb = "LIST"
        body = json.loads(text) if text else None
        self.seen.append(Seen(verb, request.path, dict(request.query), request.headers, body))
        if not self.answers[verb]:
            return web.json_response({"kind": "Status", "code": 500, "message": f"{verb} not scripted"}, status=500)
        return await self.answers[verb].popleft()(request)


@asynccontextmanager
async def scripted() -> AsyncIterator[Scripted]:
    """The server, listening on a free port of the loopback address."""
    script = Scripted()
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", script.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    script.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield script
    finally:
        await runner.cleanup()


def answer(body: Any, code: int = 200, **headers: str) -> Answer:
    """A JSON answer; header names with _ for -."""

    async def send(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body, status=code, headers=named)

    return send


def refusal(code: int, reason: str = "", message: str = "no", **headers: str) -> Answer:
    return answer({"kind": "Status", "code": code, "reason": reason, "message": message}, code, **headers)


def page(text: str, code: int = 200) -> Answer:
    """Something that is no JSON."""

    async def send(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, status=code)

    return send


def hang() -> Answer:
    """No answer at all."""

    async def send(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    return send


def stream(*pieces: bytes | dict[str, Any], then: str = "end") -> Answer:
    """A watch that sends these pieces, then ends, hangs, or is torn."""

    async def send(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece if isinstance(piece, bytes) else json.dumps(piece).encode() + b"\n")
        if then == "hang":
            await asyncio.Event().wait()
        if then == "tear":
            assert request.transport is not None
            request.transport.abort()
        return response

    return send
