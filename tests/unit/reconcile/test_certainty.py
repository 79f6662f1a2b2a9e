"""Two operators, of which one knows less: pods are rolled once, to what is wished now."""

from __future__ import annotations

import pytest

from registry_operator.kube import kinds
from registry_operator.kube.errors import Forbidden
from registry_operator.kube.kinds import Kind
from registry_operator.reconcile.refusals import Raced
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.subject import NAMES, SELF_SIGNED, Subject

DEBUG = {**SELF_SIGNED, "log": {"level": "debug"}}
APPLY = ("apply", "Deployment", "images")


async def served() -> Subject:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    subject.cluster.calls.clear()
    return subject


def unseen(subject: Subject, spec: Object) -> None:
    """The user edits, and this operator has not heard of it yet."""

    def change(obj: Object) -> None:
        obj["spec"] = spec
        obj["metadata"]["generation"] += 1

    subject.cluster.edit(kinds.REGISTRY, "images", change)


async def test_pods_are_not_rolled_to_a_spec_that_is_no_more() -> None:
    subject = await served()
    subject.respec(DEBUG)
    unseen(subject, SELF_SIGNED)
    with pytest.raises(Raced, match="newer spec"):
        await subject.reconcile()
    assert APPLY not in subject.cluster.writes
    subject.deliver()
    await subject.settle()
    assert APPLY not in subject.cluster.writes, "the pods run what is wished, and ran it all the time"


async def test_pods_are_not_rolled_on_a_secret_that_is_no_more() -> None:
    """The other operator has renewed the certificate, and rolled the pods to it."""
    subject = await served()
    subject.respec(DEBUG)
    subject.cluster.edit(kinds.SECRET, NAMES.selfsigned, lambda obj: obj["data"].update({"note": "eA=="}))
    with pytest.raises(Raced, match="has changed"):
        await subject.reconcile()
    assert APPLY not in subject.cluster.writes
    subject.deliver()
    await subject.settle()
    assert subject.cluster.writes.count(APPLY) == 1


async def test_nothing_is_asked_where_nothing_is_rolled() -> None:
    subject = await served()
    await subject.reconcile()
    assert subject.cluster.calls == []


async def test_nothing_is_made_for_a_spec_that_is_no_more() -> None:
    """The spec had a way from outside when this operator's list was made, and has none any more."""
    subject = await served()
    subject.respec({**SELF_SIGNED, "expose": {"ingress": {"host": "images.example.com"}}})
    unseen(subject, SELF_SIGNED)
    with pytest.raises(Raced, match="newer spec"):
        await subject.reconcile()
    assert subject.cluster.find(kinds.INGRESS, "images") is None
    subject.deliver()
    await subject.settle()
    assert ("apply", "Ingress", "images") not in subject.cluster.writes


@pytest.mark.parametrize(
    ("message", "tries"), [("forbidden because it is being terminated", 1), ("exceeded quota: none", 3)]
)
async def test_a_namespace_that_ends_is_asked_once_in_a_walk(
    monkeypatch: pytest.MonkeyPatch, message: str, tries: int
) -> None:
    """What refuses one kind may take another; a namespace that ends takes none."""
    subject = Subject(SELF_SIGNED)
    made: list[Kind] = []

    async def refuse(kind: Kind, *_: object, **__: object) -> None:
        made.append(kind)
        raise Forbidden(403, "Forbidden", message)

    apply = subject.cluster.apply
    monkeypatch.setattr(subject.cluster, "create", refuse)
    monkeypatch.setattr(
        subject.cluster,
        "apply",
        lambda kind, *more, **others: (apply if kind is kinds.REGISTRY else refuse)(kind, *more, **others),
    )
    await subject.reconcile()
    assert len(made) >= tries
    assert (len(made) == 1) == (tries == 1)
    assert subject.condition("Ready")[0] == "False"
