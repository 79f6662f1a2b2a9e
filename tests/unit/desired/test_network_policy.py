"""Who a NetworkPolicy lets in."""

from __future__ import annotations

from typing import Any

import pytest

from registry_operator.desired.deployment import PORT
from registry_operator.desired.network_policy import OperatorPods, network_policy
from tests.unit.desired.registries import registry

PODS = OperatorPods("operators", {"app": "operator"})
CLIENT = {"namespaceSelector": {"matchLabels": {"team": "b"}}}
RESTRICTED = {"networkPolicy": {"from": [CLIENT]}}


def ingress(spec: dict[str, Any], operator: OperatorPods | None) -> list[Any]:
    rules: list[Any] = network_policy(registry(spec), operator)["spec"]["ingress"]
    return rules


@pytest.mark.parametrize("operator", [PODS, None])
def test_everybody_may_reach_the_registry_by_default_and_no_other_port(operator: OperatorPods | None) -> None:
    """No `from` at all: an empty list would be dropped by the API server and written anew for ever."""
    assert ingress({}, operator) == [{"ports": [{"port": PORT, "protocol": "TCP"}]}]


def test_the_operator_may_always() -> None:
    own = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "operators"}},
        "podSelector": {"matchLabels": {"app": "operator"}},
    }
    assert ingress(RESTRICTED, PODS)[0]["from"] == [own, CLIENT]


def test_without_known_labels_its_namespace_is_let_in() -> None:
    (rule,) = ingress(RESTRICTED, OperatorPods("operators", {}))
    assert rule["from"][0] == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "operators"}}}


def test_an_operator_outside_of_the_cluster_cannot_be_named() -> None:
    assert ingress(RESTRICTED, None)[0]["from"] == [CLIENT]
