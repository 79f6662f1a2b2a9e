"""An API server that cannot be read for a while: what changed behind its back is found without a restart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry_operator.kube.kinds import CONFIG_MAP, DEPLOYMENT, SECRET, SERVICE
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage import spoil
from tests.stage.kube import Kube, Object
from tests.stage.stage import Stage, StagedOperator
from tests.stage.traffic import Request, Rule, Spoil
from tests.stage.waiting import eventually


def everything(request: Request) -> bool:
    return True


def watches(request: Request) -> bool:
    return request.watch


BLIND: dict[str, tuple[Callable[[Request], bool], Spoil]] = {
    "expired": (watches, spoil.expire()),
    "refused": (everything, spoil.refuse()),
    "unavailable": (everything, spoil.answer(503, "ServiceUnavailable")),
    "throttled": (everything, spoil.answer(429, "TooManyRequests", retry_after=1)),
}


@pytest.mark.parametrize("how", BLIND)
def test_what_changed_while_nothing_could_be_read(
    operator: StagedOperator, stage: Stage, kube: Kube, namespace: str, how: str
) -> None:
    """A spec and its children, a Registry that went, one that came, and one that went and came again."""
    edited, gone, fresh, again = (Subject(stage, namespace, name) for name in ("edited", "gone", "fresh", "again"))
    for subject in (edited, gone, again):
        subject.apply(SELF_SIGNED)
    for subject in (edited, gone, again):
        subject.ready()
    process, password = operator.pid, edited.secret("-admin", "password")
    selector = edited.child(SERVICE)["spec"]["selector"]

    rule = operator.proxy.add(Rule(*BLIND[how], times=None))
    operator.tear()
    mark = operator.proxy.mark
    for subject in (gone, again):
        subject.delete()
        subject.gone()
    kept = {("PersistentVolumeClaim", "gone-data")}
    eventually(lambda: set(gone.children()) == kept, "the collector's work", seen=lambda: list(gone.children()))
    again.apply(SELF_SIGNED)
    fresh.apply(SELF_SIGNED)
    edited.edit({"log": {"level": "debug"}})
    kube.patch(SERVICE, namespace, "edited", {"spec": {"selector": {"app.kubernetes.io/name": "something-else"}}})
    kube.delete(CONFIG_MAP, namespace, "edited-ca")
    eventually(lambda: len(rule.hits) > 20, "some tries in vain")
    operator.proxy.rules.remove(rule)

    for subject in (edited, fresh, again):
        subject.ready()
        assert subject.admits("admin", subject.secret("-admin", "password"))
    assert edited.secret("-admin", "password") == password
    assert edited.child(SERVICE)["spec"]["selector"] == selector
    assert edited.child(CONFIG_MAP, "-ca")
    assert edited.child(DEPLOYMENT)["metadata"]["generation"] == 2
    assert about(operator, gone, mark) == []
    assert set(gone.children()) == kept
    assert operator.pid == process


def about(operator: StagedOperator, subject: Subject, mark: int) -> list[str]:
    """The writes for a Registry that reached the API server; what is said about it is none of its children."""
    return [
        str(write)
        for write in operator.proxy.writes(mark, namespace=subject.namespace)
        if write.name.startswith(subject.name) and write.resource != "events" and 200 <= write.status < 300
    ]


def test_a_list_that_expires_between_its_pages_is_begun_again(
    own_operator: Callable[..., StagedOperator], kube: Kube, images: Subject
) -> None:
    """More Secrets than fit on a page, and the one that is needed on the last."""

    def make(number: int) -> None:
        kube.create(SECRET, {"metadata": {"namespace": images.namespace, "name": f"filler-{number}"}})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(510)))
    images.user_secret("users", {"htpasswd": "bob:$2b$05$" + "C" * 22 + "D" * 31 + "\n"})
    operator = own_operator()
    rule = operator.proxy.add(Rule(lambda request: "continue" in request.query, spoil.answer(410, "Expired"), times=2))
    operator.start()
    assert len(rule.hits) == 2
    users: Object = {"htpasswd": {"secretRef": {"name": "users", "key": "htpasswd"}}}
    images.apply({**SELF_SIGNED, "auth": users})
    images.ready()
    assert "bob:" in images.secret("-htpasswd", "htpasswd")
