"""The endpoints that kubelet and Prometheus ask."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from registry_operator.engine.backoff import Backoff
from registry_operator.engine.informer import Informer
from registry_operator.engine.queue import KeyedQueue
from registry_operator.kube.errors import NotFound, Unreachable
from registry_operator.kube.kinds import SECRET
from registry_operator.observe import checks
from registry_operator.observe.health import Check, HealthServer
from tests.unit.clock import FakeClock
from tests.unit.engine.api import Api, bookmark, listing


def server(
    live: Mapping[str, Check] | None = None, ready: Mapping[str, Check] | None = None, **ports: int | None
) -> HealthServer:
    chosen: dict[str, Any] = {"health_port": 0, "metrics_port": 0, **ports}
    return HealthServer(live=live or {}, ready=ready or {}, metrics=lambda: b"up 1\n", host="127.0.0.1", **chosen)


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def test_health_and_readiness_are_judged_apart_and_say_why() -> None:
    reasons: dict[str, str | None] = {"queue": None, "lease": "held by another"}
    live: dict[str, Check] = {"loop": lambda: None}
    ready: dict[str, Check] = {"queue": lambda: reasons["queue"], "lease": lambda: reasons["lease"]}
    async with server(live, ready) as one:
        assert await get(one.ports["health"], "/healthz") == (200, "[+]loop ok\nok\n")
        assert await get(one.ports["health"], "/readyz") == (
            503,
            "[+]queue ok\n[-]lease: held by another\nfailed\n",
        )
        reasons["lease"] = None
        assert await get(one.ports["health"], "/readyz") == (200, "[+]queue ok\n[+]lease ok\nok\n")


async def test_a_check_that_breaks_is_not_passed() -> None:
    def broken() -> str | None:
        raise RuntimeError("secret detail")

    async with server({"broken": broken}) as one:
        assert await get(one.ports["health"], "/healthz") == (
            503,
            "[-]broken: the check itself failed: RuntimeError\nfailed\n",
        )


async def test_metrics_have_a_port_of_their_own() -> None:
    async with server() as one:
        assert await get(one.ports["metrics"], "/metrics") == (200, "up 1\n")
        assert (await get(one.ports["health"], "/metrics"))[0] == 404
        assert (await get(one.ports["metrics"], "/healthz"))[0] == 404


async def test_a_port_can_be_switched_off() -> None:
    async with server(metrics_port=None) as one:
        assert list(one.ports) == ["health"]


async def test_a_port_in_use_is_named_with_its_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        one = server(metrics_port=port)
        with pytest.raises(OSError, match=f"port {port} for metrics .*REGISTRY_OPERATOR_METRICS_PORT"):
            await one.__aenter__()
    with pytest.raises(aiohttp.ClientConnectionError):  # what was open already is closed again
        await get(one.ports["health"], "/healthz")


async def test_a_worker_that_never_ends() -> None:
    clock = FakeClock()
    queue: KeyedQueue[str] = KeyedQueue(clock=clock)

    async def work(_: str) -> None:
        await asyncio.Event().wait()

    check = checks.stuck_worker(queue, limit=600)
    task = asyncio.create_task(queue.run(work, 1))
    queue.add("a")
    await clock.advance(600)
    assert check() is None
    await clock.advance(1)
    assert check() == "a worker has been at one key for 601 s"
    task.cancel()
    await asyncio.wait([task])


async def test_work_that_piles_up_counts_on_the_leader_only() -> None:
    clock, leads = FakeClock(), True
    queue: KeyedQueue[str] = KeyedQueue(clock=clock)
    check = checks.pile_up(queue, lambda: leads, limit=300)
    queue.add("a")
    queue.add("b")
    await clock.advance(300)
    assert check() is None
    await clock.advance(1)
    assert check() == "2 keys wait, the oldest for 301 s"
    leads = False
    assert check() is None


async def test_informers_that_know_nothing_or_hear_nothing() -> None:
    clock, api = FakeClock(), Api()
    client: Any = api
    informer: Informer[str] = Informer(
        client,
        SECRET,
        project=str,
        changed=lambda _, __: None,
        clock=clock,
        backoff=Backoff(base=1, cap=30, random=lambda: 1.0),
    )
    check = checks.informers([informer], limit=180)
    task = informer.start()
    await clock.advance(1)
    assert check() == "secrets: not listed yet"
    api.answers(listing(10))
    await clock.advance(180)
    assert check() is None
    await clock.advance(1)
    assert check() == "secrets: silent for 181 s"
    api.sends(bookmark(11))
    await clock.advance(0)
    assert check() is None
    api.sends(*[Unreachable("away")] * 11)  # after 0, 1, 3, 7, 15, 31, 61, 91, 121, 151 and 181 seconds
    await clock.advance(180)
    assert check() is None
    await clock.advance(1)
    assert check() == "secrets: away (no answer, Unreachable)"
    api.sends(bookmark(12))
    await clock.advance(60)
    assert check() is None
    api.answers(NotFound(404, "NotFound", "no such kind"))
    api.sends(NotFound(404, "NotFound", "no such kind"))
    await clock.advance(0)
    assert check() == "secrets: not served by this cluster (is its CRD installed?)"
    task.cancel()
    await asyncio.wait([task])
