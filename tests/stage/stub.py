"""One server that answers for every registry of the cluster: by SNI over TLS, by the Host header without it.

The operator reaches it through its resolver setting, so that no check of the operator is switched off: it logs in with
the real password against the mounted password file and is shown the certificate that the pod read when it started.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
import ssl
from collections.abc import Callable, Coroutine, Mapping
from enum import Enum

from aiohttp import web

from .container import Container

Find = Callable[[str], Container | None]  # host name → the ready registry behind it


class Trouble(Enum):
    """How a registry that runs and is ready may still disappoint."""

    SILENT = "accepts connections and says nothing: what a NetworkPolicy that drops packets looks like"
    FAILING = "answers 503 to everything"
    FULL = "answers 500 to uploads, as one without space on its volume"
    FORGETFUL = "refuses every password"


class StubRegistry:
    """`async with` serves on a free loopback port; `address` is what the operator's setting takes."""

    def __init__(self, find: Find) -> None:
        self.troubles: dict[tuple[str, str], Trouble] = {}  # by namespace and Registry
        self.served = 0
        self._find = find
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._http = web.Server(self._answer, access_log=None, handler_cancellation=True)
        self._gate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._gate.sni_callback = self._choose_certificate
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    async def __aenter__(self) -> StubRegistry:
        self._socket.setblocking(False)
        self._keep(self._accept())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._socket.close()
        await self._http.shutdown(1)

    # ---------------------------------------------------------------- connections
    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._socket)
            self._keep(self._welcome(connection))

    async def _welcome(self, connection: socket.socket) -> None:
        """TLS or not is told by the first byte: one port plays all registries."""
        loop = asyncio.get_running_loop()
        try:
            first = await _peek(connection)
            if not first:
                connection.close()
                return
            gate = self._gate if first == b"\x16" else None
            await loop.connect_accepted_socket(self._http, connection, ssl=gate)
        except OSError:  # a handshake that the client or the certificate's choice gave up; ssl.SSLError is one too
            connection.close()

    def _choose_certificate(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        found = self._find(name or "")
        if found is None or found.context is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = found.context
        return None

    # ---------------------------------------------------------------- HTTP
    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.served += 1
        container = self._find(request.host.rsplit(":", 1)[0])
        if container is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=502)
        if container.context is not None and not request.secure:
            return web.Response(status=400, text="Client sent an HTTP request to an HTTPS server.\n")
        trouble = self.troubles.get((container.namespace, container.registry))
        if trouble is Trouble.SILENT:
            await asyncio.sleep(3600)
        if trouble is Trouble.FAILING:
            return _error(503, "UNAVAILABLE", "service unavailable")
        if request.path == "/":
            return web.Response()
        if trouble is Trouble.FORGETFUL or not container.admits(*_credentials(request.headers)):
            return _error(
                401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": 'Basic realm="registry"'}
            )
        return _registry(request, container, full=trouble is Trouble.FULL)


def _registry(request: web.BaseRequest, container: Container, *, full: bool) -> web.Response:
    """The part of the HTTP API that the operator uses."""
    headers = {"Docker-Distribution-Api-Version": "registry/2.0"}
    if request.path in ("/v2", "/v2/"):
        return web.json_response({}, headers=headers)
    if "/blobs/uploads/" not in request.path:
        return _error(404, "NAME_UNKNOWN", "repository name not known to registry")
    if container.read_only:
        return web.Response(status=405, headers=headers)
    if full:
        return _error(500, "UNKNOWN", "unknown error")
    if request.method == "POST":
        upload = secrets.token_hex(16)
        location = f"{request.scheme}://{request.host}{request.path}{upload}?_state=stub"
        return web.Response(status=202, headers=headers | {"Location": location, "Docker-Upload-UUID": upload})
    if request.method == "DELETE":
        return web.Response(status=204, headers=headers)
    return web.Response(status=405, headers=headers)


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"errors": [{"code": code, "message": message}]}, status=status, headers=headers)


def _credentials(headers: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    user, _, password = base64.b64decode(value).decode(errors="replace").partition(":")
    return user, password


async def _peek(connection: socket.socket) -> bytes:
    """The first byte, left in place."""
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    arrived = asyncio.Event()
    loop.add_reader(connection, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(connection)
    return connection.recv(1, socket.MSG_PEEK)
