"""One informer on a clock and an API server that the test moves by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from registry_operator.engine.backoff import Backoff
from registry_operator.engine.informer import Informer
from registry_operator.kube.errors import Forbidden, Gone, NotFound
from registry_operator.kube.kinds import SECRET, Kind
from tests.unit.clock import FakeClock, settle
from tests.unit.engine.api import Api

Change = tuple[str | None, str | None]
GONE = Gone(410, "Expired", "too old resource version")
NOT_SERVED = NotFound(404, "NotFound", "the server could not find the requested resource")
FORBIDDEN = Forbidden(403, "Forbidden", 'secrets is forbidden: User "x" cannot list resource "secrets"')


class Stage:
    """One informer of objects' texts, its API server, its clock, and the changes it told."""

    def __init__(self) -> None:
        self.api = Api()
        self.clock = FakeClock()
        self.changes: list[Change] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.informer: Informer[str]

    async def start(
        self, namespaces: Sequence[str] | None = None, *, kind: Kind = SECRET, optional: bool = False
    ) -> Informer[str]:
        client: Any = self.api
        self.informer = Informer(
            client,
            kind,
            namespaces,
            selector="ours=yes",
            metadata_only=True,
            project=lambda item: str(item["text"]),
            changed=lambda old, new: self.changes.append((old, new)),
            index=lambda text: text[:1] or None,
            optional=optional,
            clock=self.clock,
            backoff=Backoff(base=1, cap=8, random=lambda: 1.0),
        )
        self.tasks.append(self.informer.start())
        await settle()
        return self.informer

    def news(self) -> list[Change]:
        """The changes since the last look."""
        news, self.changes = self.changes, []
        return news

    def asked(self) -> list[str]:
        """What was asked since the last look."""
        asked, self.api.asked = self.api.asked, []
        return [f"{verb} {version}".strip() for verb, _, version in asked]


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """A stage that leaves no watch open."""
    one = Stage()
    yield one
    for task in one.tasks:
        task.cancel()
    await asyncio.gather(*one.tasks, return_exceptions=True)
    assert one.api.open == 0, "a watch was left open"
