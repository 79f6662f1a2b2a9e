"""The cache of Registries: fed by a watch that may lose deletions, by listings that may be late, by our own writes."""

from __future__ import annotations

from typing import Any

import pytest

from registry_operator.reconcile.registry_cache import Key, RegistryCache

IMAGES = Key("team-a", "images")


def body(version: int, *, uid: str = "u-1", name: str = "images", namespace: str = "team-a") -> dict[str, Any]:
    metadata = {"namespace": namespace, "name": name, "uid": uid, "resourceVersion": str(version)}
    return {"metadata": {**metadata, "managedFields": [{}]}, "spec": {}}


@pytest.fixture
def cache() -> RegistryCache:
    return RegistryCache()


def version(cache: RegistryCache) -> str | None:
    known = cache.get(IMAGES)
    return known["metadata"]["resourceVersion"] if known else None


def test_a_body_is_news_once(cache: RegistryCache) -> None:
    assert cache.seen(body(5)) == IMAGES
    assert cache.seen(body(5)) is None
    assert cache.seen(body(6)) == IMAGES
    assert (list(cache), len(cache)) == ([IMAGES], 1)


def test_versions_are_numbers_and_not_texts(cache: RegistryCache) -> None:
    cache.seen(body(99))
    assert cache.seen(body(100)) == IMAGES


def test_an_older_body_is_no_news(cache: RegistryCache) -> None:
    cache.seen(body(6))
    assert cache.seen(body(5)) is None
    assert version(cache) == "6"


def test_a_successor_of_the_same_name_replaces(cache: RegistryCache) -> None:
    cache.seen(body(5))
    assert cache.seen(body(9, uid="u-2")) == IMAGES


def test_a_late_answer_about_a_predecessor_does_not_replace_its_successor(cache: RegistryCache) -> None:
    cache.seen(body(9, uid="u-2"))
    assert cache.seen(body(5, uid="u-1")) is None
    assert version(cache) == "9"


def test_managed_fields_are_not_kept(cache: RegistryCache) -> None:
    cache.seen(body(5))
    known = cache.get(IMAGES)
    assert known is not None
    assert "managedFields" not in known["metadata"]


def test_a_deletion_is_news_once(cache: RegistryCache) -> None:
    cache.seen(body(5))
    assert cache.gone(body(7)) == IMAGES
    assert cache.gone(body(7)) is None
    assert version(cache) is None


def test_a_deletion_of_a_predecessor_is_no_news(cache: RegistryCache) -> None:
    cache.seen(body(9, uid="u-2"))
    assert cache.gone(body(7)) is None
    assert version(cache) == "9"


def test_a_write_that_finds_nothing_ends_the_registry(cache: RegistryCache) -> None:
    cache.seen(body(5))
    cache.lost(IMAGES, "u-0")
    assert version(cache) == "5", "that was another one"
    cache.lost(IMAGES, "u-1")
    assert version(cache) is None
    assert cache.seen(body(9, uid="u-2")) == IMAGES


def test_a_listing_tells_what_vanished_unnoticed(cache: RegistryCache) -> None:
    cache.seen(body(5))
    cache.seen(body(6, name="other"))
    assert cache.replaced([body(6, name="other")], 10, None, cache.mark()) == [IMAGES]
    assert list(cache) == [Key("team-a", "other")]


def test_a_listing_brings_what_went_unnoticed(cache: RegistryCache) -> None:
    assert cache.replaced([body(5)], 10, None, cache.mark()) == []
    assert version(cache) == "5"


def test_a_listing_leaves_what_is_newer_than_itself(cache: RegistryCache) -> None:
    mark = cache.mark()
    cache.seen(body(11))
    assert cache.replaced([], 10, None, mark) == []
    assert version(cache) == "11"


def test_a_listing_of_one_namespace_says_nothing_of_others(cache: RegistryCache) -> None:
    cache.seen(body(5))
    assert cache.replaced([], 10, "team-b", cache.mark()) == []
    assert cache.replaced([], 10, "team-a", cache.mark()) == [IMAGES]


def test_a_listing_that_was_on_its_way_brings_nothing_back(cache: RegistryCache) -> None:
    """Asked for at version 6, deleted at 7, answered afterwards: a ghost would get children again."""
    cache.seen(body(5))
    mark = cache.mark()
    cache.gone(body(7))
    assert cache.replaced([body(5)], 6, None, mark) == []
    assert version(cache) is None


def test_a_deletion_is_forgotten_once_listings_know_it(cache: RegistryCache) -> None:
    mark = cache.mark()
    cache.seen(body(5))
    cache.gone(body(7))
    cache.replaced([], 6, None, mark)
    assert cache._deleted != {}
    cache.replaced([], 8, None, mark)
    assert cache._deleted == cache._touched == {}


def test_a_listing_of_a_restored_etcd_is_believed(cache: RegistryCache) -> None:
    """Its versions start again from the backup's: whatever is held, or known to be deleted, lies in its future."""
    cache.seen(body(90))
    cache.seen(body(95, name="later"))
    cache.seen(body(96, name="again"))
    cache.gone(body(97, name="again"))
    restored = [body(40), body(41, name="again")]
    assert cache.replaced(restored, 50, None, cache.mark()) == [Key("team-a", "later"), IMAGES]
    assert set(cache) == {IMAGES, Key("team-a", "again")}
    assert version(cache) == "40"
    assert cache.seen(body(51)) == IMAGES


def test_a_listing_that_was_on_its_way_undoes_no_change(cache: RegistryCache) -> None:
    cache.seen(body(5))
    mark = cache.mark()
    cache.seen(body(7))
    assert cache.replaced([body(5)], 6, None, mark) == []
    assert version(cache) == "7"
