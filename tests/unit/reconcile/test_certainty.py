"""Two operators, of which one knows less: pods are rolled once, to what is wished now."""

from __future__ import annotations

import pytest

from registry_operator.kube import kinds
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
