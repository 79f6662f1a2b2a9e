"""Informers through everything that can happen to a list and a watch."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from registry_operator.kube.errors import ApiError, Gone, ServerError, Silent, TooManyRequests, Unreachable
from registry_operator.kube.kinds import CLUSTER_ISSUER
from tests.unit.clock import settle
from tests.unit.engine.api import End, bookmark, event, listing, obj
from tests.unit.engine.informing import FORBIDDEN, GONE, Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as one:
        yield one


async def test_a_list_and_then_a_watch_from_its_version(stage: Stage) -> None:
    informer = await stage.start()
    assert not informer.synced.is_set()
    assert informer.trouble == "secrets: not listed yet"
    stage.api.answers(listing(10, obj("x", 5, "one"), obj("y", 9, "two", namespace="b")))
    await settle()
    assert informer.synced.is_set()
    assert informer.trouble is None
    assert stage.news() == [(None, "one"), (None, "two")]
    assert (informer.get("a", "x"), informer.get("b", "y"), informer.get("a", "y")) == ("one", "two", None)
    assert (list(informer.items()), list(informer.items("b")), list(informer.items("c"))) == (
        ["one", "two"],
        ["two"],
        [],
    )
    assert stage.asked() == ["list", "watch 10"]
    assert stage.api.arguments["label_selector"] == "ours=yes"
    assert stage.api.arguments["metadata_only"] is True


async def test_events(stage: Stage) -> None:
    stage.api.answers(listing(10))
    informer = await stage.start()
    stage.api.sends(
        event("ADDED", obj("x", 11, "one")),
        event("MODIFIED", obj("x", 12, "two")),
        event("DELETED", obj("x", 13, "two")),
        event("DELETED", obj("never-seen", 14)),
    )
    await settle()
    assert stage.news() == [(None, "one"), ("one", "two"), ("two", None)]
    assert list(informer.items()) == []


async def test_the_index_follows(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 1, "b1"), obj("y", 2, "b2"), obj("z", 3, "")))
    informer = await stage.start()
    assert informer.by_index("b") == ["b1", "b2"]
    stage.api.sends(event("MODIFIED", obj("x", 11, "c1")), event("DELETED", obj("y", 12, "b2")))
    await settle()
    assert (informer.by_index("b"), informer.by_index("c"), informer.by_index("never")) == ([], ["c1"], [])


async def test_an_ended_watch_goes_on_from_the_last_event_or_bookmark(stage: Stage) -> None:
    stage.api.answers(listing(10))
    await stage.start()
    stage.api.sends(event("ADDED", obj("x", 15, "one")), End())
    await settle()
    stage.api.sends(bookmark(40), End())
    await settle()
    assert stage.asked() == ["list", "watch 10", "watch 15", "watch 40"]


async def test_a_watch_that_ends_at_once_is_not_hammered(stage: Stage) -> None:
    stage.api.answers(listing(10))
    await stage.start()
    stage.api.sends(End(), End())
    await settle()
    assert stage.asked() == ["list", "watch 10"]
    await stage.clock.advance(1)
    await stage.clock.advance(1)
    assert stage.asked() == ["watch 10"]
    await stage.clock.advance(1)
    assert stage.asked() == ["watch 10"]


@pytest.mark.parametrize("error", [GONE, Gone(410, "Gone", "the watch cache is too old")])
async def test_after_a_410_a_new_list_shows_what_vanished(stage: Stage, error: Gone) -> None:
    stage.api.answers(listing(10, obj("gone", 1, "g"), obj("changed", 2, "c1"), obj("same", 3, "s")))
    informer = await stage.start()
    stage.news()
    stage.api.answers(listing(50, obj("changed", 40, "c2"), obj("same", 3, "s"), obj("new", 41, "n")))
    stage.api.sends(error)
    await settle()
    assert stage.asked() == ["list", "watch 10", "list", "watch 50"]  # at once: no wait for the first 410
    assert stage.news() == [("c1", "c2"), (None, "n"), ("g", None)]
    assert informer.get("a", "gone") is None


async def test_a_410_for_every_list_is_not_hammered(stage: Stage) -> None:
    await stage.start()
    stage.api.answers(GONE, GONE, GONE)
    await settle()
    assert stage.asked() == ["list", "list"]
    await stage.clock.advance(1.9)
    assert stage.asked() == []
    await stage.clock.advance(0.1)
    assert stage.asked() == ["list"]


async def test_a_broken_watch_goes_on_where_it_was(stage: Stage) -> None:
    """However long it lasts: a list of everything by everyone is not what a server needs that comes back."""
    stage.api.answers(listing(10))
    informer = await stage.start()
    stage.api.sends(*[Unreachable("torn")] * 4, TooManyRequests(429, "TooManyRequests", "busy"), bookmark(12), End())
    for wait in (1, 2, 4, 8):
        await settle()
        assert "torn" in str(informer.trouble)
        await stage.clock.advance(wait)
    await stage.clock.advance(8)
    assert stage.asked() == ["list", *["watch 10"] * 6, "watch 12"]
    assert informer.trouble is None


@pytest.mark.parametrize(
    "error", [Silent("nothing came"), ServerError(504, "Timeout", "Too large resource version: 10, current: 5")]
)
async def test_a_version_that_gets_no_answer_twice_is_given_up(stage: Stage, error: ApiError) -> None:
    """It may lie in the future of an etcd that was restored from a backup."""
    stage.api.answers(listing(10), listing(60))
    await stage.start()
    stage.api.sends(error, error)
    await stage.clock.advance(1)
    assert stage.asked() == ["list", "watch 10", "watch 10"]
    await stage.clock.advance(2)
    assert stage.asked() == ["list", "watch 60"]


async def test_an_event_in_between_starts_the_count_anew(stage: Stage) -> None:
    stage.api.answers(listing(10))
    await stage.start()
    for version in range(11, 16):
        stage.api.sends(bookmark(version), Unreachable("torn"))
        await settle()
        await stage.clock.advance(1)
    assert stage.asked() == ["list", *(f"watch {version}" for version in range(10, 16))]


async def test_the_servers_retry_after_is_kept(stage: Stage) -> None:
    stage.api.answers(TooManyRequests(429, "TooManyRequests", "busy", None, 20), listing(10))
    await stage.start()
    await stage.clock.advance(20.9)
    assert stage.asked() == ["list"]
    await stage.clock.advance(0.1)
    assert stage.asked() == ["list", "watch 10"]


async def test_what_is_held_stays_while_the_server_is_away(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")), *[ServerError(503, "", "starting")] * 9)
    informer = await stage.start()
    stage.news()
    stage.api.sends(*[Unreachable("away")] * 9, *[ServerError(503, "", "starting")] * 2)
    await stage.clock.advance(120)
    assert informer.get("a", "x") == "one"
    assert stage.news() == []
    assert informer.ready("a")


async def test_a_namespace_that_refuses_does_not_hold_up_the_others(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")), scope="a")
    stage.api.answers(*[FORBIDDEN] * 30, scope="b")
    informer = await stage.start(["a", "b"])
    assert informer.synced.is_set()
    assert informer.ready("a")
    assert not informer.ready("b")
    assert not informer.ready("elsewhere")
    assert "secrets in namespace b" in str(informer.trouble)
    await stage.clock.advance(30)
    said = [record.message for record in caplog.records if "namespace b" in record.message]
    assert len(said) == 1
    assert 'User "x" cannot list resource "secrets"' in said[0]
    assert "take the namespace out of REGISTRY_OPERATOR_NAMESPACES" in said[0]


async def test_a_namespace_that_allows_it_later(stage: Stage) -> None:
    stage.api.answers(FORBIDDEN, listing(10, obj("x", 5, "one")), scope="a")
    informer = await stage.start(["a"])
    assert not informer.synced.is_set()  # refused everywhere: it knows nothing
    await stage.clock.advance(1)
    assert informer.synced.is_set()
    assert informer.trouble is None


async def test_a_kind_that_may_not_be_read_in_namespaced_mode(stage: Stage) -> None:
    stage.api.answers(FORBIDDEN)
    informer = await stage.start(["a"], kind=CLUSTER_ISSUER, optional=True)
    assert stage.api.asked == [("list", None, "")]
    assert informer.synced.is_set()
    assert informer.missing
    assert informer.trouble is None


async def test_a_revoked_permission_forgets_nothing(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")))
    informer = await stage.start()
    stage.news()
    stage.api.sends(*[FORBIDDEN] * 9)
    await stage.clock.advance(30)
    assert stage.news() == []
    assert informer.get("a", "x") == "one"
    assert "may not" not in str(informer.trouble)
    assert "secrets is forbidden" in str(informer.trouble)


async def test_a_list_that_is_older_than_what_was_seen_is_asked_again(stage: Stage) -> None:
    """One of several API servers lags behind: going back would undo deletions and changes."""
    stage.api.answers(listing(10, obj("x", 5, "old")))
    informer = await stage.start()
    stage.api.sends(event("MODIFIED", obj("x", 30, "new")), GONE)
    stage.api.answers(listing(20, obj("x", 5, "old")), listing(40, obj("x", 30, "new")))
    await settle()
    assert informer.get("a", "x") == "new"
    await stage.clock.advance(2)
    assert stage.asked()[-1] == "watch 40"
    assert stage.news() == [(None, "old"), ("old", "new")]


async def test_a_list_that_stays_older_is_believed(stage: Stage) -> None:
    """An etcd that was restored from a backup: its versions start again from there."""
    stage.api.answers(listing(100, obj("x", 90, "later"), obj("y", 95, "y")))
    informer = await stage.start()
    stage.news()
    stage.api.sends(GONE)
    stage.api.answers(*[listing(50, obj("x", 40, "restored"))] * 4)
    await stage.clock.advance(30)
    assert stage.news() == [("later", "restored"), ("y", None)]
    stage.api.sends(event("MODIFIED", obj("x", 51, "on")))
    await settle()
    assert informer.get("a", "x") == "on"
