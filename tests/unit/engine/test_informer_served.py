"""Kinds that the cluster does not serve, or not yet, or no longer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.clock import settle
from tests.unit.engine.api import listing, obj
from tests.unit.engine.informing import NOT_SERVED, Stage, staged


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as one:
        yield one


async def test_a_kind_that_appears_later(stage: Stage) -> None:
    stage.api.answers(NOT_SERVED, NOT_SERVED)
    informer = await stage.start(optional=True)
    assert informer.synced.is_set()
    assert informer.missing
    assert not informer.ready("a")
    assert informer.trouble is None
    await stage.clock.advance(10)
    assert stage.asked() == ["list", "list"]
    stage.api.answers(listing(70, obj("x", 5, "one")))
    await stage.clock.advance(10)
    assert not informer.missing
    assert informer.ready("a")
    assert stage.news() == [(None, "one")]


async def test_a_kind_is_not_asked_for_while_discovery_lacks_it(stage: Stage) -> None:
    stage.api.answers(NOT_SERVED, listing(70, obj("x", 5, "one")))
    stage.api.served = False
    informer = await stage.start(optional=True)
    await stage.clock.advance(60)
    assert stage.asked() == ["list"]
    assert stage.api.looks == 6
    assert informer.last_activity == stage.clock.now(), "an API server that answers is no silent one"
    stage.api.served = True
    await stage.clock.advance(10)
    assert stage.asked() == ["list", "watch 70"]
    assert not informer.missing


async def test_a_kind_that_must_be_there_is_waited_for(stage: Stage) -> None:
    stage.api.answers(NOT_SERVED)
    informer = await stage.start()
    assert not informer.synced.is_set()
    assert informer.missing
    assert informer.trouble == "secrets: not served by this cluster (is its CRD installed?)"
    stage.api.answers(listing(70))
    await stage.clock.advance(10)
    assert informer.synced.is_set()


async def test_a_crd_that_is_deleted_and_made_again(stage: Stage) -> None:
    stage.api.answers(listing(10, obj("x", 5, "one")), NOT_SERVED)
    informer = await stage.start(optional=True)
    stage.news()
    stage.api.sends(NOT_SERVED)
    await settle()
    assert informer.missing
    assert stage.news() == [("one", None)]
    stage.api.answers(listing(90, obj("x", 85, "two")))
    await stage.clock.advance(10)
    assert stage.news() == [(None, "two")]
    assert stage.asked() == ["list", "watch 10", "list", "list", "watch 90"]


async def test_one_404_of_a_watch_is_not_believed(stage: Stage) -> None:
    """An API server that is just starting may say 404 for a kind that it does not know yet."""
    stage.api.answers(listing(10, obj("x", 5, "one")), listing(20, obj("x", 5, "one")))
    informer = await stage.start()
    stage.news()
    stage.api.sends(NOT_SERVED)
    await settle()
    assert stage.news() == []
    assert not informer.missing
