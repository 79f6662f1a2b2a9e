"""Events: sent once, never waited for, never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry_operator.kube.errors import Forbidden
from registry_operator.kube.kinds import EVENT, Kind
from registry_operator.observe.events import Recorder
from tests.unit.clock import FakeClock, settle

IMAGES = {
    "apiVersion": "teamregistry.io/v1alpha1",
    "kind": "Registry",
    "namespace": "team-a",
    "name": "images",
    "uid": "1",
}


class Stage:
    """A recorder, its clock, and what arrived at the API server."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sent: list[dict[str, Any]] = []
        self.fault: Exception | None = None
        self.hangs = False
        client: Any = self
        self.recorder = Recorder(client, "teamregistry.io/registry-operator", "operator-1", clock=self.clock)

    async def create(self, kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
        assert kind is EVENT
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault:
            raise self.fault
        self.sent.append(obj)
        return obj

    def tell(self, note: str = "it is ready", **changed: str) -> None:
        self.recorder.event({**IMAGES, **changed}, "Normal", "Ready", "Reconcile", note)

    async def notes(self) -> list[str]:
        await settle()
        return [obj["note"] for obj in self.sent]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    one = Stage()
    task = asyncio.create_task(one.recorder.run())
    yield one
    task.cancel()
    await asyncio.wait([task])


async def test_an_event_as_the_api_wants_it(stage: Stage) -> None:
    stage.tell()
    await settle()
    (obj,) = stage.sent
    assert obj["metadata"]["namespace"] == "team-a"
    assert obj["metadata"]["name"].startswith("images.")
    assert obj["eventTime"].endswith("Z")
    del obj["metadata"], obj["eventTime"]
    assert obj == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "reportingController": "teamregistry.io/registry-operator",
        "reportingInstance": "operator-1",
        "regarding": IMAGES,
        "type": "Normal",
        "reason": "Ready",
        "action": "Reconcile",
        "note": "it is ready",
    }


async def test_what_is_identical_within_ten_minutes_is_sent_once(stage: Stage) -> None:
    stage.tell()
    stage.tell()
    stage.tell(uid="2")
    stage.tell("it is not ready")
    await stage.clock.advance(599)
    stage.tell()
    assert len(await stage.notes()) == 3
    await stage.clock.advance(1)
    stage.tell()
    assert len(await stage.notes()) == 4


async def test_an_object_in_a_loop_is_cut_off_and_comes_back(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        for number in range(100):
            stage.tell(f"try {number}")
    assert len(await stage.notes()) == 25
    assert "too many events, this one is not sent: Ready: try 25" in caplog.text
    stage.tell("from another", uid="2")
    await stage.clock.advance(60)
    stage.tell("a minute later")
    stage.tell("at once after that")
    assert (await stage.notes())[25:] == ["from another", "a minute later"]


async def test_a_refused_event_is_dropped_with_a_line(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.fault = Forbidden(403, "Forbidden", "namespace is terminating")
    with caplog.at_level("INFO"):
        stage.tell("first")
        await settle()
    assert "the event Ready about images is dropped: namespace is terminating" in caplog.text
    stage.fault = None
    stage.tell("second")
    assert await stage.notes() == ["second"]


async def test_nobody_waits_while_the_server_hangs(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.hangs = True
    for number in range(1100):
        stage.tell(uid=str(number))
        if number == 0:
            await settle()
    assert caplog.text.count("events pile up, this one is not sent") == 99
    await stage.recorder.drain(seconds=0.01)
    assert not stage.sent


async def test_the_end_waits_for_what_is_told(stage: Stage) -> None:
    stage.tell()
    await stage.recorder.drain()
    assert len(stage.sent) == 1


async def test_long_notes_are_cut_by_bytes(stage: Stage) -> None:
    stage.tell("ü" * 1000)
    assert await stage.notes() == ["ü" * 512]


async def test_memory_is_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry_operator.observe.events._REMEMBERED", 10)
    for number in range(50):
        stage.tell(uid=str(number))
    assert len(stage.recorder._sent) == len(stage.recorder._buckets) == 10
    await stage.clock.advance(600)
    stage.tell("after a quiet time")
    assert len(stage.recorder._sent) == 1
