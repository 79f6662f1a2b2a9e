"""An API server with one Lease, for leaders to agree on."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from registry_operator.kube.errors import ApiError, Conflict, NotFound, Unreachable
from registry_operator.kube.kinds import LEASE, Kind


class Leases:
    """An API server with one Lease: versions, conflicts, and the faults that a test switches on."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.writes: list[str] = []
        self.fault: ApiError | None = None
        self.hangs = False
        self.answer_lost = False

    async def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
        await self._enter(kind, namespace, name)
        if self.lease is None:
            raise NotFound(404, "NotFound", "no lease")
        return copy.deepcopy(self.lease)

    async def create(self, kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
        await self._enter(kind, obj["metadata"]["namespace"], obj["metadata"]["name"])
        assert self.lease is None
        return self._put(obj["metadata"], obj["spec"])

    async def merge(self, kind: Kind, namespace: str, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        await self._enter(kind, namespace, name)
        if self.lease is None:
            raise NotFound(404, "NotFound", "no lease")
        if patch["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise Conflict(409, "Conflict", "the object has been modified")
        merged = {**self.lease["spec"], **patch["spec"]}
        made = self._put(self.lease["metadata"], {key: value for key, value in merged.items() if value is not None})
        if self.answer_lost:
            raise Unreachable("the answer was lost")
        return made

    def edit(self, **spec: Any) -> None:
        """Somebody else writes."""
        assert self.lease is not None
        self._put(self.lease["metadata"], {**self.lease["spec"], **spec})

    @property
    def holder(self) -> object:
        return self.lease["spec"].get("holderIdentity") if self.lease else None

    async def _enter(self, kind: Kind, namespace: str, name: str) -> None:
        assert (kind, namespace, name) == (LEASE, "system", "operator")
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault:
            raise self.fault

    def _put(self, metadata: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = {"metadata": {**metadata, "resourceVersion": str(self.version)}, "spec": dict(spec)}
        self.writes.append(str(spec.get("holderIdentity")))
        return copy.deepcopy(self.lease)
