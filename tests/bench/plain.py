"""The floor: a client that knows already what to send, and sends it as fast as the server takes it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from yarl import URL

from registry_operator.kube.kinds import Kind
from tests.bench.recording import Recording, Step, Teller
from tests.stage.kube import client_context

IN_FLIGHT = 32  # what the operator allows itself, too
Object = dict[str, Any]


class PlainClient:
    """`async with`; the server and the token of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.codes: Counter[int] = Counter()
        self.refused: Counter[str] = Counter()
        self.latencies: list[float] = []
        self._server: str = cluster["server"]
        self._context = client_context(cluster, user)
        self._headers = {"Authorization": f"Bearer {user['token']}", "Accept": "application/json"}

    async def __aenter__(self) -> PlainClient:
        connector = aiohttp.TCPConnector(ssl=self._context, limit=IN_FLIGHT)
        self._session = aiohttp.ClientSession(connector=connector, headers=self._headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def replay(self, recording: Recording, kind: Kind, created: Mapping[int, Object]) -> None:
        """Tell the recording for each of the created: the steps of one in order, 32 of them at a time."""
        waiting = iter(sorted(created.items()))

        async def work() -> None:
            for index, document in waiting:
                teller = Teller(recording, index, document["metadata"]["uid"])
                teller.heard(kind.path(document["metadata"]["namespace"]), document)
                for step in recording.steps:
                    await self._send(teller, step)

        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(work())

    async def _send(self, teller: Teller, step: Step) -> None:
        path, body = teller.request(step)
        headers = {"Content-Type": step.content_type} if body else {}
        url = URL(self._server + path, encoded=True).with_query(step.query)
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with self._session.request(step.method, url, data=body, headers=headers) as answer:
            raw = await answer.read()
        self.latencies.append(loop.time() - started)
        self.codes[answer.status] += 1
        if answer.status < 300:
            teller.heard(path, json.loads(raw))
        elif answer.status != 404:  # what is looked for in vain is looked for by the operator, too
            self.refused[f"{answer.status} {step.method} {step.path.rpartition('/namespaces/')[2]}"] += 1
