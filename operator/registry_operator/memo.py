"""Results that follow from the same inputs at each reconciliation, kept so that they are not worked out again.

Inputs are kept as a digest only, so that a private key does not stay in memory because it was looked at. What each memo
gains is measured in docs/decisions/0011; one that gains nothing has no place.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """The results of one function for the `size` inputs that were asked for last. What it raises is not kept."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._results: OrderedDict[bytes, T] = OrderedDict()

    def get(self, make: Callable[[], T], *inputs: bytes | str) -> T:
        """What `make()` gave for these inputs the last time, or gives now."""
        key = _digest(inputs)
        if key in self._results:
            self._results.move_to_end(key)
            return self._results[key]
        result = self._results[key] = make()
        if len(self._results) > self._size:
            self._results.popitem(last=False)
        return result


def _digest(inputs: tuple[bytes | str, ...]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for each in inputs:
        data = each.encode(errors="surrogatepass") if isinstance(each, str) else each
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()
