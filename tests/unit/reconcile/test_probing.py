"""What is asked of a running registry, and how often."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from registry_operator.reconcile.probing import Prober, Question, _carried
from registry_operator.reconcile.registry_cache import Key
from registry_operator.registry import probe
from registry_operator.registry.http import Target
from registry_operator.registry.probe import (
    HttpError,
    Ok,
    Outcome,
    Refused,
    TimedOut,
    TlsExpectation,
    Trust,
    Untrusted,
    WrongCertificate,
)
from registry_operator.status.findings import Answer, Login
from tests.unit.clock import FakeClock

OK = Ok(trust=Trust.PLAIN)
FULL = HttpError(status=500, message="answered 500 (UNKNOWN, no space left on device)")
READ_ONLY = HttpError(status=405, message="answered 405")
SERVICE = Target("images.team-a.svc", 443, "10.0.0.1", 443)
PODS = (("one", replace(SERVICE, address="10.1.0.1")), ("two", replace(SERVICE, address="10.1.0.2")))
QUESTION = Question(
    key=Key("team-a", "images"),
    service=SERVICE,
    pods=PODS,
    tls=None,
    user="operator-0123456789",
    standing_user="operator-9876543210",
    password="secret",
    read_only=False,
    revision="u-1,ReadWrite,p-1",
)


@dataclass
class Desk:
    """A prober whose registry answers what the test says."""

    prober: Prober
    clock: FakeClock
    says: Outcome = OK
    uploads: int = 0
    knows: tuple[str | None, ...] = (None, QUESTION.user, QUESTION.standing_user)
    logins: dict[str, Outcome] = field(default_factory=dict)
    """What is said to a login, by the address where it is tried."""

    async def ask(self, question: Question = QUESTION) -> bool | None:
        return (await self.prober._ask(question)).upload


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    clock = FakeClock()
    made = Desk(Prober(lambda _: None, interval=60, upload_interval=3600, concurrency=1, clock=clock), clock)

    async def login(target: Target, tls: TlsExpectation | None, user: str | None, password: str = "") -> Outcome:
        return made.logins.get(target.address) or (OK if user in made.knows else Refused())

    async def upload(target: Target, tls: TlsExpectation | None, user: str | None, password: str = "") -> Outcome:
        made.uploads += 1
        return made.says

    monkeypatch.setattr(probe, "login", login)
    monkeypatch.setattr(probe, "upload", upload)
    return made


async def test_an_upload_is_begun_seldom(desk: Desk) -> None:
    """Each one stays on the volume for a week."""
    for _ in range(40):
        assert await desk.ask() is True
        desk.clock.time += 60
    assert desk.uploads == 1
    desk.clock.time += 3600
    assert await desk.ask() is True
    assert await desk.ask() is True
    assert desk.uploads == 2


async def test_new_pods_are_asked_at_once(desk: Desk) -> None:
    await desk.ask()
    await desk.ask(replace(QUESTION, revision="u-1,ReadWrite,p-2"))
    assert desk.uploads == 2


async def test_a_volume_that_fills_up_is_noticed_and_asked_until_there_is_room(desk: Desk) -> None:
    assert await desk.ask() is True
    desk.says = FULL
    assert await desk.ask() is True, "not tried yet"
    desk.clock.time += 4500
    for _ in range(3):
        assert await desk.ask() is False
        desk.clock.time += 1
    assert "no space left" in (await desk.prober._ask(QUESTION)).upload_message
    desk.says = OK
    assert await desk.ask() is True
    assert desk.uploads == 6


async def test_read_only_is_asked_of_every_pod(desk: Desk) -> None:
    question = replace(QUESTION, read_only=True)
    desk.says = READ_ONLY
    assert await desk.ask(question) is None
    assert await desk.ask(question) is None
    assert desk.uploads == 2
    desk.clock.time += 4500
    desk.says = OK
    assert await desk.ask(question) is True, "a pod takes uploads though it must not"


async def test_read_only_holds_once_every_pod_has_refused(desk: Desk) -> None:
    question = replace(QUESTION, read_only=True)
    assert not (await desk.prober._ask(question)).sealed, "pods still take uploads"
    desk.says = FULL
    assert not (await desk.prober._ask(question)).sealed, "that was another refusal"
    desk.says = READ_ONLY
    assert (await desk.prober._ask(question)).sealed
    assert (await desk.prober._ask(question)).sealed, "also without another try"
    desk.knows = ()
    assert not (await desk.prober._ask(question)).sealed, "nobody was asked"
    assert not (await desk.prober._ask(QUESTION)).sealed


async def test_a_registry_that_returns_is_asked_anew(desk: Desk) -> None:
    await desk.ask()
    desk.prober.drop(QUESTION.key)
    await desk.ask()
    assert desk.uploads == 2


async def test_while_the_newest_accounts_are_on_their_way_the_standing_one_tells_that_it_serves(desk: Desk) -> None:
    desk.knows = (QUESTION.standing_user,)
    answer = await desk.prober._ask(QUESTION)
    assert (answer.login, answer.others_accepted, answer.upload) == (Login.REFUSED, True, True)
    desk.knows = ()
    answer = await desk.prober._ask(QUESTION)
    assert (answer.login, answer.others_accepted) == (Login.REFUSED, False)


GOOD = Answer(Login.ACCEPTED, upload=True)
OLDER = Answer(Login.REFUSED, others_accepted=True, upload=True)
THREE = (*PODS[1:], ("three", replace(SERVICE, address="10.1.0.3")))


@pytest.mark.parametrize(
    ("change", "before", "left"),
    [
        ({"user": "operator-1111111111"}, GOOD, OLDER),
        ({"user": "operator-1111111111"}, OLDER, OLDER),
        ({"user": "operator-1111111111"}, Answer(Login.FAILED), None),
        ({"user": "operator-1111111111"}, replace(GOOD, stale_pods=("one",)), None),
        ({"user": "operator-1111111111"}, replace(GOOD, silent_pods=("one is silent",)), None),
        ({"pods": THREE, "revision": "other"}, GOOD, GOOD),
        ({"pods": THREE[1:], "revision": "other"}, GOOD, None),
        ({"user": None}, GOOD, None),
        ({"tls": TlsExpectation(fingerprint="new")}, GOOD, None),
        ({"read_only": True}, GOOD, None),
        ({"service": replace(SERVICE, address="10.0.0.2")}, GOOD, None),
    ],
)
def test_what_stays_known_when_the_question_changes(
    change: dict[str, object], before: Answer, left: Answer | None
) -> None:
    """It goes on serving while users come and go, or while some of its pods do; all else has to be asked anew."""
    assert _carried(QUESTION, replace(QUESTION, **change), before) == left  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "kind", "told"),
    [
        (WrongCertificate(message="serves another certificate"), "stale_pods", "two"),
        (Refused(message="answered 401"), "late_pods", "two"),
        (TimedOut(message="gave no answer"), "silent_pods", "two gave no answer"),
        (Untrusted(message="serves one that expired"), "silent_pods", "two serves one that expired"),
        (HttpError(status=503, message="answered 503"), "silent_pods", "two answered 503"),
    ],
)
async def test_each_of_several_pods_must_serve(desk: Desk, outcome: Outcome, kind: str, told: str) -> None:
    """The Service may have led the operator's own login to another one."""
    good = await desk.prober._ask(QUESTION)
    assert good.good
    desk.logins["10.1.0.2"] = outcome
    answer = await desk.prober._ask(QUESTION)
    change: dict[str, Any] = {kind: (told,)}
    assert answer == replace(good, **change)
    assert not answer.good


async def test_a_single_pod_is_seen_through_the_service(desk: Desk) -> None:
    desk.logins["10.1.0.1"] = TimedOut(message="gave no answer")
    assert (await desk.prober._ask(replace(QUESTION, pods=PODS[:1]))).good
