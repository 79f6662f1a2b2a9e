"""What the API server wrote down of the operator's requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

Counts = dict[str, int]
_REVIEWS = ("authentication.k8s.io", "authorization.k8s.io")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: when it came (seconds since the epoch), and what it was."""

    at: float
    verb: str  # get, list, watch, create, update, patch, delete
    resource: str  # with its subresource, such as registries/status
    namespace: str
    name: str
    code: int
    review: bool

    @property
    def lease(self) -> bool:
        return self.resource == "leases"

    @property
    def write(self) -> bool:
        """A change of the cluster's state; reviews (who am I, may I) and Leases are none."""
        return self.verb not in ("get", "list", "watch") and not self.lease and not self.review


def parse(line: str) -> Entry:
    """One line of the log."""
    event: dict[str, Any] = json.loads(line)
    what: dict[str, Any] = event.get("objectRef") or {}
    sub = what.get("subresource")
    return Entry(
        at=datetime.fromisoformat(event["requestReceivedTimestamp"]).timestamp(),
        verb=event["verb"],
        resource=what.get("resource", event.get("requestURI", "")) + (f"/{sub}" if sub else ""),
        namespace=what.get("namespace", ""),
        name=what.get("name", ""),
        code=int((event.get("responseStatus") or {}).get("code", 0)),
        review=what.get("apiGroup", "") in _REVIEWS,
    )


class Audit:
    """The log, read on from where it was read to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def take(self) -> list[Entry]:
        """All whole lines since the last time."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as log:
            log.seek(self._read)
            raw = log.read()
        whole = raw[: raw.rfind(b"\n") + 1]
        self._read += len(whole)
        return [parse(line) for line in whole.decode().splitlines()]


def count(entries: Iterable[Entry], which: Callable[[Entry], bool] = lambda _: True) -> Counts:
    """How many of each verb and resource, the most frequent first."""
    counted = Counter(f"{entry.verb} {entry.resource}" for entry in entries if which(entry))
    return dict(counted.most_common())


def each(counts: Counts, number: int) -> dict[str, float]:
    """Counts for one of `number` objects; what rounds to nothing is left out."""
    shares = {what: round(total / max(number, 1), 2) for what, total in counts.items()}
    return {what: share for what, share in shares.items() if share}
