"""Which statuses are written: what lasts, and at once what somebody relies on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry_operator.kube import kinds
from registry_operator.reconcile.pace import LASTING_SECONDS, LONGEST_SECONDS, Pace
from registry_operator.status.findings import Answer, Login
from tests.unit.reconcile.subject import GOOD, SELF_SIGNED, Subject

REGISTRY_STATUS = ("apply", "Registry", "images")


class Watch:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


def statuses(subject: Subject) -> int:
    return subject.cluster.writes.count(REGISTRY_STATUS)


async def started(watch: Watch) -> Subject:
    """After the first walk, with a pod that has come up since."""
    subject = Subject(SELF_SIGNED, pace=Pace(watch))
    subject.prober.says = None
    await subject.reconcile()
    subject.play()
    subject.deliver()
    return subject


async def test_a_start_needs_two_statuses(watch: Watch) -> None:
    subject = await started(watch)
    assert statuses(subject) == 1, "the first one is early"
    assert subject.condition("Reconciling")[0] == "True"
    for _ in range(3):
        assert await subject.reconcile() == LONGEST_SECONDS
    subject.prober.says = GOOD
    await subject.reconcile()
    assert subject.condition("Ready") == ("True", "Serving")
    assert statuses(subject) == 2
    assert [reason for _, reason, _ in subject.told.events] == ["Serving"]


async def test_how_far_it_has_got_is_told_late(watch: Watch) -> None:
    """And no later because it keeps changing."""
    subject = await started(watch)
    for second in range(int(LONGEST_SECONDS)):
        watch.seconds = second
        subject.prober.says = Answer(Login.REFUSED, f"try {second}", others_accepted=True)
        await subject.reconcile()
    assert statuses(subject) == 1
    watch.seconds += 1
    await subject.reconcile()
    assert statuses(subject) == 2


async def test_a_trouble_that_lasts_is_told_soon(watch: Watch) -> None:
    subject = await started(watch)
    subject.prober.says = Answer(Login.FAILED, "cannot be reached")
    assert await subject.reconcile() == LASTING_SECONDS
    watch.seconds += LASTING_SECONDS - 1
    assert await subject.reconcile() == pytest.approx(1)
    watch.seconds += 1
    await subject.reconcile()
    assert subject.condition("Reachable") == ("False", "Unreachable")
    assert [kind for kind, _, _ in subject.told.events] == ["Warning"]


async def test_a_trouble_that_passes_is_told_nobody(watch: Watch) -> None:
    subject = await started(watch)
    subject.prober.says = Answer(Login.FAILED, "cannot be reached")
    await subject.reconcile()
    watch.seconds += LASTING_SECONDS - 1
    subject.prober.says = GOOD
    await subject.reconcile()
    assert subject.condition("Ready") == ("True", "Serving")
    assert [kind for kind, _, _ in subject.told.events] == ["Normal"]


async def ready(watch: Watch) -> Subject:
    subject = await started(watch)
    subject.prober.says = GOOD
    await subject.settle()
    assert subject.condition("Ready")[0] == "True"
    subject.cluster.calls.clear()
    return subject


@pytest.mark.parametrize(
    ("answer", "condition"),
    [
        (Answer(Login.FAILED, "gone"), "Ready"),
        (replace(GOOD, login=Login.REFUSED, others_accepted=True), "CredentialsReady"),
        (replace(GOOD, upload=False, upload_message="full"), "Writable"),
    ],
    ids=["unreachable", "accounts not live", "full"],
)
async def test_what_ceases_to_be_so_is_told_at_once(watch: Watch, answer: Answer, condition: str) -> None:
    subject = await ready(watch)
    subject.prober.says = answer
    await subject.reconcile()
    assert subject.condition(condition)[0] == "False"
    subject.prober.says = GOOD
    await subject.reconcile()
    assert subject.condition(condition)[0] == "True", "and so is its end"


async def test_what_a_person_has_to_do_is_told_at_once(watch: Watch) -> None:
    subject = await ready(watch)
    subject.respec({"tls": {"secretRef": {"name": "pair"}}})
    await subject.reconcile()
    secret = {"metadata": {"namespace": "team-a", "name": "pair"}, "data": {}}
    subject.cluster.put(kinds.SECRET, secret)
    subject.deliver()
    await subject.reconcile()
    assert subject.condition("Stalled") == ("True", "SecretInvalid")


async def test_a_new_spec_is_told_to_be_seen_at_once(watch: Watch) -> None:
    subject = await ready(watch)
    subject.respec({**SELF_SIGNED, "log": {"level": "debug"}})
    await subject.reconcile()
    assert subject.status["observedGeneration"] == 2


async def test_what_is_new_about_what_is_well_is_told_at_once(watch: Watch) -> None:
    subject = await ready(watch)
    grown = {"phase": "Bound", "capacity": {"storage": "30Gi"}}
    subject.cluster.edit(kinds.PERSISTENT_VOLUME_CLAIM, "images-data", lambda claim: claim.update(status=grown))
    subject.deliver()
    await subject.reconcile()
    assert subject.status["storage"]["capacity"] == "30Gi"


async def test_what_is_new_about_what_a_person_has_to_mend_waits(watch: Watch) -> None:
    """It serves what it served before, and changes as often as somebody tries."""
    subject = await ready(watch)
    subject.respec({"tls": {"secretRef": {"name": "pair"}}})
    await subject.reconcile()
    before = statuses(subject)
    grown = {"phase": "Bound", "capacity": {"storage": "30Gi"}}
    subject.cluster.edit(kinds.PERSISTENT_VOLUME_CLAIM, "images-data", lambda claim: claim.update(status=grown))
    subject.deliver()
    await subject.reconcile()
    assert subject.condition("Ready")[0] == "True"
    assert statuses(subject) == before
