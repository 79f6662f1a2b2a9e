"""Whole walks: from nothing to a served Registry, over restarts, crashes and stale caches."""

from __future__ import annotations

import pytest

from registry_operator.kube import kinds
from registry_operator.kube.errors import Unreachable
from tests.unit.reconcile.subject import GOOD, NAMES, SELF_SIGNED, Subject


async def test_an_empty_cluster_becomes_a_registry_that_serves() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    assert subject.condition("Reconciling") == ("False", "Settled")
    assert subject.condition("Stalled") == ("False", "NotStalled")
    assert subject.told.metered["team-a", "images"]["conditions"][0]["status"] == "True"


async def test_the_deployment_comes_after_all_that_its_pods_mount() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    order = [name for _, kind, name in subject.cluster.writes if kind != "Registry"]
    assert order[-1] == "images", "of the writes but the status"
    mounted = {volume["secret"]["secretName"] for volume in _volumes(subject) if "secret" in volume}
    assert len(mounted) == 3
    assert mounted | {NAMES.claim} <= set(order[:-1])


async def test_nothing_is_written_twice() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    subject.cluster.calls.clear()
    await subject.reconcile()
    assert subject.cluster.calls == [], "neither read live nor written"


async def test_a_restart_writes_nothing_and_tells_nothing() -> None:
    subject = Subject(SELF_SIGNED | {"storage": {"emptyDir": {}}})
    await subject.settle()
    subject.cluster.calls.clear()
    subject.start()
    subject.prober.says = None  # before the first answer of the new process
    await subject.reconcile()
    subject.prober.says = GOOD
    await subject.reconcile()
    assert subject.cluster.calls == []
    assert subject.told.events == []


async def test_a_restart_without_tls_tells_nothing_again() -> None:
    subject = Subject({"tls": {"disabled": {}}})
    await subject.settle()
    assert [reason for _, reason, _ in subject.told.events].count("TLSDisabled") == 1
    subject.start()
    await subject.reconcile()
    await subject.reconcile()
    assert subject.told.events == []


@pytest.mark.parametrize("crash", range(1, 14))
async def test_a_crash_after_any_write_leads_to_the_same_end(crash: int) -> None:
    """The process ends after its n-th write; the next one goes on with what the API server holds."""
    straight = Subject(SELF_SIGNED)
    await straight.settle()
    total = len([call for call in straight.cluster.writes if call[1] != "Registry"])
    subject = Subject(SELF_SIGNED)
    await _run_and_crash(subject, crash)
    subject.start()
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    made = {(kind.kind, name.split("-tls-")[0].split("-config-")[0]) for kind, _, name in subject.cluster.objects}
    assert made == {
        (kind.kind, name.split("-tls-")[0].split("-config-")[0]) for kind, _, name in straight.cluster.objects
    }
    assert len([call for call in subject.cluster.writes if call[1] != "Registry"]) == total, "no write was done twice"


async def _run_and_crash(subject: Subject, after: int) -> None:
    """The write arrives, its answer does not: what a crash or a lost connection looks like."""

    class Crash(Exception):
        pass

    original = subject.cluster._store
    count = 0

    def store(key: object, obj: object) -> object:
        nonlocal count
        result = original(key, obj)  # type: ignore[arg-type]
        count += 1
        if count == after:
            raise Crash
        return result

    subject.cluster._store = store  # type: ignore[method-assign, assignment]
    try:
        await subject.settle()
    except Crash:
        pass
    finally:
        subject.cluster._store = original  # type: ignore[method-assign]


async def test_with_caches_that_see_nothing_at_all_no_generated_value_changes() -> None:
    """Own writes are seen by their answers; a new process with caches from before them reads live first."""
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    before = {name: subject.secret(name) for name in (NAMES.internal, NAMES.admin, NAMES.selfsigned)}
    for informer in subject.world.informers:
        list(informer.store.replace(None, (), 0, 2**60))
    subject.cluster.calls.clear()
    await subject.settle()
    assert {name: subject.secret(name) for name in before} == before
    wrote = [call for call in subject.cluster.writes if call[1] != "Registry"]
    assert {(verb, kind) for verb, kind, _ in wrote} <= {("create", "Secret")}, "which the API server refuses"
    assert len(wrote) == 5, "the others are looked at first"


async def test_an_outage_of_the_api_server_is_no_state_of_a_registry() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    status = subject.status
    subject.cluster.drop(kinds.SERVICE, "images")
    subject.deliver()
    subject.cluster.errors["apply", "Service"] = Unreachable("no answer")
    with pytest.raises(Unreachable):
        await subject.reconcile()
    assert subject.status == status


async def test_nobody_is_asked_on_while_the_spec_makes_no_sense() -> None:
    """Pods come and go meanwhile, and a question that gets old would send the password to whoever has their address."""
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    subject.respec({**SELF_SIGNED, "version": "9"})
    await subject.settle()
    assert subject.condition("Stalled") == ("True", "InvalidSpec")
    assert subject.prober.followed is None
    subject.respec(SELF_SIGNED)
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")


def _volumes(subject: Subject) -> list[dict[str, dict[str, str]]]:
    found = subject.cluster.find(kinds.DEPLOYMENT, "images")
    assert found is not None
    volumes: list[dict[str, dict[str, str]]] = found["spec"]["template"]["spec"]["volumes"]
    return volumes


@pytest.mark.parametrize(
    ("storage", "stalled"), [({"emptyDir": {}}, "NotStalled"), ({}, "DowngradeRefused")], ids=["nothing", "a claim"]
)
async def test_line_2_is_refused_where_line_3_has_written(storage: dict[str, object], stalled: str) -> None:
    """What an emptyDir holds ends with its pod, so there is nothing that line 2 could fail to read."""
    spec = SELF_SIGNED | {"storage": storage}
    subject = Subject(spec | {"version": "3"})
    await subject.settle()
    subject.respec(spec | {"version": "2"})
    await subject.settle()
    assert subject.condition("Stalled")[1] == stalled
    deployment = subject.cluster.find(kinds.DEPLOYMENT, "images")
    assert deployment is not None
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == ("registry:2.8.3" if stalled == "NotStalled" else "registry:3.1.1")
