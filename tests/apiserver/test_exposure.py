"""How a Registry is reached, and by whom: the objects beside its pods, and what the cluster says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registry_operator.kube.kinds import NETWORK_POLICY, SERVICE
from tests.apiserver.registries import PLAIN, Subject
from tests.stage.kube import Object
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually

CLIENT = {"namespaceSelector": {"matchLabels": {"team": "b"}}}


def clients(images: Subject) -> Any:
    """Who may connect to the registry's port; None: everybody."""
    (rule,) = images.child(NETWORK_POLICY)["spec"]["ingress"]
    assert rule["ports"] == [{"port": 5000, "protocol": "TCP"}]
    return rule.get("from")


def test_who_may_connect_follows_the_spec(own_operator: Callable[..., StagedOperator], images: Subject) -> None:
    """Beside those that the spec names always the operator, or its probe would call a working registry unreachable."""
    own_operator({"POD_NAMESPACE": "operators", "POD_LABELS": "app=operator"}).start()
    images.apply(PLAIN)
    images.ready()
    assert clients(images) is None
    images.apply({**PLAIN, "networkPolicy": {"from": [CLIENT]}})
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "operators"}},
        "podSelector": {"matchLabels": {"app": "operator"}},
    }
    eventually(lambda: clients(images) == [operator, CLIENT], "the clients of the spec", seen=images.seen)
    images.stage.kube.delete(NETWORK_POLICY, images.namespace, images.name)
    eventually(lambda: _find(images) is not None, "the policy's return", seen=images.seen)
    images.apply({**PLAIN, "networkPolicy": {"mode": "Disabled"}})
    eventually(lambda: _find(images) is None, "the end of the policy", seen=images.seen)


def test_a_policy_of_somebody_elses_is_told_and_left_alone(operator: StagedOperator, images: Subject) -> None:
    meta = {"namespace": images.namespace, "name": images.name}
    theirs = images.stage.kube.create(NETWORK_POLICY, {"metadata": meta, "spec": {"podSelector": {}}})
    images.apply(PLAIN)
    assert "NetworkPolicy images" in images.expect("Stalled", "True", "NameConflict")
    images.expect("Ready", "True")
    assert images.child(NETWORK_POLICY) == theirs
    images.apply({**PLAIN, "networkPolicy": {"mode": "Disabled"}})
    images.ready()
    assert images.child(NETWORK_POLICY) == theirs


def test_a_second_address_family_that_the_cluster_lacks_is_refused_and_stops_nothing(
    operator: StagedOperator, images: Subject
) -> None:
    images.apply(PLAIN)
    images.ready()
    before = images.child(SERVICE)["spec"]
    images.apply({**PLAIN, "service": {"ipFamilyPolicy": "RequireDualStack"}})
    assert "change spec.service" in images.expect("Stalled", "True", "Refused")
    images.expect("Ready", "True")
    assert images.child(SERVICE)["spec"] == before
    images.apply({**PLAIN, "service": {"ipFamilyPolicy": "PreferDualStack"}})
    images.ready()
    assert images.child(SERVICE)["spec"]["ipFamilyPolicy"] == "PreferDualStack"
    images.apply(PLAIN)
    images.ready()


def _find(images: Subject) -> Object | None:
    return images.stage.kube.find(NETWORK_POLICY, images.namespace, images.name)
