"""Watches: events of any size in any pieces, and every way a stream may end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry_operator.kube import errors, stream
from registry_operator.kube.auth import ClusterConfig
from registry_operator.kube.client import Client
from registry_operator.kube.kinds import SECRET
from tests.unit.kube.scripted import Scripted, refusal, scripted
from tests.unit.kube.scripted import stream as sent

ADDED: dict[str, Any] = {"type": "ADDED", "object": {"metadata": {"name": "a"}}}
BOOKMARK: dict[str, Any] = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}
EXPIRED = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}


class Pieces:
    """A body that arrives in these pieces: the part of aiohttp's StreamReader that is used."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    async def iter_any(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with scripted() as script:
        yield script


async def watched(server: Scripted, silence: float = 5) -> AsyncIterator[dict[str, Any]]:
    async with Client(ClusterConfig(server.url)) as client:
        async for event in client.watch(SECRET, "a", resource_version="5", silence_seconds=silence):
            yield event


async def collected(events: AsyncIterator[dict[str, Any]]) -> tuple[list[dict[str, Any]], errors.ApiError | None]:
    """What came before the error, and the error."""
    got: list[dict[str, Any]] = []
    try:
        async for event in events:
            got.append(event)  # noqa: PERF401 (what came before the error is wanted)
    except errors.ApiError as error:
        return got, error
    return got, None


async def test_events_and_bookmarks_until_the_server_ends_it(server: Scripted) -> None:
    server.on("WATCH", sent(ADDED, BOOKMARK))
    assert [event async for event in watched(server)] == [ADDED, BOOKMARK]
    seen = server.seen[0]
    assert seen.path == "/api/v1/namespaces/a/secrets"
    assert seen.query["resourceVersion"] == "5"
    assert seen.query["allowWatchBookmarks"] == "true"
    assert int(seen.query["timeoutSeconds"]) > 0


async def test_an_event_of_three_megabytes(server: Scripted) -> None:
    """aiohttp's readline refuses lines beyond its buffer."""
    big = {"type": "MODIFIED", "object": {"data": "x" * 3_000_000}}
    server.on("WATCH", sent(ADDED, big, BOOKMARK))
    assert [event async for event in watched(server)] == [ADDED, big, BOOKMARK]


async def test_an_event_in_any_two_pieces() -> None:
    body = json.dumps(ADDED).encode() + b"\n\n" + json.dumps(BOOKMARK).encode() + b"\n"
    for cut in range(len(body) + 1):
        pieces: Any = Pieces(body[:cut], body[cut:])
        assert [event async for event in stream.events(pieces)] == [ADDED, BOOKMARK], cut


async def test_an_event_byte_by_byte() -> None:
    pieces: Any = Pieces(*(bytes([byte]) for byte in json.dumps(ADDED).encode() + b"\n"))
    assert [event async for event in stream.events(pieces)] == [ADDED]


async def test_an_endless_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_MAX_EVENT", 10)
    pieces: Any = Pieces(b"12345", b"67890", b"1")
    with pytest.raises(errors.Unreachable, match="longer than 10"):
        _ = [line async for line in stream.lines(pieces)]


async def test_an_error_event_is_raised_as_what_it_says(server: Scripted) -> None:
    server.on("WATCH", sent(ADDED, EXPIRED))
    got, error = await collected(watched(server))
    assert got == [ADDED]
    assert isinstance(error, errors.Gone)
    assert error.message == "too old"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (refusal(410, "Expired"), errors.Gone, "410"),
        (refusal(429, Retry_After="3"), errors.TooManyRequests, "429"),
        (sent(b'{"type": "ADD'), errors.Unreachable, "torn"),
        (sent(b'{"type": "ADD', then="tear"), errors.Unreachable, "does not answer"),
        (sent(b"<html>\n"), errors.Unreachable, "no JSON"),
        (sent(b'{"object": {}}\n'), errors.Unreachable, "no event"),
        (sent(b"[1]\n"), errors.Unreachable, "no event"),
    ],
)
async def test_other_ends(server: Scripted, answer: Any, kind: type[errors.ApiError], text: str) -> None:
    server.on("WATCH", answer)
    with pytest.raises(kind, match=text):
        _ = [event async for event in watched(server)]


async def test_silence_is_an_error(server: Scripted) -> None:
    """The connection is open, nothing comes, not even a bookmark."""
    server.on("WATCH", sent(ADDED, then="hang"))
    got, error = await collected(watched(server, silence=0.1))
    assert got == [ADDED]
    assert isinstance(error, errors.Silent)
