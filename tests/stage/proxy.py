"""A proxy between the operator and the API server that records each request and spoils those that a test names.

It speaks plain HTTP to the operator (which takes that without credentials) and the kubeconfig's own to the server,
so that what it records can be read. It can let the server judge the operator by the permissions of a service account.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from .kube import client_context
from .spoil import abort, status
from .traffic import Request, Rule

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "content-length", "host"}


class Proxy:
    """`async with` serves on a free loopback port."""

    def __init__(self, kubeconfig: Path, *, service_account: str | None = None) -> None:
        """`service_account` ("namespace:name"): the server takes the requests for those of this account."""
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.requests: list[Request] = []
        self.rules: list[Rule] = []
        self.sift: Callable[[Request, bytes], Awaitable[bytes]] | None = None
        """Sees each line of each watch, and gives what of it goes on: nothing, it, or more."""
        self._upstream: str = cluster["server"].rstrip("/")
        self._context = client_context(cluster, user) if self._upstream.startswith("https") else False
        self._watches: dict[int, tuple[Request, web.BaseRequest]] = {}
        self._identity = _impersonation(service_account)
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None, handler_cancellation=True), shutdown_timeout=0.1
        )

    async def __aenter__(self) -> Proxy:
        self._session = _session(self._context)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in [connection for _, connection in self._watches.values()]:
            abort(connection)
        await self._runner.cleanup()
        await self._session.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    # ---------------------------------------------------------------- what was seen
    def writes(self, since: int = 0, *, namespace: str | None = None) -> list[Request]:
        """The writes from request number `since` on."""
        return [
            request for request in self.requests[since:] if request.write and namespace in (None, request.namespace)
        ]

    @property
    def mark(self) -> int:
        """The number that the next request will have: what `writes` takes."""
        return len(self.requests)

    # ---------------------------------------------------------------- what is done to requests
    def add(self, rule: Rule) -> Rule:
        """The newest rule is asked first."""
        self.rules.insert(0, rule)
        return rule

    def tear(self, matches: Callable[[Request], bool] = lambda _: True) -> int:
        """Cut the watches that are open now in the middle; how many."""
        torn = [connection for request, connection in list(self._watches.values()) if matches(request)]
        for connection in torn:
            abort(connection)
        return len(torn)

    # ---------------------------------------------------------------- the way through
    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        raw = await incoming.read()
        request = Request(
            number=len(self.requests),
            method=incoming.method,
            path=incoming.path,
            query=dict(incoming.query),
            body=_json(raw),
            content_type=incoming.headers.get("Content-Type", ""),
        )
        self.requests.append(request)

        async def forward() -> web.StreamResponse:
            work = self._forward(incoming, request, raw)
            # What an operator asked for is done, also when the operator died before it heard of it.
            return await (work if request.watch else asyncio.shield(work))

        rule = next((rule for rule in self.rules if rule.takes(request)), None)
        answer = await (rule.spoil(incoming, forward) if rule else forward())
        request.status = request.status or answer.status
        return answer

    async def _forward(self, incoming: web.BaseRequest, request: Request, raw: bytes) -> web.StreamResponse:
        headers = CIMultiDict(
            (name, value) for name, value in incoming.headers.items() if name.lower() not in _HOP_BY_HOP
        )
        headers.extend(self._identity)
        url = f"{self._upstream}{incoming.raw_path}"
        try:
            async with self._session.request(
                incoming.method, URL(url, encoded=True), data=raw or None, headers=headers
            ) as theirs:
                request.status = theirs.status
                kept = {name: value for name, value in theirs.headers.items() if name.lower() not in _HOP_BY_HOP}
                if not request.watch:
                    return web.Response(status=theirs.status, headers=kept, body=await theirs.read())
                return await self._stream(incoming, request, theirs, kept)
        except aiohttp.ClientError as problem:
            return status(502, "BadGateway", str(problem))

    async def _stream(
        self, incoming: web.BaseRequest, request: Request, theirs: aiohttp.ClientResponse, headers: dict[str, str]
    ) -> web.StreamResponse:
        ours = web.StreamResponse(status=theirs.status, headers=headers)
        self._watches[request.number] = (request, incoming)
        try:
            await ours.prepare(incoming)
            async for chunk in self._sifted(request, theirs):
                await ours.write(chunk)
            await ours.write_eof()
        except ConnectionError:
            pass  # the operator went away, or the watch was torn
        finally:
            del self._watches[request.number]
        return ours

    async def _sifted(self, request: Request, theirs: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """What is delivered of a watch: whole lines where somebody sifts them."""
        rest = b""
        async for chunk in theirs.content.iter_any():
            if self.sift is None or theirs.status != 200:
                yield chunk
                continue
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if passed := await self.sift(request, line + b"\n"):
                    yield passed


def _impersonation(service_account: str | None) -> list[tuple[str, str]]:
    """The headers by which an administrator asks as somebody else, with that one's permissions."""
    if service_account is None:
        return []
    namespace = service_account.partition(":")[0]
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return [
        ("Impersonate-User", f"system:serviceaccount:{service_account}"),
        *(("Impersonate-Group", group) for group in groups),
    ]


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw


def _session(context: ssl.SSLContext | bool) -> aiohttp.ClientSession:
    """Never waits longer than the operator, keeps compressed answers as they are."""
    connector = aiohttp.TCPConnector(ssl=context, limit=0)
    return aiohttp.ClientSession(
        connector=connector, auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None, connect=30)
    )
