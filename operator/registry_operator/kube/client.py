"""The verbs of the API server on plain dicts.

Nothing is retried here but a 401 (in `session.py`): whoever calls has a loop with a backoff of its own, and a second
layer of retries would multiply both the waits and the load on a server in trouble. Bodies are never logged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import aiohttp

from registry_operator.kube.auth import ClusterConfig
from registry_operator.kube.discovery import Discovery
from registry_operator.kube.errors import Silent, from_response
from registry_operator.kube.kinds import Kind
from registry_operator.kube.stream import events
from registry_operator.kube.transport import CONNECT_SECONDS, Observer, Transport, unreachable

Object = dict[str, Any]

_PAGE = 250  # of Secrets: 2 MB on the wire, and 10 MB as objects until they are projected
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"  # JSON is YAML, and cheaper to write and to read
_METADATA = "application/json;as=PartialObjectMetadata{list};g=meta.k8s.io;v=v1"


@dataclass(frozen=True)
class Applied:
    """The object as the server holds it after an apply, and whether the apply made it (201) or changed it (200)."""

    obj: Object
    created: bool


class Client:
    """One API server, one pool of connections, at most `limit` requests at a time (watches not counted)."""

    def __init__(
        self,
        config: ClusterConfig,
        *,
        timeout: float = 30,
        observer: Observer | None = None,
        field_manager: str = "registry-operator",
        limit: int = 32,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_write` is asked before each write but those to Leases: a process that was paused while another one took
        over would else end what it was about to do."""
        self._wire = Transport(config, timeout=timeout, observer=observer, limit=limit, may_write=may_write)
        self._discovery = Discovery(self._wire)
        self._timeout = timeout
        self._manager = field_manager

    async def __aenter__(self) -> Client:
        await self._wire.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.close()

    async def serves(self, kind: Kind) -> bool:
        """Whether the cluster serves a kind; to be asked for often, see `Discovery`."""
        return await self._discovery.serves(kind)

    async def get(self, kind: Kind, namespace: str | None, name: str, *, metadata_only: bool = False) -> Object:
        """One object, as new as the server has it (a quorum read)."""
        headers = {"Accept": _accept(metadata_only)}
        obj, _ = await self._wire.request("GET", kind, kind.path(namespace, name), headers=headers)
        return obj

    async def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        metadata_only: bool = False,
        resource_version: str | None = None,
    ) -> Object:
        """The whole collection; see `pages`."""
        whole: Object = {"items": []}
        async for page in self.pages(
            kind,
            namespace,
            label_selector=label_selector,
            metadata_only=metadata_only,
            resource_version=resource_version,
        ):
            whole = {**page, "items": whole["items"] + page["items"]}
        return whole

    async def pages(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        metadata_only: bool = False,
        resource_version: str | None = None,
    ) -> AsyncGenerator[Object, None]:
        """The collection in pages of one snapshot; items of built-in kinds carry no kind and apiVersion.

        Without `resource_version` the answer is as new as the server's newest state; "0" takes any cached state.
        A continue token that expired midway raises `Gone`.
        """
        query = {"limit": str(_PAGE), "labelSelector": label_selector, "resourceVersion": resource_version or ""}
        headers = {"Accept": _accept(metadata_only, "List")}
        while True:
            page, _ = await self._wire.request("LIST", kind, kind.path(namespace), query=query, headers=headers)
            yield {**page, "items": page.get("items") or []}
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return
            query |= {"continue": token, "resourceVersion": ""}

    async def watch(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        metadata_only: bool = False,
        timeout_seconds: int = 290,
        silence_seconds: float = 75,
    ) -> AsyncGenerator[Object, None]:
        """The changes after `resource_version`, bookmarks included, until the server ends the stream.

        The server sends a bookmark about every minute; `silence_seconds` without a byte means that the connection is
        dead without saying so (a load balancer that forgot it), and raises `Silent`.
        """
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "labelSelector": label_selector,
            "timeoutSeconds": str(timeout_seconds),
        }
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence_seconds)
        started, code = time.monotonic(), 0
        try:
            async with self._wire.session.get(
                self._wire.url(kind.path(namespace)),
                params={key: value for key, value in query.items() if value},
                headers={"Accept": _accept(metadata_only)},
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                code = response.status
                self._wire.observe("WATCH", kind, code, started)
                if code != 200:
                    async with asyncio.timeout(self._timeout):
                        raise from_response(code, response.headers, await response.read())
                async for event in events(response.content):
                    yield event
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if not code:
                self._wire.observe("WATCH", kind, 0, started)
            elif isinstance(error, TimeoutError):
                raise Silent(f"watch {kind}: nothing came for {silence_seconds:g} s, not even a bookmark") from error
            raise unreachable("watch", kind, error) from error

    async def create(self, kind: Kind, obj: Mapping[str, Any]) -> Object:
        """POST: fails with `AlreadyExists` instead of touching what is there."""
        path = kind.path((obj.get("metadata") or {}).get("namespace"))
        made, _ = await self._wire.request("POST", kind, path, query={"fieldManager": self._manager}, body=obj)
        return made

    async def apply(
        self,
        kind: Kind,
        obj: Mapping[str, Any],
        *,
        subresource: str | None = None,
        force: bool = True,
        manager: str | None = None,
    ) -> Applied:
        """Server-side apply: we own exactly the fields in `obj`; those we owned before and left out are removed.

        `manager` is the name under which we own them, if it is not the usual one."""
        meta = obj["metadata"]
        path = kind.path(meta.get("namespace"), meta["name"], subresource)
        query = {"fieldManager": manager or self._manager, "force": "true" if force else "false"}
        body = {"apiVersion": kind.api_version, "kind": kind.kind, **obj}
        answer, code = await self._wire.request("PATCH", kind, path, query=query, body=body, content_type=_APPLY)
        return Applied(answer, created=code == 201)

    async def merge(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        patch: Mapping[str, Any],
        *,
        subresource: str | None = None,
    ) -> Object:
        """JSON merge patch; with `metadata.resourceVersion` in it, it fails with `Conflict` on anything newer."""
        path = kind.path(namespace, name, subresource)
        query = {"fieldManager": self._manager}
        obj, _ = await self._wire.request("PATCH", kind, path, query=query, body=patch, content_type=_MERGE)
        return obj

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        """Delete in the background; the preconditions keep a successor of the same name from being hit."""
        wanted = {"uid": uid, "resourceVersion": resource_version}
        body: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if preconditions := {key: value for key, value in wanted.items() if value}:
            body["preconditions"] = preconditions
        await self._wire.request("DELETE", kind, kind.path(namespace, name), body=body)


def _accept(metadata_only: bool, suffix: str = "") -> str:
    return _METADATA.format(list=suffix) if metadata_only else "application/json"
