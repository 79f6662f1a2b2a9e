"""What an informer holds: a projection of each object, its resourceVersion, and one index.

resourceVersions are compared as numbers: etcd's revision grows over all objects of a kind, so a bigger one is newer,
also across a deletion and a new creation of the same name. (Kubernetes 1.35 made that comparison part of its API.)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
Change = tuple[T | None, T | None]


@dataclass(slots=True)
class _Entry(Generic[T]):
    version: int
    touched: int
    value: T


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """One object of a list."""

    namespace: str
    name: str
    version: int
    value: T


class Store(Generic[T]):
    """Objects by namespace and name. Each change is returned as (old, new); None where there was or is nothing."""

    def __init__(self, project: Callable[[dict[str, Any]], T], index: Callable[[T], Hashable | None] | None) -> None:
        self._project = project
        self._index = index
        self._entries: dict[str, dict[str, _Entry[T]]] = {}
        self._indexed: dict[Hashable, dict[tuple[str, str], None]] = {}
        self._touch = 0
        self._writing: dict[tuple[str, str], list[tuple[int, Change[T]]]] = {}

    def get(self, namespace: str, name: str) -> T | None:
        entry = self._entries.get(namespace, {}).get(name)
        return entry.value if entry else None

    def items(self, namespace: str | None = None) -> Iterator[T]:
        groups = self._entries.values() if namespace is None else [self._entries.get(namespace, {})]
        return iter([entry.value for group in groups for entry in group.values()])

    def by_index(self, value: Hashable) -> list[T]:
        return [self._entries[namespace][name].value for namespace, name in self._indexed.get(value, ())]

    def mark(self) -> int:
        """The moment before a list is asked for: what is put later than this may be newer than the answer."""
        return self._touch

    def put(self, obj: dict[str, Any]) -> Change[T] | None:
        """An ADDED or MODIFIED event. None: it is known already.

        An event that is older than what is held tells of a change that our own write (see `written`) has leapt over.
        The value stays, but it is reported as one that nobody knew, since nobody has looked at that change.
        """
        namespace, name, version = identity(obj)
        entry = self._entries.get(namespace, {}).get(name)
        if entry is not None and version <= entry.version:
            change: Change[T] | None = (None, entry.value) if version < entry.version else None
        else:
            change = self._set(obj)
        return self._held_back(namespace, name, version, change)

    def _held_back(self, namespace: str, name: str, version: int, change: Change[T] | None) -> Change[T] | None:
        """While a write of ours is on its way, its own event may be faster than its answer: `settle` judges."""
        heard = self._writing.get((namespace, name))
        if heard is None or change is None:
            return change
        heard.append((version, change))
        return None

    def expect(self, namespace: str, name: str) -> None:
        """A write of ours to that object begins: what is heard of it is held back until `settle`."""
        self._writing.setdefault((namespace, name), [])

    def settle(self, namespace: str, name: str, version: int | None) -> list[Change[T]]:
        """That write has ended with this version (None: no answer); what was heard meanwhile, but its own event."""
        heard = self._writing.pop((namespace, name), [])
        return [change for _, change in heard] if [own for own, _ in heard] != [version] else []

    def written(self, obj: dict[str, Any], passed: int) -> None:
        """The server's answer to a write of our own; `passed` is the version up to which events have been seen.

        Older than `passed` and not held means that it was deleted meanwhile: the answer must not bring it back.
        """
        namespace, name, version = identity(obj)
        entry = self._entries.get(namespace, {}).get(name)
        if version > (entry.version if entry is not None else passed):
            self._set(obj)

    def remove(self, obj: dict[str, Any]) -> Change[T] | None:
        """A DELETED event; None if a newer object of that name is held."""
        namespace, name, version = identity(obj)
        entry = self._entries.get(namespace, {}).get(name)
        if entry is None or entry.version > version:
            return None
        return self._drop(namespace, name)

    def listed(self, obj: dict[str, Any]) -> Listed[T] | None:
        """What a list says of one object, projected at once, so that a long list never lies in memory as a whole."""
        namespace, name, version = identity(obj)
        try:
            return Listed(namespace, name, version, self._project(obj))
        except Exception:  # one object that nobody foresaw must not blind the operator for all others
            _LOG.exception("%s %s/%s cannot be understood and is passed over", obj.get("kind", ""), namespace, name)
            return None

    def replace(
        self, scope: str | None, objects: Iterable[Listed[T] | None], version: int, mark: int
    ) -> Iterator[Change[T]]:
        """A new list of one namespace (`scope` None: of all), asked for at `mark`: what it lacks is gone.

        The list counts for all that was not touched since `mark`, also where it goes back in version (an etcd that
        was restored). What our own writes put since then stays if it is newer than the list.
        """
        seen: set[tuple[str, str]] = set()
        for one in objects:
            if one is None:
                continue
            seen.add((one.namespace, one.name))
            entry = self._entries.get(one.namespace, {}).get(one.name)
            own = one.version
            if entry is not None and (entry.version == own or (entry.touched > mark and entry.version > own)):
                continue
            yield self._enter(one)
        groups = list(self._entries) if scope is None else [scope]
        for namespace in groups:
            for name, entry in list(self._entries.get(namespace, {}).items()):
                if (namespace, name) not in seen and not (entry.touched > mark and entry.version > version):
                    yield self._drop(namespace, name)

    def _set(self, obj: dict[str, Any]) -> Change[T] | None:
        one = self.listed(obj)
        return None if one is None else self._enter(one)

    def _enter(self, one: Listed[T]) -> Change[T]:
        namespace, name, value = one.namespace, one.name, one.value
        self._touch += 1
        group = self._entries.setdefault(namespace, {})
        old = group.get(name)
        if old is not None:
            self._unindex(namespace, name, old.value)
        group[name] = _Entry(one.version, self._touch, value)
        if self._index and (key := self._index(value)) is not None:
            self._indexed.setdefault(key, {})[namespace, name] = None
        return (old.value if old is not None else None, value)

    def _drop(self, namespace: str, name: str) -> Change[T]:
        group = self._entries[namespace]
        entry = group.pop(name)
        if not group:
            del self._entries[namespace]
        self._unindex(namespace, name, entry.value)
        return (entry.value, None)

    def _unindex(self, namespace: str, name: str, value: T) -> None:
        if self._index and (key := self._index(value)) is not None:
            members = self._indexed[key]
            members.pop((namespace, name), None)
            if not members:
                del self._indexed[key]


def identity(obj: dict[str, Any]) -> tuple[str, str, int]:
    """Namespace (empty for cluster scope), name and version of an object."""
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"], int(meta["resourceVersion"])
