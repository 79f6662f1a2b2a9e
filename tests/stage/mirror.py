"""A current copy of the objects that the actors look at: one list, then a watch, for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from registry_operator.kube.client import Client
from registry_operator.kube.errors import ApiError
from registry_operator.kube.kinds import Kind

Object = dict[str, Any]
Key = tuple[str, str]  # namespace, name


def key_of(document: Object) -> Key:
    meta = document["metadata"]
    return meta.get("namespace", ""), meta["name"]


class Mirror:
    """The objects of one kind by namespace and name; `changed` hears of each key that came, changed or went."""

    def __init__(self, client: Client, kind: Kind, changed: Callable[[Key], None], *, selector: str = "") -> None:
        self.items: dict[Key, Object] = {}
        self.synced = asyncio.Event()
        self._client, self._kind, self._changed, self._selector = client, kind, changed, selector

    def get(self, namespace: str, name: str) -> Object | None:
        return self.items.get((namespace, name))

    async def run(self) -> None:
        """Follow the server; whatever fails is begun again, as the stage must outlive each fault that a test plays."""
        while True:
            try:
                await self._follow(await self._list())
            except ApiError:
                await asyncio.sleep(0.1)

    async def _list(self) -> str:
        answer = await self._client.list(self._kind, None, label_selector=self._selector)
        items = {key_of(item): item for item in answer.get("items", [])}
        gone = self.items.keys() - items.keys()
        self.items = items
        for key in (*gone, *items):
            self._changed(key)
        self.synced.set()
        return str(answer["metadata"]["resourceVersion"])

    async def _follow(self, version: str) -> None:
        events = self._client.watch(self._kind, None, resource_version=version, label_selector=self._selector)
        async for event in events:
            if event["type"] == "BOOKMARK":
                continue
            key = key_of(event["object"])
            if event["type"] == "DELETED":
                self.items.pop(key, None)
            else:
                self.items[key] = event["object"]
            self._changed(key)
