"""An API server for one informer, played by the test: it hands over each list and each event by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from registry_operator.kube.kinds import Kind

Object = dict[str, Any]


def obj(name: str, version: int, text: str = "", *, namespace: str = "a", uid: str = "") -> Object:
    meta = {"namespace": namespace, "name": name, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": meta, "text": text}


def listing(version: int, *items: Object) -> Object:
    return {"metadata": {"resourceVersion": str(version)}, "items": list(items)}


def event(kind: str, item: Object) -> Object:
    return {"type": kind, "object": item}


def bookmark(version: int) -> Object:
    return event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


class End:
    """The server ends the watch, as it does every few minutes."""


class Api:
    """What an informer asks of a client. Answers are given by scope: a namespace, or None for all."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str]] = []  # list or watch, the scope, the version
        self._lists: dict[str | None, asyncio.Queue[Object | Exception]] = {}
        self._events: dict[str | None, asyncio.Queue[Object | Exception | End]] = {}
        self.arguments: dict[str, Any] = {}
        self.open = 0
        self.served = True  # as far as discovery knows
        self.looks = 0

    def answers(self, *answers: Object | Exception, scope: str | None = None) -> None:
        """The next lists."""
        for answer in answers:
            self._lists.setdefault(scope, asyncio.Queue()).put_nowait(answer)

    def sends(self, *events: Object | Exception | End, scope: str | None = None) -> None:
        """The next events; an exception ends the watch."""
        for one in events:
            self._events.setdefault(scope, asyncio.Queue()).put_nowait(one)

    async def serves(self, kind: Kind) -> bool:
        self.looks += 1
        return self.served

    async def pages(self, kind: Kind, namespace: str | None, **arguments: Any) -> AsyncGenerator[Object, None]:
        self.asked.append(("list", namespace, ""))
        self.arguments = {"kind": kind, **arguments}
        answer = await self._lists.setdefault(namespace, asyncio.Queue()).get()
        if isinstance(answer, Exception):
            raise answer
        yield answer

    async def watch(
        self, kind: Kind, namespace: str | None, *, resource_version: str, **arguments: Any
    ) -> AsyncGenerator[Object, None]:
        self.asked.append(("watch", namespace, resource_version))
        self.arguments = {"kind": kind, **arguments}
        self.open += 1
        try:
            while True:
                one = await self._events.setdefault(namespace, asyncio.Queue()).get()
                if isinstance(one, End):
                    return
                if isinstance(one, Exception):
                    raise one
                yield one
        finally:
            self.open -= 1
