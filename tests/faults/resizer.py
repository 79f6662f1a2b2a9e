"""Lets volumes grow, as a storage driver's resizer does."""

from __future__ import annotations

import asyncio
import contextlib

from tests.faults.witness import Witness
from tests.stage.kube import ApiFailure, Object
from tests.stage.stage import Stage


class Resizer:
    """Looks at the claims that the witness has seen."""

    def __init__(self, stage: Stage, witness: Witness) -> None:
        self._stage = stage
        self._witness = witness
        self._done: set[tuple[str, str]] = set()

    async def run(self) -> None:
        while True:
            for namespace, chronicle in list(self._witness.chronicles.items()):
                for name, seen in chronicle.of("persistentvolumeclaims").items():
                    if not seen[-1].gone:
                        await asyncio.to_thread(self._grow, namespace, name, seen[-1].object)
            await asyncio.sleep(1)

    def _grow(self, namespace: str, name: str, claim: Object) -> None:
        wanted = claim["spec"]["resources"]["requests"]["storage"]
        has = claim.get("status", {}).get("capacity", {}).get("storage")
        key = (claim["metadata"]["uid"], wanted)
        if has is not None and has != wanted and key not in self._done:
            with contextlib.suppress(ApiFailure):
                self._stage.grow(namespace, name, wanted)
                self._done.add(key)
