"""Which kinds the cluster serves, by one question for all that are waited for.

A list of each absent kind every few seconds would be most of what an operator at rest asks for. The aggregated
discovery document needs no permission but what every account has, and costs an empty answer while nothing has changed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from registry_operator.kube.errors import ApiError
from registry_operator.kube.kinds import Kind
from registry_operator.kube.transport import Transport

FRESH_SECONDS = 9.0
"""For how long an answer counts: a little less than those who wait for a kind wait between two looks, so that each look
of the first of them is a new one, and the others share it."""

_KIND = Kind("apidiscovery.k8s.io/v2", "APIGroupDiscoveryList", "apis", namespaced=False)
_ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class Discovery:
    """The kinds of one API server as last told."""

    def __init__(self, wire: Transport, now: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self._now = now
        self._asking = asyncio.Lock()
        self._asked: float | None = None
        self._served: frozenset[tuple[str, str]] | None = None
        self._tag = ""

    async def serves(self, kind: Kind) -> bool:
        """Whether the cluster serves it; also where that can't be told, so that the kind itself is asked for."""
        async with self._asking:
            if self._asked is None or self._now() - self._asked >= FRESH_SECONDS:
                await self._ask()
                self._asked = self._now()
        return self._served is None or not kind.group or (kind.api_version, kind.plural) in self._served

    async def _ask(self) -> None:
        try:
            document, self._tag = await self._wire.document(_KIND, "/apis", accept=_ACCEPT, tag=self._tag)
        except ApiError:
            self._served, self._tag = None, ""
            return
        if document is not None:
            self._served = _kinds(document)


def _kinds(document: dict[str, Any]) -> frozenset[tuple[str, str]] | None:
    """(apiVersion, plural) of all; None for a document of another form, as an API server before 1.30 sends it."""
    if document.get("kind") != _KIND.kind:
        return None
    return frozenset(
        (f"{group['metadata']['name']}/{version['version']}", resource["resource"])
        for group in document.get("items") or ()
        for version in group.get("versions") or ()
        for resource in version.get("resources") or ()
    )
