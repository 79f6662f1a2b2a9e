"""What is told of the ways from outside: nothing that a client would not trust, and the same as credentials are for."""

from __future__ import annotations

import json
from typing import Any

from registry_operator.kube import kinds
from tests.unit.reconcile.subject import SELF_SIGNED, Subject

Spec = dict[str, Any]
BALANCED: Spec = {**SELF_SIGNED, "service": {"type": "LoadBalancer"}}


async def balanced(spec: Spec) -> Subject:
    """With a load balancer that has given an address."""
    subject = Subject(spec)
    await subject.settle()
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    subject.cluster.edit(kinds.SERVICE, "images", lambda obj: obj.update(status=status))
    subject.deliver()
    await subject.settle()
    return subject


async def test_an_address_that_the_certificate_is_not_for_is_no_way_in() -> None:
    subject = await balanced(BALANCED)
    assert subject.condition("Exposed") == ("False", "HostNotCovered")
    assert "192.0.2.1" in subject.message("Exposed")
    assert subject.status["endpoints"].get("external", []) == []
    subject.respec({**BALANCED, "tls": {"selfSigned": {}, "ipAddresses": ["192.0.2.1"]}})
    await subject.settle()
    assert subject.condition("Exposed") == ("True", "ReachedFromOutside")
    assert subject.status["endpoints"]["external"] == ["https://192.0.2.1"]


async def test_with_a_name_nobody_needs_the_address() -> None:
    subject = await balanced({**BALANCED, "tls": {"selfSigned": {}, "dnsNames": ["r.example.org"]}})
    assert subject.condition("Exposed") == ("True", "ReachedFromOutside")
    assert subject.status["endpoints"]["external"] == ["https://r.example.org"]


async def test_without_tls_any_address_will_do() -> None:
    subject = await balanced({**BALANCED, "tls": {"disabled": {}}})
    assert subject.status["endpoints"]["external"] == ["http://192.0.2.1"]


async def test_credentials_are_good_for_the_node_port_that_is_told() -> None:
    subject = Subject({"tls": {"selfSigned": {}, "dnsNames": ["r.example.org"]}, "service": {"type": "NodePort"}})
    await subject.settle()
    subject.cluster.edit(kinds.SERVICE, "images", lambda obj: obj["spec"]["ports"][0].update(nodePort=30077))
    subject.deliver()
    await subject.settle()
    assert subject.status["endpoints"]["external"] == ["https://r.example.org:30077"]
    assert "r.example.org:30077" in json.loads(subject.secret("images-admin")[".dockerconfigjson"])["auths"]
