"""What a plan does to the operator's requests: rules of the proxy, each one for the requests of one namespace."""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections.abc import Callable

from aiohttp import web

from tests.faults.labels import label
from tests.faults.plan import MID_FLIGHT, Plan
from tests.faults.run import Run
from tests.stage import spoil
from tests.stage.kube import ApiFailure
from tests.stage.traffic import Forward, Request, Rule, Spoil

FORBIDDEN = 'User "system:serviceaccount:registry-operator:registry-operator" cannot do this: injected'
SPOILS: dict[str, Spoil] = {
    "409": spoil.answer(409, "Conflict"),
    "500": spoil.answer(500, "InternalError"),
    "503": spoil.answer(503, "ServiceUnavailable"),
    "429": spoil.answer(429, "TooManyRequests", retry_after=1),
    "403": spoil.answer(403, "Forbidden", FORBIDDEN),
    "422": spoil.answer(422, "Invalid"),
    "quota": spoil.answer(403, "Forbidden", "exceeded quota: injected"),
    "reset": spoil.refuse(),
    "garbled": spoil.garble(),
    "lost": spoil.lose_answer(),
    "slow-1": spoil.delay(1),
    "slow-10": spoil.delay(10),
    "slow-35": spoil.delay(35),
    "black-hole": spoil.black_hole(60),
}
FUZZ = 20.0
LASTING = {"slow-1": 1.0, "slow-10": 10.0, "slow-35": 35.0, "black-hole": 60.0, "fuzz": FUZZ}
"""How long a strike goes on, in seconds."""
CRASHES = ("crash-before", "crash-after")


def at(plan: Plan, namespace: str, struck: Spoil) -> Rule:
    """Strike the write that the plan names, once."""
    seen: list[int] = []

    def matches(request: Request) -> bool:
        if request.namespace != namespace or not request.write or label(request) != plan.where:
            return False
        seen.append(request.number)
        return len(seen) == plan.turn

    return Rule(matches, struck, times=1)


def fuzz(run: Run) -> Rule:
    """Requests fail by chance for a while, from the first one that does. The seed decides which kinds, how often and in
    which ways; which of them are struck depends on their order, too."""
    assert run.reference is not None
    chance = random.Random(f"{run.plan.workload} {run.plan.turn}")
    methods = sorted({"GET", *(where.partition(" ")[0] for where in run.reference.writes)})
    verbs = chance.sample(methods, chance.randint(1, len(methods)))
    ways = chance.sample([*(what for what in SPOILS if what not in LASTING), "slow-1"], chance.randint(1, 6))
    rate, turns = chance.uniform(0.1, 0.7), itertools.count()
    began: list[float] = []

    def matches(request: Request) -> bool:
        if request.namespace != run.namespace or request.method not in verbs or request.watch:
            return False
        if (began and time.monotonic() > began[0] + FUZZ) or chance.random() > rate:
            return False
        began.append(time.monotonic())
        return True

    async def struck(incoming: web.BaseRequest, forward: Forward) -> web.StreamResponse:
        return await SPOILS[ways[next(turns) % len(ways)]](incoming, forward)

    return Rule(matches, struck, times=None)


def rule(run: Run, *, crash: Callable[[], object], meet: Callable[[Request], object]) -> Rule | None:
    """The rule of a plan that strikes at a write; None for those that do something else."""
    plan, namespace = run.plan, run.namespace
    if plan.what == "fuzz":
        return fuzz(run)
    if plan.what in SPOILS:
        return at(plan, namespace, SPOILS[plan.what])
    if plan.what == "crash-after":
        return at(plan, namespace, spoil.lose_answer(crash))
    if plan.what == "crash-before":
        return at(plan, namespace, spoil.refuse(crash))
    if plan.what == "met":
        found = at(plan, namespace, spoil.before(lambda: meet(found.hits[-1])))
        return found
    if plan.what in MID_FLIGHT and plan.where:
        return at(plan, namespace, spoil.before(lambda: meddle(run)))
    return None


def meddle(run: Run) -> None:
    """What the user does in the middle of it; a Registry that is gone cannot be meddled with."""
    images, what = run.images, run.plan.what
    with contextlib.suppress(ApiFailure):
        if what == "edit":
            images.edit({"log": {"level": "warn"}})
        else:
            spec = images.get()["spec"]
            images.delete()
            if what == "recreate":
                images.gone()
                images.apply(spec)
