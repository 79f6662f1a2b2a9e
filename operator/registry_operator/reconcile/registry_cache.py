"""The Registries as they were last seen.

kopf watches them and loses a deletion that happens while its watch is down (docs/decisions/0001), so a periodic listing
puts the cache right; both ways end here, and an answer to our own write of the status too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple


class Key(NamedTuple):
    """A Registry's namespace and name: all that an event carries."""

    namespace: str
    name: str


class RegistryCache:
    """Bodies by key; an older version never replaces a newer one, nor brings back what was deleted since.

    But for a listing: what it says of a key of which nobody told since it was asked for is true, also where it goes
    back in version, as after an etcd was restored from a backup.
    """

    def __init__(self) -> None:
        self._bodies: dict[Key, Mapping[str, Any]] = {}
        self._deleted: dict[Key, int] = {}
        """The versions of deletions that a listing under way may not know of yet."""
        self._touch = 0
        self._touched: dict[Key, int] = {}
        """When each key was told of last, by the number of such moments."""
        self._writing: dict[Key, list[int]] = {}
        """Writes of ours on their way, with the versions that were heard of meanwhile."""

    def get(self, key: Key) -> Mapping[str, Any] | None:
        return self._bodies.get(key)

    def __iter__(self) -> Iterator[Key]:
        return iter(tuple(self._bodies))

    def __len__(self) -> int:
        return len(self._bodies)

    def seen(self, body: Mapping[str, Any]) -> Key | None:
        """Take note of a body; returns its key if it was news."""
        metadata, version = body["metadata"], _version(body)
        key = Key(metadata["namespace"], metadata["name"])
        known = self._bodies.get(key)
        if version <= self._deleted.get(key, 0) or (known is not None and version <= _version(known)):
            return None
        kept = {name: value for name, value in metadata.items() if name != "managedFields"}
        self._bodies[key] = {**body, "metadata": kept}
        self._touches(key)
        self._deleted.pop(key, None)
        if (heard := self._writing.get(key)) is not None:
            heard.append(version)
            return None
        return key

    def expect(self, key: Key) -> None:
        """A write of ours begins, whose own event may be faster than its answer: news are held back until `settle`."""
        self._writing.setdefault(key, [])

    def settle(self, key: Key, version: int | None) -> bool:
        """It has ended with this version (None: with no answer); whether there was news besides."""
        heard = self._writing.pop(key, [])
        return any(each != version for each in heard)

    def gone(self, body: Mapping[str, Any]) -> Key | None:
        """Take note of a deletion; one that tells of an earlier object of the name is no news."""
        metadata = body["metadata"]
        key = Key(metadata["namespace"], metadata["name"])
        known = self._bodies.get(key)
        if known is None or known["metadata"]["uid"] != metadata["uid"]:
            return None
        self._deleted[key] = max(_version(known), _version(body))
        self._touches(key)
        del self._bodies[key]
        return key

    def lost(self, key: Key, uid: str) -> None:
        """A write was answered by "not found": the Registry is gone, though nobody has told yet."""
        known = self._bodies.get(key)
        if known is not None and known["metadata"]["uid"] == uid:
            self.gone(known)

    def mark(self) -> int:
        """The moment before a listing is asked for: what is told later than this may be newer than the answer."""
        return self._touch

    def replaced(
        self, bodies: Iterable[Mapping[str, Any]], version: int, namespace: str | None, mark: int
    ) -> list[Key]:
        """Put the cache right by a listing of that resourceVersion (of one namespace, or of all: None).

        Returns the keys of what had gone, or gone back, unnoticed.

        A Registry that is newer than the listing, and was told of after `mark`, stays: the listing could not know it.
        """
        listed, back = set(), []
        for body in bodies:
            key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
            listed.add(key)
            if self._touched.get(key, 0) <= mark and self._clear_for(key, body):
                back.append(key)
            self.seen(body)
        vanished = [
            key
            for key, body in self._bodies.items()
            if key not in listed
            and namespace in (None, key.namespace)
            and (_version(body) <= version or self._touched[key] <= mark)
        ]
        for key in vanished:
            del self._bodies[key], self._touched[key]
        for key, deleted in list(self._deleted.items()):
            if deleted <= version or self._touched[key] <= mark:
                del self._deleted[key], self._touched[key]
        return vanished + back

    def _clear_for(self, key: Key, body: Mapping[str, Any]) -> bool:
        """Forget what would keep a listed body out; whether it is older than the one that was held."""
        self._deleted.pop(key, None)
        known = self._bodies.get(key)
        if known is None or _version(known) <= _version(body):
            return False
        del self._bodies[key]
        return True

    def _touches(self, key: Key) -> None:
        self._touch += 1
        self._touched[key] = self._touch


def _version(body: Mapping[str, Any]) -> int:
    """Resource versions of one resource may be compared as numbers: Kubernetes 1.35 made that part of the API."""
    return int(body["metadata"]["resourceVersion"])
