"""An informer: the present state of one kind, held in memory as projections, with a call for every change.

kopf's own index was rejected: it starts in quadratic time (73 s for 4,000 objects) and keeps what was deleted while the
watch was down. This one costs about 35 µs for each event and never forgets a deletion.

`project` gets the object as the server sent it: items of a list of built-in kinds carry no kind and apiVersion. Only
what it returns is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from registry_operator.engine.backoff import Backoff
from registry_operator.engine.clock import Clock, LoopClock
from registry_operator.engine.reflector import Reflector
from registry_operator.engine.store import Change, Store
from registry_operator.kube.client import Client
from registry_operator.kube.kinds import Kind

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


class Informer(Generic[T]):
    """One kind, in all namespaces (`namespaces` None) or in some of them."""

    def __init__(
        self,
        client: Client,
        kind: Kind,
        namespaces: Sequence[str] | None = None,
        *,
        selector: str = "",
        metadata_only: bool = False,
        project: Callable[[dict[str, Any]], T],
        changed: Callable[[T | None, T | None], None],
        index: Callable[[T], Hashable | None] | None = None,
        optional: bool = False,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
        silence_seconds: float = 75,
    ) -> None:
        """`changed` gets the old and the new value (None: was or is not there); it must not wait nor fail.

        `optional`: a kind that a cluster may lack, or that we may not be allowed to read, does not hold up `synced`.
        """
        self.client = client
        self.kind = kind
        self.selector = selector
        self.metadata_only = metadata_only
        self.clock = clock or LoopClock()
        self.store: Store[T] = Store(project, index)
        self.synced = asyncio.Event()
        self._changed = changed
        self._optional = optional
        scopes = dict.fromkeys(namespaces) if namespaces is not None and kind.namespaced else [None]
        pause = backoff or Backoff(base=0.5, cap=30)
        self._reflectors = {scope: Reflector(self, scope, pause, silence_seconds) for scope in scopes}

    def start(self) -> asyncio.Task[None]:
        """Begin to list and watch; cancel the task to end it. It ends by itself only by a bug."""
        return asyncio.create_task(self.run(), name=f"informer {self.kind}")

    async def run(self) -> None:
        """List and watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for reflector in self._reflectors.values():
                group.create_task(reflector.run())

    def get(self, namespace: str, name: str) -> T | None:
        """The object as last seen; the namespace of cluster-scoped kinds is ''."""
        return self.store.get(namespace, name)

    def items(self, namespace: str | None = None) -> Iterator[T]:
        """All objects, or those of one namespace."""
        return self.store.items(namespace)

    def by_index(self, value: Hashable) -> list[T]:
        """The objects for which the index function gave `value`."""
        return self.store.by_index(value)

    def observe_write(self, obj: dict[str, Any]) -> None:
        """Put the server's answer to our own write into the store, so that the next look already sees it.

        `changed` is not called: whoever wrote it knows. Its watch event is then no news either.
        """
        reflector = self._reflector(obj["metadata"].get("namespace"))
        if reflector is not None:
            self.store.written(obj, reflector.passed)

    @contextlib.contextmanager
    def writing(self, namespace: str, name: str) -> Iterator[Callable[[dict[str, Any]], None]]:
        """Around a write of ours: what it yields takes the answer. An event that comes before its answer is no news
        either, but whatever else happens to the object meanwhile is told when the write has ended."""
        version: int | None = None

        def answered(obj: dict[str, Any]) -> None:
            nonlocal version
            version = int(obj["metadata"]["resourceVersion"])
            self.observe_write(obj)

        self.store.expect(namespace, name)
        try:
            yield answered
        finally:
            for change in self.store.settle(namespace, name, version):
                self.report(change)

    def observe_deletion(self, namespace: str, name: str, version: str) -> None:
        """A deletion of our own, of that version, was answered; what was heard of the object since is kept."""
        identity = {"namespace": namespace, "name": name, "resourceVersion": version}
        self.report(self.store.remove({"metadata": identity}))

    def ready(self, namespace: str | None = None) -> bool:
        """Whether what it holds of this namespace is a whole picture (`synced` also comes with a 403 or a 404)."""
        reflector = self._reflector(namespace)
        return reflector is not None and reflector.listed and not reflector.missing

    @property
    def missing(self) -> bool:
        """The kind is not served, or is optional and may not be read."""
        return all(one.missing or (self._optional and one.refused) for one in self._reflectors.values())

    @property
    def blind(self) -> bool:
        """Nothing of a kind that is needed can be read now: it is not served, or refused everywhere."""
        return not self._optional and all(one.missing or one.refused for one in self._reflectors.values())

    @property
    def trouble(self) -> str | None:
        """What keeps it from being in step now, for people; a missing optional kind is no trouble."""
        troubles = [one.trouble for one in self._reflectors.values() if one.trouble]
        if self._optional and self.missing:
            return None
        return troubles[0] if troubles else None

    @property
    def last_activity(self) -> float:
        """When the API server was last heard of, on the informer's clock; the oldest of all its watches."""
        return min((one.last_activity for one in self._reflectors.values()), default=self.clock.now())

    def settled(self) -> None:
        """A reflector has listed, or knows that it can't: perhaps all have now.

        A namespace that refuses does not hold up the others (it may be gone for good); refused everywhere does.
        """
        reflectors = self._reflectors.values()
        done = all(one.listed or one.refused or (self._optional and one.missing) for one in reflectors)
        if done and (self._optional or any(one.listed for one in reflectors)):
            self.synced.set()

    def report(self, change: Change[T] | None) -> None:
        """Pass a change on; a callback that fails is a bug, but must not end the watch."""
        if change is None:
            return
        try:
            self._changed(*change)
        except Exception:
            _LOG.exception("%s: the callback for a change failed", self.kind)

    def _reflector(self, namespace: str | None) -> Reflector[T] | None:
        return self._reflectors.get(None) or self._reflectors.get(namespace)
