"""Who refers to what: from a changed Secret to the keys that use it, without a scan."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
R = TypeVar("R", bound=Hashable)


class References(Generic[K, R]):
    """Both directions of a many-to-many relation."""

    def __init__(self) -> None:
        self._refs: dict[K, frozenset[R]] = {}
        self._keys: dict[R, set[K]] = {}

    def set(self, key: K, refs: Iterable[R]) -> frozenset[R]:
        """From now on `key` refers to exactly `refs`. Returns what nobody refers to any more."""
        new = frozenset(refs)
        old = self._refs.get(key, frozenset())
        for ref in old - new:
            users = self._keys[ref]
            users.discard(key)
            if not users:
                del self._keys[ref]
        freed = frozenset(ref for ref in old - new if ref not in self._keys)
        for ref in new - old:
            self._keys.setdefault(ref, set()).add(key)
        if new:
            self._refs[key] = new
        else:
            self._refs.pop(key, None)
        return freed

    def keys_for(self, ref: R) -> frozenset[K]:
        """The keys that refer to `ref` now."""
        return frozenset(self._keys.get(ref, ()))
