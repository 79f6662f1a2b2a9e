"""What befalls the whole operator, and so all runs of a batch: its watches, its API server, its Lease, its twin.

A scene begins before the acts and ends when they rest or when it has lasted long enough; what it does to requests it
does in the proxy.
"""

from __future__ import annotations

import asyncio
import threading
import time
import zlib
from collections import defaultdict

from aiohttp import web

from tests.faults.oracles import Finding
from tests.faults.scene import Scene
from tests.stage import spoil
from tests.stage.proxy import Proxy
from tests.stage.traffic import Forward, Request, Rule, Spoil

SILENCE = 80.0  # seconds after which a watch without any sign of life must have been begun anew
OUTAGE = 60.0
ELECTED = {"LEADER_ELECTION": "Enabled", "LEASE_NAMESPACE": "registry-operator"}


class Torn(Scene):
    """All watches are cut in the middle, again and again."""

    def begin(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tear, daemon=True)
        self._thread.start()

    def _tear(self) -> None:
        while not self._over.wait(0.7):
            self.operator.tear()

    def end(self) -> None:
        self.rest(20)
        self._over.set()
        self._thread.join()


class Stalled(Scene):
    """All watches that are open say nothing any more, not even that they are alive."""

    def begin(self) -> None:
        mark = self.proxy.mark

        async def sift(request: Request, line: bytes) -> bytes:
            return b"" if request.number < mark else line

        self.proxy.sift = sift
        self._since = time.monotonic()

    def end(self) -> None:
        self.last(SILENCE - (time.monotonic() - self._since))


class Expired(Scene):
    """The watches are torn, objects are deleted meanwhile, and what the operator knows is too old to go on from."""

    def end(self) -> None:
        self.rest()
        down = self.proxy.add(Rule(lambda request: request.watch, spoil.refuse(), times=None))
        self.operator.tear()
        self.delete_children()
        forget_versions(self.proxy)
        self.proxy.rules.remove(down)
        self.last(3)


class Outage(Scene):
    """The API server cannot be reached for a minute in which everything changes."""

    def begin(self) -> None:
        self._rule = self.proxy.add(Rule(lambda _: True, spoil.refuse(), times=None))
        self.operator.tear()
        self._since = time.monotonic()

    def end(self) -> None:
        self.last(OUTAGE - (time.monotonic() - self._since))
        self.proxy.rules.remove(self._rule)


class Refused(Scene):
    """Each request of half a minute fails with one chance in three, in any of six ways."""

    def begin(self) -> None:
        ways = [spoil.answer(500, "InternalError"), spoil.answer(503, "ServiceUnavailable"), spoil.refuse()]
        ways += [spoil.lose_answer(), spoil.answer(429, "TooManyRequests", retry_after=1), spoil.delay(2)]
        self._rule = self.proxy.add(Rule(lambda request: request.number * 7919 % 3 == 0, _any(ways), None))

    def end(self) -> None:
        self.last(20)
        self.proxy.rules.remove(self._rule)


class Stale(Scene):
    """The operator is killed; the one that is started then is shown lists from before the acts."""

    def begin(self) -> None:
        self._lists: dict[str, web.Response] = {}

        def listed(request: Request) -> bool:
            return request.method == "GET" and not request.watch and bool(request.resource) and not request.name

        self._listed = listed
        self._keeper = self.proxy.add(Rule(listed, self._keep, times=None))
        self.operator.restart()

    async def _keep(self, incoming: web.BaseRequest, forward: Forward) -> web.StreamResponse:
        answer = await forward()
        if isinstance(answer, web.Response) and answer.status == 200:
            self._lists[incoming.raw_path] = answer
        return answer

    async def _replay(self, incoming: web.BaseRequest, forward: Forward) -> web.StreamResponse:
        kept = self._lists.pop(incoming.raw_path, None)
        if kept is None:
            return await forward()
        return web.Response(status=kept.status, headers=kept.headers, body=kept.body)

    def end(self) -> None:
        self.rest()
        self.proxy.rules.remove(self._keeper)
        self.operator.kill()
        rule = self.proxy.add(Rule(self._listed, self._replay, times=None))
        self.operator.start()
        self.last(3)
        self.proxy.rules.remove(rule)


