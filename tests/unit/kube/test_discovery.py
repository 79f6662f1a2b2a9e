"""Which kinds there are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry_operator.kube.auth import ClusterConfig
from registry_operator.kube.discovery import FRESH_SECONDS, Discovery
from registry_operator.kube.kinds import CERTIFICATE, HTTP_ROUTE, SECRET, TLS_ROUTE
from registry_operator.kube.transport import Transport
from tests.unit.kube.scripted import Scripted, answer, refusal, scripted

GROUP = "gateway.networking.k8s.io"


def document(*resources: str) -> dict[str, Any]:
    listed = [{"resource": resource, "scope": "Namespaced"} for resource in resources]
    group = {"metadata": {"name": GROUP}, "versions": [{"version": "v1", "resources": listed}]}
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": [group]}


class Asked:
    """Discovery of a scripted server, at a time that the test says."""

    def __init__(self, server: Scripted, wire: Transport) -> None:
        self.now = 100.0
        self.server = server
        self.discovery = Discovery(wire, lambda: self.now)
        self.serves = self.discovery.serves


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    async with scripted() as server:
        wire = Transport(ClusterConfig(server.url), timeout=5, observer=None, limit=4, may_write=lambda: True)
        await wire.open()
        yield Asked(server, wire)
        await wire.close()


async def test_one_question_answers_for_all_kinds_for_a_while(asked: Asked) -> None:
    asked.server.on("LIST", answer(document("httproutes"), ETag='"1"'), answer(document("httproutes", "tlsroutes")))
    assert await asked.serves(HTTP_ROUTE)
    assert not await asked.serves(TLS_ROUTE)
    assert not await asked.serves(CERTIFICATE)
    asked.now += FRESH_SECONDS - 1
    assert not await asked.serves(TLS_ROUTE)
    assert [seen.path for seen in asked.server.seen] == ["/apis"]
    asked.now += 1
    assert await asked.serves(TLS_ROUTE)
    first, second = asked.server.seen
    assert "If-None-Match" not in first.headers
    assert second.headers["If-None-Match"] == '"1"'
    assert second.headers["Accept"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


async def test_nothing_new_is_an_empty_answer(asked: Asked) -> None:
    asked.server.on("LIST", answer(document("httproutes"), ETag='"1"'), refusal(304), refusal(304))
    for _ in range(3):
        assert await asked.serves(HTTP_ROUTE)
        assert not await asked.serves(TLS_ROUTE)
        asked.now += FRESH_SECONDS
    assert [seen.headers.get("If-None-Match") for seen in asked.server.seen] == [None, '"1"', '"1"']


@pytest.mark.parametrize("told", [refusal(403), refusal(503), answer({"kind": "APIGroupList", "groups": []})])
async def test_what_cannot_be_told_is_asked_of_the_kind_itself(asked: Asked, told: Any) -> None:
    asked.server.on("LIST", told)
    assert await asked.serves(CERTIFICATE)


async def test_the_core_group_stands_elsewhere(asked: Asked) -> None:
    asked.server.on("LIST", answer(document()))
    assert await asked.serves(SECRET)
    assert not await asked.serves(HTTP_ROUTE)
