"""The bench's eyes: follows objects by watches and tells to the millisecond when something became true."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from registry_operator.kube import auth
from registry_operator.kube.client import Client
from registry_operator.kube.kinds import Kind
from tests.stage.mirror import Key, Mirror

Object = dict[str, Any]
Predicate = Callable[[Object | None], bool]
T = TypeVar("T")
OURS = "app.kubernetes.io/managed-by=registry-operator"


class GaveUp(Exception):
    """A time limit was reached; the message tells what was seen until then."""


class Sight:
    """One thing that is waited for. `at` is when it was seen (time.monotonic)."""

    def __init__(self, predicate: Predicate) -> None:
        self._predicate = predicate
        self._seen = threading.Event()
        self.at = 0.0

    def look(self, document: Object | None) -> bool:
        if not self._predicate(document):
            return False
        self.at = time.monotonic()
        self._seen.set()
        return True

    def wait(self, within: float, what: str) -> float:
        """When it was seen; raises GaveUp."""
        if not self._seen.wait(within):
            raise GaveUp(f"{what} was not seen within {within:.0f} s")
        return self.at


class Watcher:
    """`with` a kubeconfig and kinds: a thread with a loop of its own. The objects of ours only, but for the first kind.

    Sights must be asked for before what brings them about is done.
    """

    def __init__(self, kubeconfig: Path, kind: Kind, children: Sequence[Kind]) -> None:
        self._config = auth.load(str(kubeconfig))
        self._kinds = {kind: "", **dict.fromkeys(children, OURS)}
        self._mirrors: dict[Kind, Mirror] = {}
        self._sights: defaultdict[tuple[Kind, Key], list[Sight]] = defaultdict(list)
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="watcher", daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        self.do(self._open(), 60)
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._close(), 60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self) -> None:
        self.client = await Client(self._config, limit=32).__aenter__()
        for kind, selector in self._kinds.items():
            self._mirrors[kind] = Mirror(self.client, kind, self._heard(kind), selector=selector)
        self._tasks = [asyncio.create_task(mirror.run()) for mirror in self._mirrors.values()]
        await asyncio.gather(*(mirror.synced.wait() for mirror in self._mirrors.values()))

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.__aexit__(None, None, None)
        await asyncio.sleep(0.25)  # TLS says goodbye after its session was closed, and warns when it can't

    def do(self, work: Awaitable[T], within: float) -> T:
        """Run something in the watcher's loop and wait for it; raises GaveUp."""

        async def bounded() -> T:
            async with asyncio.timeout(within):
                return await work

        try:
            return asyncio.run_coroutine_threadsafe(bounded(), self._loop).result()
        except TimeoutError:
            raise GaveUp(f"it was not done within {within:.0f} s") from None

    def _heard(self, kind: Kind) -> Callable[[Key], None]:
        def heard(key: Key) -> None:
            document = self._mirrors[kind].items.get(key)
            with self._lock:
                left = [sight for sight in self._sights.pop((kind, key), ()) if not sight.look(document)]
                if left:
                    self._sights[kind, key] = left

        return heard

    # ---------------------------------------------------------------- asking
    def items(self, kind: Kind) -> dict[Key, Object]:
        """The objects as last seen."""
        return dict(self._mirrors[kind].items)

    def get(self, kind: Kind, key: Key) -> Object | None:
        return self._mirrors[kind].items.get(key)

    def left(self) -> int:
        """How many children there are."""
        return sum(len(mirror.items) for kind, mirror in self._mirrors.items() if self._kinds[kind])

    def sight(self, kind: Kind, key: Key, predicate: Predicate) -> Sight:
        """The next time that the object (None: it is gone) is heard of and satisfies the predicate."""
        made = Sight(predicate)
        with self._lock:
            self._sights[kind, key].append(made)
        return made

    def all_of(self, kind: Kind, keys: Sequence[Key], predicate: Predicate) -> Tally:
        """When each of the objects satisfies the predicate for the first time, from now on."""
        return Tally(self, kind, keys, predicate)


class Tally:
    """Waits for many objects of a kind."""

    def __init__(self, watcher: Watcher, kind: Kind, keys: Sequence[Key], predicate: Predicate) -> None:
        self._sights = {key: watcher.sight(kind, key, predicate) for key in keys}
        for key, sight in self._sights.items():
            if (present := watcher.get(kind, key)) is not None:
                sight.look(present)

    @property
    def seen(self) -> list[float]:
        return sorted(sight.at for sight in self._sights.values() if sight.at)

    def wait(self, within: float, what: str) -> list[float]:
        """When they were seen, in order; raises GaveUp with how many were."""
        end = time.monotonic() + within
        for sight in self._sights.values():
            try:
                sight.wait(max(0.0, end - time.monotonic()), what)
            except GaveUp:
                raise GaveUp(f"{len(self.seen)} of {len(self._sights)} {what} after {within:.0f} s") from None
        return self.seen