class Missed(Scene):
    """Of each object one event in a row is never delivered."""

    def begin(self) -> None:
        counted: defaultdict[str, int] = defaultdict(int)
        namespaces = [run.namespace.encode() for run in self.batch.runs]

        async def sift(request: Request, line: bytes) -> bytes:
            if b'"type":"BOOKMARK"' in line[:40] or not any(name in line for name in namespaces):
                return line
            key = f"{request.path} {_named(line)!r}"
            counted[key] += 1
            return b"" if counted[key] % 2 == 0 and b'"type":"MODIFIED"' in line[:40] else line

        self.proxy.sift = sift

    def end(self) -> None:
        self.rest(40)
        self.proxy.sift = None
        forget_versions(self.proxy)  # a real server never loses an event for good
        self.operator.tear()
        self.last(3)


class Doubled(Scene):
    """Each event comes twice, and those of some kinds come late."""

    def begin(self) -> None:
        async def sift(request: Request, line: bytes) -> bytes:
            await asyncio.sleep(zlib.crc32(request.path.encode()) % 5 * 0.15)
            return line + line

        self.proxy.sift = sift

    def end(self) -> None:
        self.rest(60)
        self.proxy.sift = None
        self.operator.tear()


class Twins(Scene):
    """Two operators work at once, as if there were no Lease."""

    def begin(self) -> None:
        self._twin = self.batch.another()
        self._twin.start()

    def end(self) -> None:
        self.rest()
        self._twin.kill()


class LostLease(Scene):
    """The leader can no longer renew its Lease; another one takes over, and the first writes nothing from then on."""

    def begin(self) -> None:
        self.keep_alive = False
        self.operator.end()
        self._first = self.batch.another(ELECTED).start()
        self.last(4)
        self._second = self.batch.another(ELECTED).start(wait=False)
        self.last(6)

    def end(self) -> None:
        self._first.proxy.add(Rule(lambda request: request.resource == "leases", spoil.refuse(), times=None))
        self.last(22)
        if self._first.alive:
            for run in self.batch.runs:
                run.problems.append(Finding("safety", "the operator works on after it has lost its Lease"))
            self._first.kill()
        self.rest()
        self._second.end()
        self.operator.start()
        self.keep_alive = True


class Uncertain(Scene):
    """cert-manager's kinds are not served at first, come, go again while they are in use, and come back."""

    def begin(self) -> None:
        self._gone()

    def _gone(self) -> None:
        missing = spoil.answer(404, "NotFound", "the server could not find the requested resource")
        self._rule = self.proxy.add(Rule(lambda request: request.group == "cert-manager.io", missing, times=None))
        self.operator.tear(lambda request: request.group == "cert-manager.io")

    def end(self) -> None:
        self.rest(20)
        self.proxy.rules.remove(self._rule)
        self.rest(90)
        self._gone()
        self.last(10)
        self.proxy.rules.remove(self._rule)
        self.last(35)  # the operator looks for missing kinds now and then


SCENES: dict[str, type[Scene]] = {
    "torn": Torn,
    "stalled": Stalled,
    "expired": Expired,
    "outage": Outage,
    "refused": Refused,
    "stale": Stale,
    "missed": Missed,
    "doubled": Doubled,
    "twins": Twins,
    "lost-lease": LostLease,
    "cert-manager": Uncertain,
}


def forget_versions(proxy: Proxy) -> None:
    """Each kind's next watch is told that its version is too old."""
    told: set[str] = set()

    def once(request: Request) -> bool:
        if not request.watch or request.path in told:
            return False
        told.add(request.path)
        return True

    proxy.add(Rule(once, spoil.expire(), times=None))


def _any(ways: list[Spoil]) -> Spoil:
    turn = [0]

    async def struck(incoming: web.BaseRequest, forward: Forward) -> web.StreamResponse:
        turn[0] += 1
        return await ways[turn[0] % len(ways)](incoming, forward)

    return struck


def _named(line: bytes) -> bytes:
    """The namespace and name in an event's line."""
    start = line.find(b'"metadata":{"name":"')
    return line[start : start + 160].split(b'","uid"')[0]
