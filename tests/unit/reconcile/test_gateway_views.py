"""What is read of the words of ingress controllers and gateways."""

from __future__ import annotations

from typing import Any

import pytest

from registry_operator.reconcile import gateway_views as views
from registry_operator.reconcile.gateway_views import ParentView

Json = dict[str, Any]
META: Json = {"namespace": "team-a", "name": "images", "uid": "u", "resourceVersion": "1", "generation": 2}
GOOD = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "observedGeneration": 2}
REFUSED = {**GOOD, "status": "False", "reason": "NotAllowedByListeners", "message": "not from here"}
BROKEN = {**GOOD, "type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound", "message": ""}


def route(*conditions: Json, **reference: Any) -> ParentView:
    entry = {"parentRef": {"name": "shared", **reference}, "controllerName": "c", "conditions": list(conditions)}
    (found,) = views.route({"metadata": META, "status": {"parents": [entry]}}).view
    assert isinstance(found, ParentView)
    return found


@pytest.mark.parametrize(
    ("conditions", "accepted", "trouble"),
    [
        ([], False, None),
        ([GOOD], True, None),
        ([REFUSED], False, "NotAllowedByListeners: not from here"),
        ([GOOD, BROKEN], True, "BackendNotFound"),
        ([{**GOOD, "observedGeneration": 1}], False, None),
        ([{**REFUSED, "observedGeneration": 1}], False, None),
        ([{"type": "Accepted", "status": "True"}], True, None),
    ],
)
def test_a_word_counts_for_the_newest_generation(conditions: list[Json], accepted: bool, trouble: str | None) -> None:
    found = route(*conditions)
    assert (found.accepted, found.trouble) == (accepted, trouble)


def test_a_parent_is_told_apart_by_all_that_a_route_may_say_of_it() -> None:
    found = route(kind="ListenerSet", namespace="gateways", sectionName="https", port=443)
    assert (found.kind, found.name, found.namespace, found.section, found.port) == (
        "ListenerSet",
        "shared",
        "gateways",
        "https",
        443,
    )
    assert (route().kind, route().namespace, route().section, route().port) == ("Gateway", "team-a", "", 0)


def test_gateways_under_a_policy() -> None:
    entry = {"ancestorRef": {"name": "shared"}, "conditions": [REFUSED]}
    (found,) = views.policy({"metadata": META, "status": {"ancestors": [entry]}}).view
    assert found.trouble == "NotAllowedByListeners: not from here"


@pytest.mark.parametrize("view", [views.route, views.policy])
@pytest.mark.parametrize("status", [{}, {"status": {}}, {"status": {"parents": None, "loadBalancer": None}}])
def test_nothing_said_is_nothing_read(view: Any, status: Json) -> None:
    assert view({"metadata": META, **status}).view == ()


def test_an_ingress_tells_its_addresses_and_its_secrets() -> None:
    tls = [{"hosts": ["images.example.com"], "secretName": "images-tls"}, {"hosts": ["images.example.org"]}]
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    seen = views.ingress({"metadata": META, "spec": {"tls": tls}, "status": status}).view
    assert seen == views.IngressView(("192.0.2.1",), frozenset({"images-tls"}))
    assert views.ingress({"metadata": META}).view == views.IngressView((), frozenset())
