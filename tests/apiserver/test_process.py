"""The operator as a process: killed, ended, replaced by another one, and what it finds when it comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from registry_operator.kube.kinds import DEPLOYMENT, EVENT, LEASE, PERSISTENT_VOLUME_CLAIM, REGISTRY, SERVICE
from tests.apiserver.conftest import ACCOUNT
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.apiserver.test_create import FULL
from tests.stage import spoil
from tests.stage.kube import Kube, Object
from tests.stage.stage import StagedOperator
from tests.stage.traffic import Request, Rule, to
from tests.stage.waiting import eventually

SYSTEM = ACCOUNT.partition(":")[0]
LEASE_NAME = "registry-operator"  # the only one that the operator's Role lets it change
ELECTED = {"LEADER_ELECTION": "Enabled", "LEASE_NAMESPACE": SYSTEM, "LEASE_DURATION_SECONDS": "3"}
CLAIM = (PERSISTENT_VOLUME_CLAIM, "-data")
Maker = Callable[..., StagedOperator]


def holder(kube: Kube) -> str | None:
    """Who leads; None where nobody does."""
    lease = kube.find(LEASE, SYSTEM, LEASE_NAME) or {"spec": {}}
    found: str | None = lease["spec"].get("holderIdentity")
    return found


@pytest.fixture
def pair(own_operator: Maker, kube: Kube) -> Iterator[tuple[StagedOperator, StagedOperator]]:
    """A leader, and a standby with full caches."""
    kube.delete(LEASE, SYSTEM, LEASE_NAME, missing=True)
    leader, standby = own_operator(ELECTED | {"IDENTITY": "first"}), own_operator(ELECTED | {"IDENTITY": "second"})
    leader.start()
    eventually(lambda: holder(kube) == "first", "the first one's lead", seen=leader.tail)
    standby.start()
    eventually(lambda: "standing by: it is held by first" in standby.log(), "the second one's wait", seen=standby.tail)
    eventually(lambda: not kube.list(REGISTRY, None), "the end of what earlier tests left", seen=leader.tail, within=90)
    yield leader, standby
    kube.delete(LEASE, SYSTEM, LEASE_NAME, missing=True)


def leads(operator: StagedOperator) -> bool:
    """What the metrics say."""
    return f'leader_election_master_status{{name="{LEASE_NAME}"}} 1.0' in operator.http("/metrics", metrics=True)[1]


def exited(operator: StagedOperator) -> int:
    """Wait for a process that ends by itself; its code."""
    eventually(lambda: not operator.alive, "its end", seen=operator.tail)
    code = operator.exited()
    assert code is not None
    return code


# ---------------------------------------------------------------------- leader and standby
def test_a_standby_is_ready_and_writes_nothing(pair: tuple[StagedOperator, StagedOperator], images: Subject) -> None:
    """Ready means that it could take over; else a rollout of the operator would wait for a second leader."""
    leader, standby = pair
    images.apply(SELF_SIGNED)
    images.ready()
    for operator in pair:
        assert operator.http("/readyz")[0] == operator.http("/healthz")[0] == 200
    assert (leads(leader), leads(standby)) == (True, False)
    assert [str(write) for write in standby.proxy.writes()] == []


def test_who_is_asked_to_end_lets_the_other_in_at_once(
    pair: tuple[StagedOperator, StagedOperator], kube: Kube, images: Subject
) -> None:
    leader, standby = pair
    released: list[Object] = []
    given_up = lambda request: request.resource == "leases" and _spec(request).get("holderIdentity", "") is None  # noqa: E731
    rule = Rule(given_up, spoil.after(lambda: released.append(kube.get(LEASE, SYSTEM, LEASE_NAME)["spec"])))
    leader.proxy.add(rule)
    assert leader.stop() == 0
    assert "holderIdentity" not in released[0]
    eventually(lambda: holder(kube) == "second", "the second one's lead", seen=standby.tail)
    images.apply(SELF_SIGNED)
    images.ready()


def _spec(request: Request) -> Object:
    body: Object = request.body if isinstance(request.body, dict) else {}
    spec: Object = body.get("spec", {})
    return spec


def test_a_leader_that_is_killed_is_followed_when_its_lease_has_run_out(
    pair: tuple[StagedOperator, StagedOperator], kube: Kube, images: Subject
) -> None:
    """In the middle of a creation: nothing is generated twice."""
    leader, standby = pair
    leader.proxy.add(Rule(to("secrets", methods=("POST",), name="images-admin"), spoil.after(leader.kill)))
    images.apply(SELF_SIGNED)
    eventually(lambda: not leader.alive, "its end")
    password = images.secret("-admin", "password")
    eventually(lambda: holder(kube) == "second", "the second one's lead", seen=standby.tail)
    images.ready()
    assert images.secret("-admin", "password") == password
    assert images.admits("admin", password)
    assert leads(standby)


def test_a_leader_that_lost_the_lease_writes_no_more_and_ends(
    pair: tuple[StagedOperator, StagedOperator], kube: Kube, images: Subject
) -> None:
    """Somebody else holds it: whoever that is may be writing already."""
    leader, standby = pair
    standby.kill()
    images.apply(SELF_SIGNED)
    images.ready()
    kube.patch(LEASE, SYSTEM, LEASE_NAME, {"spec": {"holderIdentity": "somebody"}})
    mark = leader.proxy.mark
    assert exited(leader) == 1
    assert "leadership lost: the Lease is held by somebody now" in leader.log()
    assert [str(write) for write in leader.proxy.writes(mark)] == []
    assert holder(kube) == "somebody"


def test_a_leader_that_cannot_renew_gives_up_before_the_other_takes_over(
    pair: tuple[StagedOperator, StagedOperator], kube: Kube, images: Subject
) -> None:
    """Its way to the Lease is cut while all else works: it must have stopped when the other one begins."""
    leader, standby = pair
    images.apply(SELF_SIGNED)
    images.ready()
    leader.proxy.add(Rule(lambda request: request.resource == "leases", spoil.refuse(), times=None))
    assert exited(leader) == 1
    assert "could not be renewed" in leader.log()
    assert holder(kube) == "first"
    eventually(lambda: holder(kube) == "second", "the second one's lead", seen=standby.tail)
    images.edit({"log": {"level": "debug"}})
    images.ready()


def test_a_leader_that_was_frozen_does_not_go_on_where_it_was(
    pair: tuple[StagedOperator, StagedOperator], kube: Kube, images: Subject
) -> None:
    """A machine that was suspended: what it had begun is another one's by now, though its answer has just arrived."""
    leader, standby = pair
    images.apply(SELF_SIGNED)
    images.ready()
    frozen = Rule(to("serviceaccounts"), spoil.after(lambda: os.kill(leader.pid, signal.SIGSTOP)))
    leader.proxy.add(frozen)
    notes = {"example.org/a": "b"}  # on two children that are written one right after the other
    images.edit({"pod": {"serviceAccountAnnotations": notes}, "service": {"annotations": notes}})
    eventually(lambda: holder(kube) == "second", "the second one's lead", seen=standby.tail)
    images.ready()
    assert frozen.hits
    mark = leader.proxy.mark
    os.kill(leader.pid, signal.SIGCONT)
    assert exited(leader) == 1
    assert [str(write) for write in leader.proxy.writes(mark)] == []


