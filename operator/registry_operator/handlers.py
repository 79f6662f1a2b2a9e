"""Everything that kopf knows of us: it watches the Registries, and each event puts a key on the queue.

Only `on.event`: change-detecting handlers would store what they saw in annotations of users' objects, write several
times for each change, and act on events instead of states (docs/decisions/0001).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import aiohttp
import kopf

from registry_operator.kube.kinds import REGISTRY

Seen = Callable[[Mapping[str, Any]], None]


class Forever:
    """kopf's pauses between tries to reach the API server: growing to half a minute, and never an end."""

    def __iter__(self) -> Iterator[float]:
        pause = 0.5
        while True:
            yield pause * (0.75 + random.random() / 2)
            pause = min(pause * 2, 30.0)


class NoDiffBase(kopf.DiffBaseStorage):
    """kopf copies each object three times to compare it with its former self; nobody here asks."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> Any:
        return {}

    def fetch(self, *, body: kopf.Body) -> Any:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: Any) -> None:
        """Nothing is stored on users' objects."""


def registry(
    seen: Seen, gone: Seen, server: str, session: Callable[[], aiohttp.ClientSession]
) -> kopf.OperatorRegistry:
    """kopf's registry with our handlers; `seen` and `gone` get the bodies, and must neither wait nor fail."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers)
    async def log_in(**_: Any) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=server, aiohttp_session=session())

    @kopf.on.event(REGISTRY.group, REGISTRY.api_version.partition("/")[2], REGISTRY.plural, registry=handlers)
    async def changed(event: Any, **_: Any) -> None:
        (gone if event["type"] == "DELETED" else seen)(event["object"])

    return handlers


def settings() -> kopf.OperatorSettings:
    """kopf as a watcher of one kind, and nothing else: no peering, no Events, no scanning, no finalizers."""
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)  # else a line for each event of each Registry
    found = kopf.OperatorSettings()
    found.peering.standalone = True
    found.scanning.disabled = True
    found.posting.enabled = False
    found.networking.request_timeout = 30
    found.networking.connect_timeout = 5
    found.networking.error_backoffs = Forever()
    found.networking.enforce_retry_after = True
    found.watching.server_timeout = 600
    found.watching.connect_timeout = 5
    found.queueing.idle_timeout = 1.0
    found.persistence.diffbase_storage = NoDiffBase()
    found.execution.max_workers = 2
    found.process.ultimate_exiting_timeout = 30
    return found
