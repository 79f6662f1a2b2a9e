"""The recording proxy: what it says about a request is what "no writes" is proved by."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from tests.stage import spoil
from tests.stage.process import plain_kubeconfig
from tests.stage.proxy import Proxy
from tests.stage.traffic import Request, Rule, to, watching

SECRETS = "/api/v1/namespaces/team/secrets"
STREAM = b'{"type":"ADDED","object":{}}\n'


class Upstream:
    """An API server that answers everything and remembers what came."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str, bytes]] = []
        self.url = ""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.came.append((request.method, request.raw_path, await request.read()))
        if "watch" not in request.query:
            return web.json_response({"kind": "Secret"}, status=201)
        response = web.StreamResponse()
        await response.prepare(request)
        while True:  # a watch without an end
            await response.write(STREAM)
            await asyncio.sleep(0.01)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    server = Upstream()
    runner = web.ServerRunner(web.Server(server.answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def proxy(upstream: Upstream, tmp_path: Path) -> AsyncIterator[Proxy]:
    async with Proxy(plain_kubeconfig(tmp_path / "kubeconfig", upstream.url)) as proxy:
        yield proxy


async def send(proxy: Proxy, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session:
        data = None if body is None else json.dumps(body)
        async with session.request(method, URL(proxy.url + path, encoded=True), data=data) as answer:
            return answer.status, json.loads(await answer.read())


async def test_it_passes_on_and_records(proxy: Proxy, upstream: Upstream) -> None:
    body = {"metadata": {"name": "s"}, "data": {}}
    assert await send(proxy, "POST", f"{SECRETS}?fieldManager=a%2Fb", body) == (201, {"kind": "Secret"})
    assert upstream.came == [("POST", f"{SECRETS}?fieldManager=a%2Fb", json.dumps(body).encode())]
    (request,) = proxy.writes()
    assert (request.resource, request.namespace, request.name, request.status) == ("secrets", "team", "s", 201)
    assert request.body == body
    assert request.query == {"fieldManager": "a/b"}


@pytest.mark.parametrize(
    ("method", "path", "resource", "namespace", "name", "subresource", "write"),
    [
        ("GET", "/api/v1/secrets", "secrets", "", "", "", False),
        ("PATCH", "/api/v1/namespaces/team", "namespaces", "", "team", "", True),
        ("PATCH", f"{SECRETS}/s", "secrets", "team", "s", "", True),
        ("PATCH", "/apis/g/v1/namespaces/team/registries/r/status", "registries", "team", "r", "status", True),
        ("DELETE", "/apis/g/v1/clusterthings/x", "clusterthings", "", "x", "", True),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/n/leases/l", "leases", "n", "l", "", False),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "selfsubjectrulesreviews", "", "", "", False),
    ],
)
def test_it_reads_paths(
    method: str, path: str, resource: str, namespace: str, name: str, subresource: str, write: bool
) -> None:
    request = Request(0, method, path, {}, None)
    assert (request.resource, request.namespace, request.name) == (resource, namespace, name)
    assert (request.subresource, request.write) == (subresource, write)


async def test_a_rule_spoils_as_often_as_it_says(proxy: Proxy, upstream: Upstream) -> None:
    rule = proxy.add(Rule(to("secrets", name="s"), spoil.answer(429, "TooManyRequests", retry_after=1), times=2))
    for expected in (429, 429, 201):
        status, _ = await send(proxy, "PATCH", f"{SECRETS}/s", {})
        assert status == expected
    assert (await send(proxy, "PATCH", f"{SECRETS}/other", {}))[0] == 201
    assert [request.status for request in rule.hits] == [429, 429]
    assert len(upstream.came) == 2


async def test_a_refused_request_never_arrives_and_a_lost_answer_comes_after_the_deed(
    proxy: Proxy, upstream: Upstream
) -> None:
    proxy.add(Rule(to("secrets"), spoil.refuse()))
    with pytest.raises(aiohttp.ClientError):
        await send(proxy, "POST", SECRETS, {})
    assert upstream.came == []
    proxy.add(Rule(to("secrets"), spoil.lose_answer()))
    with pytest.raises(aiohttp.ClientError):
        await send(proxy, "POST", SECRETS, {})
    assert len(upstream.came) == 1


async def test_an_act_comes_before_the_request(proxy: Proxy, upstream: Upstream) -> None:
    seen: list[int] = []
    proxy.add(Rule(to("secrets"), spoil.before(lambda: seen.append(len(upstream.came)))))
    await send(proxy, "POST", SECRETS, {})
    assert seen == [0]
    assert len(upstream.came) == 1


async def test_watches_stream_and_can_be_torn(proxy: Proxy) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{proxy.url}{SECRETS}?watch=1") as stream,
    ):
        assert await stream.content.readline() == STREAM
        assert proxy.tear(watching("pods")) == 0
        assert proxy.tear(watching("secrets")) == 1
        with pytest.raises(aiohttp.ClientPayloadError):
            await stream.read()


async def test_a_server_that_is_down_is_a_bad_gateway(tmp_path: Path) -> None:
    async with Proxy(plain_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1")) as proxy:
        assert (await send(proxy, "GET", SECRETS))[0] == 502
        assert proxy.requests[0].status == 502
