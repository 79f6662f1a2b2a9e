"""The floor of one run: the operator's requests for one Registry are recorded, then a plain client sends their like."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from registry_operator.kube.kinds import DEPLOYMENT, NAMESPACE
from tests.bench import workloads
from tests.bench.arena import ACCOUNT, HOME, Arena
from tests.bench.meter import Stopwatch
from tests.bench.numbers import spread
from tests.bench.plain import IN_FLIGHT, PlainClient
from tests.bench.recording import Recording, about
from tests.bench.watcher import GaveUp
from tests.bench.workloads import is_ready
from tests.stage.process import plain_kubeconfig
from tests.stage.proxy import Proxy
from tests.stage.waiting import steady

Object = dict[str, Any]
QUIET = 5.0  # seconds without a further request: the operator has said all


def record(arena: Arena, limit: float = 120) -> Recording:
    """What the operator asks for one Registry, from its creation until nothing more is asked."""
    index = workloads.RECORDED
    key = (workloads.namespace(index), workloads.name(index))
    arena.kube.create(NAMESPACE, {"metadata": {"name": key[0]}})
    proxy = arena.watcher.do(_proxy(arena), 10)
    operator = arena.operator(kubeconfig=plain_kubeconfig(arena.folder / "recorded.kubeconfig", proxy.url))
    try:
        operator.start()
        ready = arena.watcher.sight(arena.workload.kind, key, is_ready)
        made = arena.kube.create(arena.workload.kind, arena.workload.body(index))
        ready.wait(limit, "the recorded Registry: Ready")
        steady(lambda: len(about(proxy.requests)), quiet=QUIET, within=limit)
        return Recording.of(proxy.requests, made["metadata"]["uid"])
    finally:
        operator.end()
        arena.watcher.do(proxy.__aexit__(), 10)
        arena.kube.delete(NAMESPACE, None, key[0], missing=True)


async def _proxy(arena: Arena) -> Proxy:
    return await Proxy(arena.cluster.kubeconfig, service_account=f"{HOME}:{ACCOUNT}").__aenter__()


def measure(arena: Arena, recording: Recording, size: int, limit: float) -> Object:
    """Seconds until all requests are answered, and until every Deployment is available (which takes no client)."""
    arena.furnish(size)
    processes = arena.processes
    keys = arena.keys(size)
    available = arena.watcher.all_of(DEPLOYMENT, keys, _available)
    watch = Stopwatch(processes)
    end = time.monotonic() + limit
    result: Object = {"requests_each": recording.counts()}
    created = arena.watcher.do(create_all(arena, size), limit)
    result["created_seconds"] = watch.seconds

    async def replay() -> PlainClient:
        async with PlainClient(arena.token_kubeconfig()) as client:
            async with asyncio.timeout(end - time.monotonic()):
                await client.replay(recording, arena.workload.kind, created)
            return client

    try:
        client = asyncio.run(replay())
    except TimeoutError:
        raise GaveUp(f"the plain client was not done within {limit:.0f} s") from None
    result["seconds"] = watch.seconds
    result["request_latency"] = spread(client.latencies)
    result["codes"] = {str(code): number for code, number in sorted(client.codes.items())}
    result["refused"] = dict(client.refused)
    available.wait(max(0.0, end - time.monotonic()), "Deployments available")
    return result | {"available_seconds": watch.seconds, "cpu_seconds": watch.cpu()}


async def create_all(arena: Arena, size: int) -> dict[int, Object]:
    """POST all of the workload as fast as the server takes it; index → object."""
    made: dict[int, Object] = {}
    waiting = iter(range(size))

    async def work() -> None:
        for index in waiting:
            made[index] = await arena.watcher.client.create(arena.workload.kind, arena.workload.body(index))

    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work())
    return made


def _available(deployment: Object | None) -> bool:
    return bool((deployment or {}).get("status", {}).get("availableReplicas"))
