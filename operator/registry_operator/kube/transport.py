"""One request to the API server: its connection, its time, its place among the others, and what came of it.

Bodies are never logged.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from registry_operator.kube.auth import ClusterConfig
from registry_operator.kube.errors import ApiError, NotLeading, ServerError, Unreachable, from_response
from registry_operator.kube.kinds import LEASE, Kind
from registry_operator.kube.session import open_session

Object = dict[str, Any]
Observer = Callable[[str, str, int, float], None]

CONNECT_SECONDS = 5
_NO_TOTAL = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)  # the total is asyncio.timeout's
_UNCHANGED = 304
_WRITES = frozenset({"POST", "PATCH", "DELETE"})


class Transport:
    """One pool of connections; see `Client` for the arguments."""

    def __init__(
        self,
        config: ClusterConfig,
        *,
        timeout: float,
        observer: Observer | None,
        limit: int,
        may_write: Callable[[], bool],
    ) -> None:
        self._config = config
        self._timeout = timeout
        self._observer = observer
        self._may_write = may_write
        self._slots = asyncio.Semaphore(limit)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = open_session(self._config)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        verb: str,
        kind: Kind,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> tuple[Object, int]:
        """One request within the timeout, the wait for a free slot included."""
        try:
            if verb in _WRITES and kind is not LEASE and not self._may_write():
                raise NotLeading(0, "NotLeading", "this replica does not lead (any more): it writes nothing")
            answer, code, _ = await self._exchange(
                verb, kind, path, query=query, headers=headers, body=body, content_type=content_type
            )
            return _decoded(answer, code), code
        except ApiError as error:
            error.step = f"{verb} {path}"
            raise

    async def document(self, kind: Kind, path: str, *, accept: str, tag: str) -> tuple[Object | None, str]:
        """What stands at a path, and its tag; None if that is still `tag`."""
        sent = {"Accept": accept, "If-None-Match": tag} if tag else {"Accept": accept}
        answer, code, headers = await self._exchange("GET", kind, path, headers=sent)
        if code == _UNCHANGED:
            return None, tag
        return _decoded(answer, code), headers.get("ETag", "")

    async def _exchange(
        self,
        verb: str,
        kind: Kind,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "",
    ) -> tuple[bytes, int, Mapping[str, str]]:
        sent = {"Accept": "application/json", **(headers or {})}
        data = None
        if body is not None:
            data = json.dumps(body, separators=(",", ":")).encode()
            sent["Content-Type"] = content_type
        started, code = time.monotonic(), 0
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._slots,
                self.session.request(
                    "GET" if verb == "LIST" else verb,
                    self.url(path),
                    params={key: value for key, value in (query or {}).items() if value},
                    headers=sent,
                    data=data,
                    timeout=_NO_TOTAL,
                    allow_redirects=False,
                ) as response,
            ):
                answer = await response.read()
                code = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(verb.lower(), kind, error) from error
        finally:
            self.observe(verb, kind, code, started)
        if not 200 <= code < 300 and code != _UNCHANGED:
            raise from_response(code, response.headers, answer)
        return answer, code, response.headers

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the client is used outside of its `async with`")
        return self._session

    def url(self, path: str) -> str:
        return self._config.server.rstrip("/") + path

    def observe(self, verb: str, kind: Kind, code: int, started: float) -> None:
        if self._observer is not None:
            self._observer(verb, kind.plural, code, time.monotonic() - started)


def _decoded(body: bytes, code: int) -> Object:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ServerError(code, "NotJSON", "the answer is no JSON object: is there a proxy before the API server?")
    return value


def unreachable(verb: str, kind: Kind, error: BaseException) -> Unreachable:
    text = str(error) or "it took too long"
    return Unreachable(f"{verb} {kind}: the API server does not answer: {text}")
