"""Where this package keeps what it builds and fetches, so that each thing is made once for a user and machine."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def root() -> Path:
    """`$XDG_CACHE_HOME/registry-operator`, by default `~/.cache/registry-operator`; safe to delete at any time."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "registry-operator"


def digest(parts: Iterable[bytes | str]) -> str:
    """A short name for a list of inputs; two lists share it only when they are the same list."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:16]


def digest_of_files(folder: Path, *more: str, suffixes: tuple[str, ...] = ("",)) -> str:
    """The digest of the files under a folder whose names end so, names included, and of further strings."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.endswith(suffixes))
    parts: list[bytes | str] = list(more)
    for path in files:
        parts += [str(path.relative_to(folder)), path.read_bytes()]
    return digest(parts)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a second process out of a folder while this one fills it; it waits, then finds the work done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
