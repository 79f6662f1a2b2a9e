"""An informer on a real connection: the faults of a stream, from the socket to the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry_operator.engine.backoff import Backoff
from registry_operator.engine.informer import Informer
from registry_operator.kube.auth import ClusterConfig
from registry_operator.kube.client import Client
from registry_operator.kube.kinds import SECRET
from tests.unit.engine.api import bookmark, event, listing, obj
from tests.unit.kube.scripted import Answer, Scripted, answer, refusal, scripted, stream

LAST = event("ADDED", obj("last", 99, "last"))
EXPIRED = event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with scripted() as script:
        yield script


@pytest.mark.parametrize(
    ("faults", "lists", "versions"),
    [
        pytest.param([stream(bookmark(12))], 1, ["10", "12"], id="ended by the server"),
        pytest.param([stream(bookmark(12), b'{"type": "AD', then="tear")], 1, ["10", "12"], id="torn"),
        pytest.param([stream(bookmark(12), then="hang")], 1, ["10", "12"], id="silent"),
        pytest.param([stream(bookmark(12), EXPIRED)], 2, ["10", "20"], id="ERROR event 410"),
        pytest.param([refusal(410, "Expired")], 2, ["10", "20"], id="410 at once"),
        pytest.param([refusal(429, Retry_After="0"), refusal(503)], 1, ["10", "10", "10"], id="429 and 503"),
        pytest.param([refusal(404)], 2, ["10", "20"], id="404"),
    ],
)
async def test_it_gets_over_it(server: Scripted, faults: list[Answer], lists: int, versions: list[str]) -> None:
    arrived = asyncio.Event()

    def changed(_: str | None, new: str | None) -> None:
        if new == "last":
            arrived.set()

    server.on("LIST", answer(listing(10, obj("x", 5, "one"))), answer(listing(20, obj("x", 5, "one"))))
    server.on("WATCH", *faults, stream(LAST, then="hang"))
    async with Client(ClusterConfig(server.url)) as client:
        text: Any = lambda one: one["text"]  # noqa: E731
        quick = Backoff(random=lambda: 0.0)
        informer: Informer[str] = Informer(
            client, SECRET, project=text, changed=changed, backoff=quick, silence_seconds=0.3
        )
        task = informer.start()
        async with asyncio.timeout(10):
            await arrived.wait()
        task.cancel()
        await asyncio.wait([task])
    assert sorted(informer.items()) == ["last", "one"]
    assert server.verbs().count("LIST") == lists
    assert [seen.query["resourceVersion"] for seen in server.seen if seen.verb == "WATCH"] == versions
