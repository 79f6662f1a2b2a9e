"""Informers and our own writes, several namespaces, and what nobody foresaw."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry_operator.engine.informer import Informer
from registry_operator.kube.kinds import SECRET
from tests.unit.clock import settle
from tests.unit.engine.api import bookmark, event, listing, obj
from tests.unit.engine.informing import GONE, Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as one:
        yield one


async def test_our_own_write_is_seen_at_once_and_its_event_is_no_news(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")))
    informer = await stage.start()
    stage.news()
    informer.observe_write(obj("x", 20, "written"))
    informer.observe_write(obj("y", 21, "made"))
    assert (informer.get("a", "x"), informer.get("a", "y")) == ("written", "made")
    assert informer.by_index("w") == ["written"]
    stage.api.sends(event("MODIFIED", obj("x", 20, "written")), event("ADDED", obj("y", 21, "made")))
    await settle()
    assert stage.news() == []


async def test_a_change_of_another_just_before_our_write_is_still_told(stage: Stage) -> None:
    """Our write leapt over version 19, which nobody has looked at yet."""
    stage.api.answers(listing(10, obj("x", 5, "one")))
    informer = await stage.start()
    stage.news()
    informer.observe_write(obj("x", 20, "written"))
    stage.api.sends(event("MODIFIED", obj("x", 19, "theirs")), event("MODIFIED", obj("x", 20, "written")))
    await settle()
    assert stage.news() == [(None, "written")], "as one that nobody knew"
    assert informer.get("a", "x") == "written"


async def test_the_event_of_our_write_is_no_news_before_its_answer_either(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")))
    informer = await stage.start()
    stage.news()
    with informer.writing("a", "x") as answered:
        stage.api.sends(event("MODIFIED", obj("x", 20, "written")))
        await settle()
        answered(obj("x", 20, "written"))
    assert stage.news() == []
    assert informer.get("a", "x") == "written"


@pytest.mark.parametrize("theirs", [19, 21])
async def test_what_others_write_while_our_write_is_on_its_way_is_told(stage: Stage, theirs: int) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")))
    informer = await stage.start()
    stage.news()
    with informer.writing("a", "x") as answered:
        for version in sorted((theirs, 20)):
            stage.api.sends(event("MODIFIED", obj("x", version, str(version))))
            await settle()
        answered(obj("x", 20, "20"))
    assert len(stage.news()) == 2


async def test_what_is_heard_during_a_write_without_an_answer_is_told(stage: Stage) -> None:
    """The answer was lost, or the server refused: whose event it was is not known."""
    stage.api.answers(listing(10, obj("x", 5, "one")))
    informer = await stage.start()
    stage.news()
    with informer.writing("a", "x"):
        stage.api.sends(event("MODIFIED", obj("x", 20, "written")))
        await settle()
    assert stage.news() == [("one", "written")]


async def test_a_late_answer_does_not_bring_back_what_was_deleted(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")))
    informer = await stage.start()
    stage.api.sends(event("MODIFIED", obj("x", 20, "written")), event("DELETED", obj("x", 21, "written")))
    await settle()
    informer.observe_write(obj("x", 20, "written"))
    assert informer.get("a", "x") is None


async def test_an_older_answer_does_not_go_back(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 9, "one")))
    informer = await stage.start()
    informer.observe_write(obj("x", 8, "older"))
    assert informer.get("a", "x") == "one"


async def test_the_deletion_of_a_predecessor_leaves_what_we_just_made(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")))
    informer = await stage.start()
    informer.observe_write(obj("x", 22, "new", uid="another"))
    stage.api.sends(event("DELETED", obj("x", 21, "one")), event("ADDED", obj("x", 22, "new", uid="another")))
    await settle()
    assert informer.get("a", "x") == "new"


async def test_a_write_during_a_list_survives_that_list(stage: Stage) -> None:
    """The list is a snapshot from before the write; what it lacks or has older is not gone."""
    stage.api.answers(listing(10, obj("x", 5, "one")))
    informer = await stage.start()
    stage.api.sends(GONE)
    await settle()
    informer.observe_write(obj("x", 30, "written"))
    informer.observe_write(obj("y", 31, "made"))
    stage.api.answers(listing(20, obj("x", 5, "one")))
    await settle()
    assert (informer.get("a", "x"), informer.get("a", "y")) == ("written", "made")


async def test_a_write_before_a_list_that_lacks_it_was_deleted(stage: Stage) -> None:
    stage.api.answers(listing(10))
    informer = await stage.start()
    informer.observe_write(obj("y", 31, "made"))
    stage.api.answers(listing(40))
    stage.api.sends(GONE)
    await settle()
    assert informer.get("a", "y") is None
    assert stage.news() == [("made", None)]


async def test_a_write_elsewhere_is_not_held(stage: Stage) -> None:
    stage.api.answers(listing(10), scope="a")
    informer = await stage.start(["a"])
    informer.observe_write(obj("x", 20, "written", namespace="b"))
    assert list(informer.items()) == []


async def test_namespaces_have_versions_and_lists_of_their_own(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")), scope="a")
    stage.api.answers(listing(20, obj("y", 6, "two", namespace="b")), scope="b")
    informer = await stage.start(["a", "b", "a"])
    stage.api.answers(listing(30), scope="a")
    stage.api.sends(GONE, scope="a")
    await settle()
    assert list(informer.items()) == ["two"]
    assert stage.api.asked.count(("watch", "b", "20")) == 1


async def test_an_object_nobody_foresaw_blinds_for_nothing_else(stage: Stage) -> None:
    odd = obj("odd", 6)
    del odd["text"]
    stage.api.answers(listing(10, odd, obj("x", 5, "one")))
    informer = await stage.start()
    stage.api.sends(event("MODIFIED", {**odd, "metadata": {**odd["metadata"], "resourceVersion": "11"}}))
    stage.api.sends(event("ADDED", obj("y", 12, "two")))
    await settle()
    assert list(informer.items()) == ["one", "two"]


@pytest.mark.parametrize("bad", [{"type": "ADDED", "object": {}}, event("ADDED", obj("x", 0) | {"metadata": None})])
async def test_a_malformed_event_leads_to_a_new_list(stage: Stage, bad: dict[str, Any]) -> None:
    stage.api.answers(listing(10), listing(20))
    await stage.start()
    stage.api.sends(bad)
    await stage.clock.advance(1)
    assert stage.asked() == ["list", "watch 10", "list", "watch 20"]


async def test_a_callback_that_fails_does_not_end_the_watch(stage: Stage) -> None:
    client: Any = stage.api

    def fail(old: str | None, new: str | None) -> None:
        raise RuntimeError("a bug")

    informer: Informer[str] = Informer(client, SECRET, project=lambda one: str(one["text"]), changed=fail)
    stage.tasks.append(informer.start())
    stage.api.answers(listing(10, obj("x", 5, "one")))
    stage.api.sends(event("ADDED", obj("y", 12, "two")))
    await settle()
    assert list(informer.items()) == ["one", "two"]


async def test_last_activity_is_that_of_the_quietest_watch(stage: Stage) -> None:
    stage.api.answers(listing(10), scope="a")
    stage.api.answers(listing(10), scope="b")
    informer = await stage.start(["a", "b"])
    start = stage.clock.now()
    await stage.clock.advance(50)
    stage.api.sends(bookmark(11), scope="a")
    await settle()
    assert informer.last_activity == start
    stage.api.sends(bookmark(11), scope="b")
    await settle()
    assert informer.last_activity == start + 50
