"""What kopf is told: to watch one kind, and to write nothing."""

from __future__ import annotations

import itertools
from typing import Any

import aiohttp
import kopf

from registry_operator import handlers


def session() -> aiohttp.ClientSession:
    raise AssertionError("not asked for")


def test_kopf_stores_and_posts_nothing() -> None:
    found = handlers.settings()
    assert found.peering.standalone
    assert found.scanning.disabled
    assert not found.posting.enabled
    storage = found.persistence.diffbase_storage
    body, patch = kopf.Body({"metadata": {"name": "x"}, "spec": {"a": 1}}), kopf.Patch()
    assert storage.build(body=body) == {}
    assert storage.fetch(body=body) is None
    storage.store(body=body, patch=patch, essence=kopf.BodyEssence({}))
    assert not patch


def test_kopf_never_gives_up_on_the_api_server() -> None:
    pauses = list(itertools.islice(handlers.Forever(), 200))
    assert max(pauses) <= 37.5
    assert min(pauses[20:]) >= 22.5
    assert next(iter(handlers.Forever())) < 1, "each outage begins with short pauses again"


def test_only_events_are_handled() -> None:
    """Any other handler makes kopf write annotations or finalizers on users' objects."""
    made: Any = handlers.registry(lambda body: None, lambda body: None, "http://x", session)
    assert len(made._watching.get_all_handlers()) == 1
    for others in (made._changing, made._spawning, made._indexing, made._webhooks):
        assert not others.get_all_handlers()


async def test_events_carry_bodies_to_where_they_belong() -> None:
    seen: list[Any] = []
    gone: list[Any] = []
    made: Any = handlers.registry(seen.append, gone.append, "http://x", session)
    (handler,) = made._watching.get_all_handlers()
    for kind in (None, "ADDED", "MODIFIED", "DELETED"):
        await handler.fn(event={"type": kind, "object": {"of": kind}})
    assert seen == [{"of": None}, {"of": "ADDED"}, {"of": "MODIFIED"}]
    assert gone == [{"of": "DELETED"}]
