"""Whatever the API server answers, and whenever: what comes about is what comes about undisturbed.

The places for the faults are not listed here: they are the writes that an undisturbed creation has made.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from registry_operator.kube.kinds import CERTIFICATE, DEPLOYMENT, REPLICA_SET, SERVICE
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.apiserver.test_create import general
from tests.apiserver.test_edit import shape
from tests.stage import spoil
from tests.stage.kube import Object
from tests.stage.stage import Stage, StagedOperator
from tests.stage.traffic import Request, Rule, Spoil

MODES: dict[str, Object] = {"self": SELF_SIGNED, "issued": {}}
GENERATED = [
    ("-internal", "http-secret"),
    ("-internal", "probe-password"),
    ("-internal", "salt-key"),
    ("-admin", "password"),
]
AUTHORITY = ("-selfsigned", "ca.key")
FAULTS_EACH = 6  # for one Registry: each failure in a row doubles the pause before the next try


@dataclass(frozen=True)
class Write:
    """The nth write of its sort for one Registry."""

    method: str
    resource: str
    suffix: str
    subresource: str
    nth: int = 1

    @property
    def certain(self) -> bool:
        """Whether a creation cannot do without it; how often there is news for the status is a matter of speed."""
        return self.nth == 1 and self.resource != "events"


class Count:
    """Tells the writes for one Registry from all others, and numbers them."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._last: tuple[int, Write | None] = (-1, None)

    def __call__(self, request: Request) -> Write | None:
        if request.number != self._last[0]:
            self._last = (request.number, self._write(request))
        return self._last[1]

    def _write(self, request: Request) -> Write | None:
        suffix = request.name.removeprefix(self._subject.name)
        about = request.name.startswith(self._subject.name) and (not suffix or suffix[0] in "-.")
        if not request.write or request.namespace != self._subject.namespace or not about:
            return None
        suffix = ".*" if request.resource == "events" else general(suffix)
        sort = (request.method, request.resource, suffix, request.subresource)
        self._seen[sort] += 1
        return Write(*sort, nth=self._seen[sort])


def conflict(method: str) -> Spoil:
    return spoil.answer(409, "AlreadyExists" if method == "POST" else "Conflict")


FAULTS: dict[str, Callable[[str], Spoil]] = {
    "409": conflict,
    "429": lambda _: spoil.answer(429, "TooManyRequests", retry_after=1),
    "500": lambda _: spoil.answer(500, "InternalError"),
    "503": lambda _: spoil.answer(503, "ServiceUnavailable"),
    "504": lambda _: spoil.answer(504, "Timeout"),
    "reset": lambda _: spoil.refuse(),
    "lost": lambda _: spoil.lose_answer(),
}


def writes_of(operator: StagedOperator, subject: Subject, mark: int) -> list[Write]:
    """What has been written for a Registry, in order."""
    count = Count(subject)
    return [write for request in operator.proxy.requests[mark:] if (write := count(request))]


@dataclass(frozen=True)
class Disturbed:
    """A Registry of which some writes are answered badly, each of them once."""

    subject: Subject
    fault: str
    writes: list[Write]
    rules: list[Rule]


def disturb(operator: StagedOperator, subject: Subject, fault: str, writes: list[Write]) -> Disturbed:
    count = Count(subject)
    rules = [
        operator.proxy.add(Rule(functools.partial(hits, count, write), FAULTS[fault](write.method))) for write in writes
    ]
    return Disturbed(subject, fault, writes, rules)


def hits(count: Count, wanted: Write, request: Request) -> bool:
    return count(request) == wanted


def test_each_answer_at_each_write(operator: StagedOperator, stage: Stage, namespace: str) -> None:
    """Ends in the same state as without it, with one password and one authority."""
    made = {name: undisturbed(operator, Subject(stage, namespace, name), spec) for name, spec in MODES.items()}
    places = {name: writes for name, (_, writes) in made.items()}
    places["issued"] = [write for write in places["issued"] if write not in places["self"]]  # cert-manager is slow
    cases = {
        name: [
            disturb(operator, Subject(stage, namespace, f"{name}{fault}-{part}"), fault, several)
            for fault in FAULTS
            for part, several in enumerate(parts(places[name]))
        ]
        for name in MODES
    }
    for name, case in in_each(cases):
        case.subject.apply(MODES[name])
    wrong = {}
    for name, case in in_each(cases):
        case.subject.ready()
        missed = [write for write, rule in zip(case.writes, case.rules, strict=True) if write.certain and not rule.hits]
        assert missed == [], case.subject.name
        if (found := state(case.subject)) != made[name][0]:
            wrong[case.subject.name] = (case.writes, difference(made[name][0], found))
        assert_generated_once(operator, case.subject, [*GENERATED, AUTHORITY] if name == "self" else GENERATED)
    assert wrong == {}


def undisturbed(operator: StagedOperator, subject: Subject, spec: Object) -> tuple[Object, list[Write]]:
    mark = operator.proxy.mark
    subject.apply(spec)
    subject.ready()
    return state(subject), writes_of(operator, subject, mark)


def parts(writes: list[Write]) -> list[list[Write]]:
    """A few writes for each Registry, and those far from each other."""
    stride = -(-len(writes) // FAULTS_EACH)
    return [writes[first::stride] for first in range(stride)]


def in_each(cases: dict[str, list[Disturbed]]) -> Iterator[tuple[str, Disturbed]]:
    return ((name, case) for name, several in cases.items() for case in several)


def state(subject: Subject) -> Object:
    """All that a Registry has brought about, without names, addresses and what is random."""
    address = subject.child(SERVICE)["spec"]["clusterIP"]
    found: Object = {}
    for (kind, name), child in subject.children().items():
        key = f"{kind} {general(name).removeprefix(subject.name)}"
        known = json.loads(json.dumps(child).replace(address, "IP"))
        owners = sorted(
            (owner["kind"], owner.get("controller")) for owner in known["metadata"].get("ownerReferences", [])
        )
        found[key] = shape(known, subject.name) | {"data": sorted(child.get("data", {})), "owners": owners}
    found["rolls"] = subject.child(DEPLOYMENT)["metadata"]["generation"]
    label = f"teamregistry.io/registry={subject.name}"
    found["replica sets"] = len(subject.stage.kube.list(REPLICA_SET, subject.namespace, selector=label))
    found["issued"] = {
        general(item["metadata"]["name"]).removeprefix(subject.name): item["status"]["revision"]
        for item in subject.stage.kube.list(CERTIFICATE, subject.namespace, selector=label)
    }
    found["conditions"] = {
        condition["type"]: (condition["status"], condition["reason"])
        for condition in subject.get()["status"]["conditions"]
    }
    return found


def difference(one: Object, other: Object) -> Object:
    return {key: (one.get(key), other.get(key)) for key in {*one, *other} if one.get(key) != other.get(key)}


def assert_generated_once(operator: StagedOperator, subject: Subject, values: list[tuple[str, str]]) -> None:
    """Of each generated value the API server has taken one, and that one is still there."""
    for suffix, key in values:
        taken = {
            request.body["data"][key]
            for request in operator.proxy.writes(namespace=subject.namespace)
            if (request.resource, request.name) == ("secrets", f"{subject.name}{suffix}")
            and request.status in (200, 201)
            and key in request.body.get("data", {})
        }
        assert len(taken) == 1, (subject.name, suffix, key)
    assert subject.admits("admin", subject.secret("-admin", "password"))
