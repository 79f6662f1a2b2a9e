"""Sees all that happens in the cluster's namespaces, directly at the API server and with a client of its own.

Which kinds there are is discovered: a child that the operator learns to make tomorrow is watched without being named.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.stage.kube import Kube, Object

# What controllers of the cluster write by themselves again and again, and what is asked for when it is needed.
_PASSED_OVER = {"events", "endpoints", "endpointslices", "controllerrevisions", "leases", "podtemplates"}
_LINE = 64 << 20

Id = tuple[str, str]  # resource, name


@dataclass(frozen=True)
class Seen:
    """One version of an object; `revision` orders all versions of all objects."""

    revision: int
    gone: bool
    at: float
    object: Object


@dataclass
class Chronicle:
    """What happened in one namespace."""

    objects: defaultdict[Id, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    changed: float = 0.0

    def present(self) -> dict[Id, Object]:
        """The objects that there are now."""
        return {key: seen[-1].object for key, seen in dict(self.objects).items() if seen and not seen[-1].gone}

    def of(self, resource: str) -> dict[str, list[Seen]]:
        """The history of each object of a resource."""
        return {name: seen for (kind, name), seen in dict(self.objects).items() if kind == resource}


class Witness:
    """`run` in a loop of its own; `chronicles` by namespace."""

    def __init__(self, kube: Kube) -> None:
        self.chronicles: defaultdict[str, Chronicle] = defaultdict(Chronicle)
        self._kube = kube
        self._base = f"{kube.server.scheme}://{kube.server.netloc}"
        self._forgotten: set[str] = set()
        self._following: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Watch until cancelled; kinds that appear meanwhile are found within seconds."""
        connector = aiohttp.TCPConnector(ssl=self._kube.context or False, limit=0)
        async with aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None), read_bufsize=1 << 20
        ) as session:
            try:
                while True:
                    for path, resource in await asyncio.to_thread(self._discover):
                        if path not in self._following:
                            self._following[path] = asyncio.create_task(self._follow(session, path, resource))
                    await asyncio.sleep(5)
            finally:
                for task in self._following.values():
                    task.cancel()
                await asyncio.gather(*self._following.values(), return_exceptions=True)

    def forget(self, namespace: str) -> None:
        """What happens there from now on is nobody's concern."""
        self._forgotten.add(namespace)
        self.chronicles.pop(namespace, None)

    # ---------------------------------------------------------------- what there is
    def _discover(self) -> list[tuple[str, str]]:
        """Path and plural of each resource of namespaces, in the version that its group prefers."""
        groups = [group["preferredVersion"]["groupVersion"] for group in self._kube.request("GET", "/apis")["groups"]]
        found = []
        for path in ["/api/v1", *(f"/apis/{version}" for version in groups)]:
            for resource in self._kube.request("GET", path).get("resources", []):
                name, verbs = resource["name"], resource["verbs"]
                if resource["namespaced"] and {"list", "watch"} <= set(verbs) and name not in _PASSED_OVER:
                    found.append((f"{path}/{name}", name))
        return found

    async def _follow(self, session: aiohttp.ClientSession, path: str, resource: str) -> None:
        while True:
            try:
                revision = await self._list(session, path, resource)
                async for event in self._events(session, path, revision):
                    self._note(resource, event["object"], gone=event["type"] == "DELETED")
            except (aiohttp.ClientError, KeyError, ValueError, TimeoutError):
                await asyncio.sleep(0.5)

    async def _list(self, session: aiohttp.ClientSession, path: str, resource: str) -> str:
        async with session.get(f"{self._base}{path}") as answer:
            if answer.status == 404:  # its CRD is gone; it may come back
                listed: Object = {"items": [], "metadata": {"resourceVersion": "0"}}
            else:
                answer.raise_for_status()
                listed = await answer.json()
        found = set()
        for item in listed["items"]:
            found.add((item["metadata"]["namespace"], item["metadata"]["name"]))
            self._note(resource, item, gone=False)
        for namespace, chronicle in list(self.chronicles.items()):
            for (kind, name), seen in dict(chronicle.objects).items():
                if kind == resource and not seen[-1].gone and (namespace, name) not in found:
                    last = seen[-1].object
                    revision = max(seen[-1].revision + 1, int(listed["metadata"]["resourceVersion"]))
                    self._append(resource, Seen(revision, True, time.monotonic(), last))
        if listed["metadata"]["resourceVersion"] == "0":
            raise KeyError(path)
        return str(listed["metadata"]["resourceVersion"])

    async def _events(self, session: aiohttp.ClientSession, path: str, revision: str) -> AsyncIterator[Any]:
        query = {"watch": "1", "resourceVersion": revision, "allowWatchBookmarks": "true"}
        async with session.get(f"{self._base}{path}", params=query) as answer:
            answer.raise_for_status()
            rest = b""
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        return
                    if event["type"] != "BOOKMARK":
                        yield event

    # ---------------------------------------------------------------- the book
    def _note(self, resource: str, document: Object, *, gone: bool) -> None:
        meta = document["metadata"]
        meta.pop("managedFields", None)
        self._append(resource, Seen(int(meta["resourceVersion"]), gone, time.monotonic(), document))

    def _append(self, resource: str, seen: Seen) -> None:
        meta = seen.object["metadata"]
        if meta["namespace"] in self._forgotten:
            return
        chronicle = self.chronicles[meta["namespace"]]
        versions = chronicle.objects[resource, meta["name"]]
        if not versions or versions[-1].revision < seen.revision:
            versions.append(seen)
            chronicle.changed = seen.at
