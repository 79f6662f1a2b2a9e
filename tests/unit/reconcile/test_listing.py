"""The periodic listing of the Registries."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, cast

import pytest

from registry_operator.kube.client import Client
from registry_operator.kube.errors import ApiError, Forbidden
from registry_operator.kube.kinds import Kind
from registry_operator.reconcile.listing import relist
from registry_operator.reconcile.registry_cache import Key, RegistryCache


def body(namespace: str) -> Mapping[str, Any]:
    return {"metadata": {"namespace": namespace, "name": "images", "uid": f"u-{namespace}", "resourceVersion": "5"}}


class Lists:
    """An API server that answers each namespace's list with a list or with an error."""

    def __init__(self, answers: Mapping[str | None, list[Mapping[str, Any]] | ApiError]) -> None:
        self.answers = answers

    async def list(self, _: Kind, namespace: str | None) -> Mapping[str, Any]:
        answer = self.answers[namespace]
        if isinstance(answer, ApiError):
            raise answer
        return {"metadata": {"resourceVersion": "9"}, "items": answer}


async def test_a_namespace_that_refuses_keeps_no_other_from_being_listed(caplog: pytest.LogCaptureFixture) -> None:
    """And what is known of it stays: a refusal is no deletion."""
    registries, woken = RegistryCache(), list[Key]()
    for namespace in ("team-a", "team-b", "team-c"):
        registries.seen(body(namespace))
    refusal = Forbidden(403, "Forbidden", "registries is forbidden")
    client = cast(Client, Lists({"team-a": refusal, "team-b": [], "team-c": [body("team-c")]}))
    with caplog.at_level(logging.WARNING):
        await relist(client, registries, ("team-a", "team-b", "team-c"), woken.append)
    assert woken == [Key("team-b", "images")]
    assert set(registries) == {Key("team-a", "images"), Key("team-c", "images")}
    assert [record.message for record in caplog.records if "of namespace team-a failed" in record.message]


async def test_all_namespaces_are_one_list() -> None:
    registries, woken = RegistryCache(), list[Key]()
    registries.seen(body("team-a"))
    await relist(cast(Client, Lists({None: [body("team-b")]})), registries, None, woken.append)
    assert woken == [Key("team-a", "images")]
    assert set(registries) == {Key("team-b", "images")}
