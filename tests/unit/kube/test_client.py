"""Requests as they leave, answers as they come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import web

from registry_operator import __version__
from registry_operator.kube import errors
from registry_operator.kube.auth import ClusterConfig
from registry_operator.kube.client import Client
from registry_operator.kube.kinds import CONFIG_MAP, LEASE, REGISTRY, SECRET, SERVICE
from tests.unit.kube.scripted import Answer, Scripted, answer, hang, page, refusal, scripted

SERVICE_OBJECT = {"metadata": {"namespace": "a", "name": "b"}, "spec": {"type": "ClusterIP"}}


class Rotating:
    """Credentials that get better with each refresh, up to a point."""

    def __init__(self, refreshes: int = 9) -> None:
        self.number = 0
        self.refreshes = refreshes

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.number}"}

    async def refresh(self) -> bool:
        if self.number >= self.refreshes:
            return False
        self.number += 1
        return True


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with scripted() as script:
        yield script


@pytest.fixture
async def client(server: Scripted) -> AsyncIterator[Client]:
    async with Client(ClusterConfig(server.url)) as one:
        yield one


async def test_apply_owns_exactly_what_it_sends(server: Scripted, client: Client) -> None:
    server.on("PATCH", answer({"made": 1}, 201), answer({"made": 2}, 200))
    first = await client.apply(SERVICE, SERVICE_OBJECT)
    second = await client.apply(SERVICE, SERVICE_OBJECT, subresource="status", force=False)
    assert (first.obj, first.created) == ({"made": 1}, True)
    assert (second.obj, second.created) == ({"made": 2}, False)
    sent, status = server.seen
    assert sent.path == "/api/v1/namespaces/a/services/b"
    assert sent.query == {"fieldManager": "registry-operator", "force": "true"}
    assert sent.headers["Content-Type"] == "application/apply-patch+yaml"
    assert sent.headers["User-Agent"] == f"registry-operator/{__version__}"
    assert sent.body == {"apiVersion": "v1", "kind": "Service", **SERVICE_OBJECT}
    assert status.path == "/api/v1/namespaces/a/services/b/status"
    assert status.query["force"] == "false"


async def test_create_merge_and_get(server: Scripted, client: Client) -> None:
    server.on("POST", answer({"n": 1}, 201), refusal(409, "AlreadyExists"))
    server.on("PATCH", answer({"n": 2}))
    server.on("GET", answer({"n": 3}))
    assert await client.create(LEASE, {"metadata": {"namespace": "a", "name": "b"}}) == {"n": 1}
    with pytest.raises(errors.AlreadyExists):
        await client.create(LEASE, {"metadata": {"namespace": "a", "name": "b"}})
    assert await client.merge(LEASE, "a", "b", {"spec": None}) == {"n": 2}
    assert await client.get(SECRET, "a", "b", metadata_only=True) == {"n": 3}
    post, _, merge, get = server.seen
    assert post.path == "/apis/coordination.k8s.io/v1/namespaces/a/leases"
    assert merge.headers["Content-Type"] == "application/merge-patch+json"
    assert merge.body == {"spec": None}
    assert get.headers["Accept"] == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


async def test_delete_names_whom_it_means(server: Scripted, client: Client) -> None:
    server.on("DELETE", answer({}), answer({}), refusal(409, "Conflict"))
    await client.delete(CONFIG_MAP, "a", "b", uid="u", resource_version="5")
    await client.delete(CONFIG_MAP, "a", "b")
    with pytest.raises(errors.Conflict):
        await client.delete(CONFIG_MAP, "a", "b", uid="other")
    assert server.seen[0].body["preconditions"] == {"uid": "u", "resourceVersion": "5"}
    assert "preconditions" not in server.seen[1].body
    assert server.seen[1].body["propagationPolicy"] == "Background"


async def test_a_list_is_read_in_pages_of_one_snapshot(server: Scripted, client: Client) -> None:
    server.on(
        "LIST",
        answer({"metadata": {"resourceVersion": "7", "continue": "more"}, "items": [1, 2]}),
        answer({"metadata": {"resourceVersion": "7"}, "items": [3]}),
    )
    whole = await client.list(REGISTRY, label_selector="a=b", metadata_only=True, resource_version="0")
    assert whole == {"metadata": {"resourceVersion": "7"}, "items": [1, 2, 3]}
    first, second = server.seen
    assert first.query == {"limit": "250", "labelSelector": "a=b", "resourceVersion": "0"}
    assert second.query == {"limit": "250", "labelSelector": "a=b", "continue": "more"}
    assert "PartialObjectMetadataList" in first.headers["Accept"]


async def test_an_empty_list_may_be_null(server: Scripted, client: Client) -> None:
    """Go writes an empty slice as null."""
    server.on("LIST", answer({"metadata": {"resourceVersion": "7"}, "items": None}))
    assert (await client.list(REGISTRY, "a"))["items"] == []
    assert server.seen[0].path.startswith("/apis/teamregistry.io/v1alpha1/namespaces/a/")


async def test_an_expired_page_is_gone(server: Scripted, client: Client) -> None:
    server.on("LIST", answer({"metadata": {"continue": "more"}, "items": []}), refusal(410, "Expired"))
    with pytest.raises(errors.Gone):
        await client.list(REGISTRY)


async def test_a_401_reads_the_credentials_again_once(server: Scripted) -> None:
    server.on("GET", refusal(401), answer({"ok": 1}), refusal(401), refusal(401), answer({"never": 1}))
    async with Client(ClusterConfig(server.url, credentials=Rotating())) as client:
        assert await client.get(SECRET, "a", "b") == {"ok": 1}
        with pytest.raises(errors.Unauthorized):
            await client.get(SECRET, "a", "b")
    assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer 0", "Bearer 1", "Bearer 1", "Bearer 2"]


async def test_a_401_is_final_when_there_are_no_other_credentials(server: Scripted) -> None:
    server.on("GET", refusal(401), answer({"never": 1}))
    async with Client(ClusterConfig(server.url, credentials=Rotating(refreshes=0))) as client:
        with pytest.raises(errors.Unauthorized):
            await client.get(SECRET, "a", "b")
    assert len(server.seen) == 1


async def test_a_write_keeps_its_body_when_it_is_sent_again(server: Scripted) -> None:
    server.on("PATCH", refusal(401), answer({"ok": 1}))
    async with Client(ClusterConfig(server.url, credentials=Rotating())) as client:
        await client.apply(SERVICE, SERVICE_OBJECT)
    assert server.seen[0].body == server.seen[1].body != None  # noqa: E711


@pytest.mark.parametrize(
    ("scripted_answer", "kind", "text"),
    [
        (hang(), errors.Unreachable, "took too long"),
        (page("<html>login</html>"), errors.ServerError, "proxy"),
        (page("[]"), errors.ServerError, "proxy"),
        (page("moved", 302), errors.ApiError, "302"),
        (refusal(429, Retry_After="3"), errors.TooManyRequests, "429"),
    ],
)
async def test_what_is_no_answer_is_an_error(
    server: Scripted, scripted_answer: Answer, kind: type[errors.ApiError], text: str
) -> None:
    server.on("GET", scripted_answer)
    async with Client(ClusterConfig(server.url), timeout=0.2) as client:
        with pytest.raises(kind, match=text):
            await client.get(SECRET, "a", "b")


async def test_a_server_that_is_away_is_unreachable(server: Scripted) -> None:
    async with Client(ClusterConfig("http://127.0.0.1:1")) as client:
        with pytest.raises(errors.Unreachable, match="get secrets: the API server does not answer") as caught:
            await client.get(SECRET, "a", "b")
        with pytest.raises(errors.Unreachable, match="watch secrets"):
            await anext(client.watch(SECRET, resource_version="1"))
    assert caught.value.status == 0


async def test_the_observer_hears_of_every_answer(server: Scripted) -> None:
    heard: list[tuple[str, str, int]] = []
    server.on("GET", answer({}), refusal(404))
    server.on("LIST", answer({"metadata": {}, "items": []}))
    config = ClusterConfig(server.url)
    async with Client(config, observer=lambda verb, what, code, _: heard.append((verb, what, code))) as client:
        await client.get(SECRET, "a", "b")
        with pytest.raises(errors.NotFound):
            await client.get(SECRET, "a", "b")
        await client.list(SERVICE)
        with pytest.raises(errors.ServerError):
            await anext(client.watch(SERVICE, resource_version="1"))
    assert heard == [
        ("GET", "secrets", 200),
        ("GET", "secrets", 404),
        ("LIST", "services", 200),
        ("WATCH", "services", 500),
    ]


async def test_no_more_requests_at_once_than_the_limit(server: Scripted) -> None:
    waiting: list[asyncio.Event] = []
    at_once = 0

    async def held(request: web.Request) -> web.StreamResponse:
        nonlocal at_once
        event = asyncio.Event()
        waiting.append(event)
        at_once = max(at_once, len(waiting))
        asyncio.get_running_loop().call_later(0.01, event.set)
        await event.wait()
        waiting.remove(event)
        return await answer({})(request)

    server.on("GET", *[held] * 6)
    async with Client(ClusterConfig(server.url), limit=2) as client:
        await asyncio.gather(*(client.get(SECRET, "a", "b") for _ in range(6)))
    assert at_once == 2


async def test_it_is_used_inside_its_context_only(server: Scripted) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Client(ClusterConfig(server.url)).get(SECRET, "a", "b")


async def test_who_does_not_lead_writes_nothing_but_leases(server: Scripted) -> None:
    """A process that was paused while another one took over goes on in the middle of its work."""
    server.on("GET", answer({"a": 1}))
    server.on("PATCH", answer({"a": 1}))
    async with Client(ClusterConfig(server.url), may_write=lambda: False) as client:
        for write in (
            client.create(SECRET, SERVICE_OBJECT),
            client.apply(SERVICE, SERVICE_OBJECT),
            client.merge(SECRET, "a", "b", {}),
            client.delete(SECRET, "a", "b"),
        ):
            with pytest.raises(errors.NotLeading):
                await write
        assert server.seen == []
        await client.get(SERVICE, "a", "b")
        await client.merge(LEASE, "a", "b", {})
    assert len(server.seen) == 2


async def test_an_error_says_which_request_it_was(server: Scripted, client: Client) -> None:
    server.on("PATCH", refusal(500))
    with pytest.raises(errors.ServerError) as caught:
        await client.apply(SERVICE, SERVICE_OBJECT)
    assert caught.value.step == "PATCH /api/v1/namespaces/a/services/b"