# ---------------------------------------------------------------------- crash and return
GENERATED = ["images-admin", "images-internal", "images-selfsigned"]
STEPS = {
    "credentials": to("secrets", methods=("POST",), name="images-internal"),
    "authority": to("secrets", methods=("POST",), name="images-selfsigned"),
    "password-file": to("secrets", methods=("PATCH",), name="images-htpasswd"),
    "claim": to("persistentvolumeclaims"),
    "workload": to("deployments"),
    "status": to("registries", subresource="status"),
}


def test_killed_at_each_step_of_a_creation(own_operator: Maker, images: Subject) -> None:
    """One creation, and a crash after each of its steps: what was generated stays, and the pods are rolled once."""
    operator = own_operator()
    rules = [operator.proxy.add(Rule(step, spoil.after(operator.kill))) for step in STEPS.values()]
    operator.start()
    images.apply(SELF_SIGNED)
    while not images.is_current():  # two steps may be struck in one life: what a dying process had sent is on its way
        eventually(lambda: not operator.alive or images.is_current(), "a crash, or the end", seen=operator.tail)
        if not operator.alive:
            operator.start(wait=False)
    assert all(rule.hits for rule in rules)
    made = [write.name for write in operator.proxy.writes() if (write.method, write.status) == ("POST", 201)]
    assert sorted(name for name in made if name in GENERATED) == sorted(GENERATED), "something was generated twice"
    assert images.child(DEPLOYMENT)["metadata"]["generation"] == 1
    assert images.admits("admin", images.secret("-admin", "password"))


