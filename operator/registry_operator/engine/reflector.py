"""Keeps a store in step with one collection of the API server: list, watch, and start over when that breaks.

What may go wrong, and what is done:

- 410 at any point: a new list.
- A torn stream, a refused connection, 429: the same watch again after a backoff. No list: after each outage all
  operators would list everything at once.
- Silence or 5xx: as well, but a new list when it happens twice in a row. An API server whose etcd was restored keeps
  silent about a version that lies in its future.
- 404: the kind is not served; it is looked for every 10 s, by one request for all such kinds (`Discovery`).
- 403: said clearly, and asked again.

What vanished during a gap is seen by comparing the new list with what is held.
"""

from __future__ import annotations

import contextlib
import logging
import random
from typing import Any, Generic, Protocol, TypeVar

from registry_operator.engine.backoff import Backoff
from registry_operator.engine.clock import Clock, sleep
from registry_operator.engine.store import Change, Store
from registry_operator.kube.client import Client
from registry_operator.kube.errors import ApiError, Forbidden, Gone, NotFound, ServerError, Silent, Unreachable
from registry_operator.kube.kinds import Kind

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 10.0
_DOUBTS_BEFORE_LIST = 2
_FAILURES_BEFORE_WARNING = 3
_STALE_LISTS = 3
_SHORT_WATCH_SECONDS = 1.0


class Host(Protocol[T]):
    """What a reflector is given by its informer."""

    client: Client
    kind: Kind
    selector: str
    metadata_only: bool
    store: Store[T]
    clock: Clock

    def report(self, change: Change[T] | None) -> None:
        """Something changed (None: nothing did)."""
        ...

    def settled(self) -> None:
        """The state of a reflector changed: it has listed, or knows that it can't."""
        ...


class Reflector(Generic[T]):
    """One collection: a kind in one namespace, or in all (`namespace` None)."""

    def __init__(self, host: Host[T], namespace: str | None, backoff: Backoff, silence: float) -> None:
        self._host = host
        self.namespace = namespace
        self._backoff = backoff
        self._silence = silence
        self._version = ""  # to watch from; empty: list first
        self._failures = 0  # in a row, without an event in between
        self._doubts = 0  # failures in a row that make the version itself suspect
        self._stale_lists = 0
        self.passed = 0  # the version up to which everything has been seen
        self.listed = False
        self.missing = False
        self.refused = False
        self.trouble: str | None = f"{self._where()}: not listed yet"
        self.last_activity = host.clock.now()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                if self.missing:
                    await self._appearance()
                if not self._version:
                    await self._list()
                await self._watch()
            except ApiError as error:
                await sleep(self._host.clock, self._failed(error))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                _LOG.exception("%s: the API server's answer cannot be understood", self._where())
                self._version = ""
                await sleep(self._host.clock, self._failed(Unreachable(f"malformed answer: {error!r}")))

    async def _list(self) -> None:
        host = self._host
        mark = host.store.mark()
        version, found = 0, []
        pages = host.client.pages(
            host.kind, self.namespace, label_selector=host.selector, metadata_only=host.metadata_only
        )
        async with contextlib.aclosing(pages):
            async for page in pages:
                version = int(page["metadata"]["resourceVersion"])
                found += [host.store.listed(obj) for obj in page["items"]]
        if version < self.passed and self._stale_lists < _STALE_LISTS:
            # One API server of several that lags behind. If all say so for a while it is an etcd that was restored.
            self._stale_lists += 1
            raise ServerError(200, "StaleList", f"the list is of version {version}, but {self.passed} has been seen")
        for change in host.store.replace(self.namespace, found, version, mark):
            host.report(change)
        self._version, self.passed = str(version), version
        self._stale_lists = self._doubts = 0
        self._alive()
        self.listed = True
        host.settled()

    async def _appearance(self) -> None:
        """Wait until the kind may be there, and only then ask for its objects again."""
        while not await self._host.client.serves(self._host.kind):
            self.last_activity = self._host.clock.now()
            await sleep(self._host.clock, LOOK_AGAIN_SECONDS)

    async def _watch(self) -> None:
        host = self._host
        started, events = host.clock.now(), 0
        stream = host.client.watch(
            host.kind,
            self.namespace,
            resource_version=self._version,
            label_selector=host.selector,
            metadata_only=host.metadata_only,
            timeout_seconds=random.randint(240, 300),
            silence_seconds=self._silence,
        )
        async with contextlib.aclosing(stream):
            async for event in stream:
                self._see(event["type"], event["object"])
                events += 1
        if not events and host.clock.now() - started < _SHORT_WATCH_SECONDS:
            raise Unreachable("the watch ended as soon as it had begun")
        self._failures = self._doubts = 0
        self._alive()

    def _see(self, kind: str, obj: dict[str, Any]) -> None:
        store = self._host.store
        if kind in ("ADDED", "MODIFIED"):
            self._host.report(store.put(obj))
        elif kind == "DELETED":
            self._host.report(store.remove(obj))
        self._version = obj["metadata"]["resourceVersion"]
        self.passed = int(self._version)
        self._failures = self._doubts = 0
        self._alive()

    def _alive(self) -> None:
        self.last_activity = self._host.clock.now()
        if self._failures >= _FAILURES_BEFORE_WARNING or self.refused or self.missing:
            _LOG.info("%s: watched again", self._where())
        self.trouble = None
        self.missing = self.refused = False

    def _failed(self, error: ApiError) -> float:
        """Note the failure; the seconds to wait before the next step."""
        if isinstance(error, NotFound):
            return self._not_served()
        self._failures += 1
        self.trouble = f"{self._where()}: {error}"
        if isinstance(error, Forbidden):
            self._forbidden(error)
        elif self._failures % 10 == _FAILURES_BEFORE_WARNING:
            _LOG.warning("%s (%d failures in a row; it goes on trying)", self.trouble, self._failures)
        if isinstance(error, Gone):
            self._version = ""
            if self._failures == 1:
                return 0.0
        self._doubts += isinstance(error, Silent | ServerError)
        if self._doubts >= _DOUBTS_BEFORE_LIST:
            self._version = ""
        return self._backoff.after(self._failures, error)

    def _forbidden(self, error: Forbidden) -> None:
        if not self.refused or self._failures % 10 == 0:
            way_out = "take the namespace out of" if self.namespace else "name the namespaces that it may read in"
            _LOG.warning(
                "%s: the operator's ServiceAccount may not read this: %s. Grant it list and watch, or %s"
                " REGISTRY_OPERATOR_NAMESPACES. It asks again until then.",
                self._where(),
                error.message,
                way_out,
            )
        self.refused = True
        self.last_activity = self._host.clock.now()
        self._host.settled()

    def _not_served(self) -> float:
        """A 404: a watch's is asked once more as a list, a list's is believed."""
        if self._version:
            self._version = ""
            return 0.0
        self.last_activity = self._host.clock.now()
        if not self.missing:
            _LOG.info("%s: not served by this cluster; looked for every %g s", self._where(), LOOK_AGAIN_SECONDS)
            self.missing = True
            for change in self._host.store.replace(self.namespace, (), self.passed, self._host.store.mark()):
                self._host.report(change)
        self.trouble = f"{self._where()}: not served by this cluster (is its CRD installed?)"
        self._host.settled()
        return LOOK_AGAIN_SECONDS

    def _where(self) -> str:
        place = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self._host.kind}{place}"
