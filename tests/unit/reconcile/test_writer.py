"""The rules of writing, one by one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from registry_operator.kube import kinds
from registry_operator.kube.errors import Forbidden, Unreachable
from registry_operator.reconcile.refusals import Raced
from registry_operator.reconcile.writer import Writer
from registry_operator.status.problems import Blocked
from registry_operator.status.reasons import Reason
from tests.unit.reconcile.cluster import Cluster, Object
from tests.unit.reconcile.subject import Subject, secret

LABELS = {"app.kubernetes.io/managed-by": "registry-operator", "teamregistry.io/registry": "images"}
OWNER: Object = {"apiVersion": "teamregistry.io/v1alpha1", "kind": "Registry", "name": "images", "uid": "u-1"}
OWNER |= {"controller": True, "blockOwnerDeletion": True}
WANTED: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"namespace": "team-a", "name": "child", "labels": LABELS, "ownerReferences": [OWNER]},
    "data": {"ca.crt": "x"},
}
THEIRS: Object = {"metadata": {"namespace": "team-a", "name": "child"}, "data": {"theirs": "y"}}


class Desk:
    """A writer, with a fresh look at the Registry each time."""

    def __init__(self, spec: Object | None = None) -> None:
        self.subject = Subject(spec or {})
        self.cluster: Cluster = self.subject.cluster
        self.cluster.calls.clear()

    @property
    def writer(self) -> Writer:
        return self.subject.run().writer

    async def ensure(self, wanted: Object = WANTED, *, writer: Writer | None = None) -> Any:
        return await (writer or self.writer).ensure(kinds.CONFIG_MAP, copy.deepcopy(wanted))

    def live(self) -> Object | None:
        return self.cluster.find(kinds.CONFIG_MAP, "child")


async def test_what_the_cache_lacks_is_read_live_before_it_is_made() -> None:
    desk = Desk()
    made = await desk.ensure()
    asked = ("get", "Registry", "images")  # whether it is still there: see test_adoption.py
    assert desk.cluster.calls == [("get", "ConfigMap", "child"), asked, ("apply", "ConfigMap", "child")]
    assert made.view == "x"


async def test_an_own_write_is_seen_without_a_watch_event() -> None:
    desk = Desk()
    await desk.ensure()
    desk.cluster.calls.clear()
    await desk.ensure()
    assert desk.cluster.calls == []


async def test_what_the_cache_lacks_and_is_there_already_is_not_written_again() -> None:
    desk = Desk()
    await desk.ensure()
    desk.subject.start()
    for informer in desk.subject.world.informers:
        list(informer.store.replace(None, (), 0, 2**60))
    desk.cluster.calls.clear()
    await desk.ensure()
    assert desk.cluster.calls == [("get", "ConfigMap", "child")]


async def test_drift_is_put_right_under_the_uid_that_was_looked_at() -> None:
    desk = Desk()
    await desk.ensure()
    desk.cluster.edit(kinds.CONFIG_MAP, "child", lambda obj: obj["data"].update({"ca.crt": "evil"}))
    desk.subject.deliver()
    assert (await desk.ensure()).view == "x"
    assert desk.cluster.writes[-1] == ("apply", "ConfigMap", "child")


async def test_a_field_that_is_no_longer_wanted_is_removed_and_theirs_stay() -> None:
    desk = Desk()
    await desk.ensure({**WANTED, "data": {"ca.crt": "x", "old": "o"}})
    desk.cluster.edit(kinds.CONFIG_MAP, "child", lambda obj: obj["data"].update(theirs="y"))
    desk.subject.deliver()
    await desk.ensure()
    live = desk.live()
    assert live is not None
    assert live["data"] == {"ca.crt": "x", "theirs": "y"}


async def test_a_successor_is_never_written_to_on_a_stale_look() -> None:
    """The cache holds the child; meanwhile it was deleted and somebody made one of that name."""
    desk = Desk()
    await desk.ensure()
    desk.cluster.drop(kinds.CONFIG_MAP, "child")
    theirs = copy.deepcopy(desk.cluster.put(kinds.CONFIG_MAP, THEIRS))
    with pytest.raises(Raced):
        await desk.ensure({**WANTED, "data": {"ca.crt": "new"}})
    assert desk.live() == theirs


async def test_a_deleted_child_is_not_brought_back_on_a_stale_look() -> None:
    desk = Desk()
    await desk.ensure()
    desk.cluster.drop(kinds.CONFIG_MAP, "child")
    with pytest.raises(Raced):
        await desk.ensure({**WANTED, "data": {"ca.crt": "new"}})
    assert desk.live() is None


@pytest.mark.parametrize("data", [{"theirs": "y"}, {"ca.crt": "theirs"}], ids=["beside ours", "in the place of ours"])
async def test_a_race_for_a_name_leaves_the_other_object_as_it_was(data: dict[str, str]) -> None:
    desk = Desk()
    desk.cluster.before_write = lambda: desk.cluster.put(kinds.CONFIG_MAP, {**THEIRS, "data": data})
    with pytest.raises(Raced):
        await desk.ensure()
    live = desk.live()
    assert live is not None
    assert live["data"] == data
    assert live["metadata"].keys() & {"labels", "ownerReferences"} == set()
    with pytest.raises(Blocked) as caught:
        await desk.ensure()
    assert caught.value.problem.reason is Reason.NAME_CONFLICT


async def test_a_foreign_object_is_named_and_not_touched() -> None:
    desk = Desk()
    desk.cluster.put(kinds.CONFIG_MAP, THEIRS)
    with pytest.raises(Blocked) as caught:
        await desk.ensure()
    problem = caught.value.problem
    assert (problem.reason, problem.stalled) == (Reason.NAME_CONFLICT, True)
    assert problem.message.startswith("ConfigMap child exists and is not this Registry's")
    assert problem.retry is not None, "no watch of ours tells when it goes"
    assert desk.cluster.writes == []


async def test_what_a_former_registry_left_is_waited_for() -> None:
    desk = Desk()
    metadata = {**WANTED["metadata"], "ownerReferences": [{**OWNER, "uid": "u-0"}]}
    desk.cluster.put(kinds.CONFIG_MAP, {**WANTED, "metadata": metadata})
    desk.subject.deliver()
    with pytest.raises(Blocked) as caught:
        await desk.ensure()
    assert (caught.value.problem.reason, caught.value.problem.stalled) == (Reason.OWNER_GONE, False)
    assert caught.value.problem.retry is not None
    assert desk.cluster.writes == []


async def test_an_orphan_is_taken_back() -> None:
    desk = Desk()
    await desk.ensure()
    desk.cluster.edit(kinds.CONFIG_MAP, "child", lambda obj: obj["metadata"].pop("ownerReferences"))
    desk.subject.deliver()
    await desk.ensure()
    live = desk.live()
    assert live is not None
    assert live["metadata"]["ownerReferences"] == [OWNER]


async def test_a_child_on_its_way_out_is_waited_for() -> None:
    desk = Desk()
    await desk.ensure()
    gone = {"deletionTimestamp": "2026-11-24T10:00:00Z"}
    desk.cluster.edit(kinds.CONFIG_MAP, "child", lambda obj: obj["metadata"].update(gone))
    desk.subject.deliver()
    desk.cluster.calls.clear()
    with pytest.raises(Blocked) as caught:
        await desk.ensure()
    assert caught.value.problem.reason is Reason.WAITING
    assert desk.cluster.calls == []


async def test_refusals_of_reads_are_told_like_those_of_writes() -> None:
    rbac = 'configmaps "child" is forbidden: User "x" cannot get resource "configmaps"'
    desk = Desk()
    desk.cluster.errors["get", "ConfigMap"] = Forbidden(403, "Forbidden", rbac)
    with pytest.raises(Blocked) as caught:
        await desk.ensure()
    assert caught.value.problem.reason is Reason.FORBIDDEN
    desk.cluster.errors["get", "ConfigMap"] = Unreachable("no answer")
    with pytest.raises(Unreachable):
        await desk.ensure()


# ---------------------------------------------------------------------- generated values
KEYS = frozenset({"password"})


def composed(values: Any) -> Object:
    metadata = {**WANTED["metadata"], "name": "generated"}
    return {**secret("generated", {"password": values.get("password", ""), "login": "me"}), "metadata": metadata}


async def generate(desk: Desk, value: str) -> str:
    writer = desk.writer
    made = await writer.generated("generated", composed, lambda: {"password": value}, KEYS)
    found = await writer.kept(made, composed, KEYS)
    password: bytes = found.view.data["password"]
    return password.decode()


async def test_a_generated_value_is_made_by_post_and_never_again() -> None:
    desk = Desk()
    assert await generate(desk, "first") == "first"
    assert desk.cluster.writes == [("create", "Secret", "generated")]
    desk.subject.deliver()
    assert await generate(desk, "second") == "first"
    assert len(desk.cluster.writes) == 1


async def test_of_two_operators_the_second_reads_what_the_first_made() -> None:
    desk = Desk()
    desk.cluster.before_write = lambda: desk.cluster.put(kinds.SECRET, composed({"password": "theirs"}))
    assert await generate(desk, "mine") == "theirs"


async def test_a_lost_value_is_not_made_anew_on_a_stale_look() -> None:
    """Somebody has put the value back; the cache does not know."""
    desk = Desk()
    await generate(desk, "first")
    desk.cluster.edit(kinds.SECRET, "generated", lambda obj: obj["data"].pop("password"))
    desk.subject.deliver()
    desk.cluster.edit(
        kinds.SECRET, "generated", lambda obj: obj["data"].update(secret("", {"password": "back"})["data"])
    )
    with pytest.raises(Raced):
        await generate(desk, "second")
    desk.subject.deliver()
    assert await generate(desk, "second") == "back"


async def test_what_follows_from_generated_values_is_put_right() -> None:
    desk = Desk()
    await generate(desk, "first")
    desk.cluster.edit(kinds.SECRET, "generated", lambda obj: obj["data"].update(login="eA=="))
    desk.cluster.edit(kinds.SECRET, "generated", lambda obj: obj["metadata"].pop("ownerReferences"))
    desk.subject.deliver()
    assert await generate(desk, "second") == "first"
    assert desk.subject.secret("generated") == {"password": "first", "login": "me"}
    live = desk.cluster.find(kinds.SECRET, "generated")
    assert live is not None
    assert live["metadata"]["ownerReferences"] == [OWNER]


# ---------------------------------------------------------------------- paused
PAUSED = {"reconciliation": "Paused"}


async def test_paused_changes_nothing_and_tells_what_it_would() -> None:
    desk = Desk(PAUSED)
    desk.cluster.put(kinds.CONFIG_MAP, {**WANTED, "data": {"ca.crt": "old"}})
    desk.subject.deliver()
    writer = desk.writer
    for _ in range(2):
        assert (await writer.ensure(kinds.CONFIG_MAP, WANTED)).view == "old"
    await writer.remove(kinds.CONFIG_MAP, await writer.ensure(kinds.CONFIG_MAP, WANTED))
    assert writer.held == ["ConfigMap child", "ConfigMap child (to be deleted)"]
    assert desk.cluster.writes == []


async def test_paused_makes_nothing() -> None:
    desk = Desk(PAUSED)
    for attempt in (desk.ensure, lambda: generate(desk, "first")):
        with pytest.raises(Blocked) as caught:
            await attempt()
        assert caught.value.problem.reason is Reason.PAUSED
    assert desk.cluster.writes == []