def test_what_happened_while_it_was_down(own_operator: Maker, kube: Kube, images: Subject) -> None:
    """A Registry was deleted and made again, one was deleted, one came, and one asks for less than before."""
    gone, fresh, less = (Subject(images.stage, images.namespace, name) for name in ("gone", "fresh", "less"))
    operator = own_operator().start()
    for subject, spec in ((images, SELF_SIGNED), (gone, SELF_SIGNED), (less, {**FULL, "storage": {}})):
        subject.apply(spec)
    for subject in (images, gone, less):
        subject.ready()
    volume = images.child(*CLAIM)["metadata"]["uid"]
    operator.kill()

    for subject in (images, gone):
        subject.delete()
        subject.gone()
    registry = images.apply(SELF_SIGNED)
    fresh.apply(SELF_SIGNED)
    less.apply({**SELF_SIGNED, "version": "3"})
    operator.start()

    for subject in (images, fresh, less):
        subject.ready()
        assert subject.admits("admin", subject.secret("-admin", "password"))
    for key, child in images.children().items():
        owners = [owner["uid"] for owner in child["metadata"].get("ownerReferences", [])]
        assert owners == ([] if key[0] == "PersistentVolumeClaim" else [registry["metadata"]["uid"]]), key
    assert images.child(*CLAIM)["metadata"]["uid"] == volume
    assert "annotations" not in less.child(SERVICE)["metadata"]
    assert less.child(DEPLOYMENT)["spec"]["template"]["spec"].get("tolerations") is None
    kept = {("PersistentVolumeClaim", "gone-data")}
    eventually(lambda: set(gone.children()) == kept, "the collector's work", seen=lambda: list(gone.children()))


# ---------------------------------------------------------------------- the end
def test_the_last_events_are_told_before_the_end(own_operator: Maker, kube: Kube, images: Subject) -> None:
    """They are sent in the background, one after the other: a process that ends must wait for them."""
    operator = own_operator().start()
    told = operator.proxy.add(Rule(to("events", namespace=images.namespace), spoil.delay(1.2), times=None))
    images.apply(SELF_SIGNED)
    images.ready()
    eventually(lambda: told.hits, "the first Event on its way")
    assert operator.stop() == 0
    sent = {write.body["reason"] for write in told.hits}
    assert "Serving" in sent
    assert {event["reason"] for event in kube.list(EVENT, images.namespace)} >= sent


def test_the_end_does_not_wait_for_events_for_ever(own_operator: Maker, images: Subject) -> None:
    operator = own_operator().start()
    rule = operator.proxy.add(Rule(to("events"), spoil.delay(600), times=None))
    images.apply(SELF_SIGNED)
    images.ready()
    eventually(lambda: rule.hits, "an Event on its way")
    assert operator.stop() == 0
    assert "events are dropped at the end" in operator.log()
