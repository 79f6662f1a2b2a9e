"""What stands before /repository:tag, and what a certificate must cover so that this works."""

from typing import Any

import pytest

from registry_operator.desired import hosts
from tests.unit.desired.registries import registry

PUBLIC = {"certManager": {"issuerRef": {"name": "public"}}}
Spec = dict[str, Any]


@pytest.mark.parametrize(
    ("spec", "host", "url"),
    [
        ({}, "images.team-a.svc", "https://images.team-a.svc"),
        ({"service": {"port": 5000}}, "images.team-a.svc:5000", "https://images.team-a.svc:5000"),
        ({"service": {"port": 80}}, "images.team-a.svc:80", "https://images.team-a.svc:80"),
        ({"tls": {"disabled": {}}}, "images.team-a.svc", "http://images.team-a.svc"),
        (
            {"tls": {"disabled": {}}, "service": {"port": 443}},
            "images.team-a.svc:443",
            "http://images.team-a.svc:443",
        ),
        (
            {"tls": PUBLIC | {"internalNames": "Disabled", "dnsNames": ["*.example.org", "r.example.org"]}},
            "r.example.org",
            "https://r.example.org",
        ),
    ],
)
def test_the_host_is_what_a_client_has_to_say(spec: Spec, host: str, url: str) -> None:
    subject = registry(spec)
    assert (hosts.host(subject), hosts.url(subject)) == (host, url)
    assert hosts.hosts(subject)[0] == host
    assert host.startswith(hosts.server_name(subject))


def test_without_a_usable_name_of_its_own_the_internal_one_stays() -> None:
    subject = registry({"tls": PUBLIC | {"internalNames": "Disabled", "dnsNames": ["*.example.org"]}})
    assert hosts.host(subject) == "images.team-a.svc"


def test_credentials_are_good_for_every_way_in() -> None:
    spec = {
        "tls": {"dnsNames": ["r.example.org", "*.r.example.org"], "ipAddresses": ["192.0.2.7", "2001:db8::7"]},
        "service": {"type": "NodePort", "port": 5000, "nodePort": 30500},
    }
    assert hosts.hosts(registry(spec)) == (
        "images.team-a.svc:5000",
        "images.team-a.svc.cluster.local:5000",
        "r.example.org:5000",
        "192.0.2.7:5000",
        "[2001:db8::7]:5000",
        "r.example.org:30500",
        "192.0.2.7:30500",
        "[2001:db8::7]:30500",
    )


def test_a_node_port_that_the_cluster_chose_counts_where_clients_are_to_use_it() -> None:
    tls = {"dnsNames": ["r.example.org"]}
    chosen = registry({"tls": tls, "service": {"type": "NodePort"}})
    assert hosts.hosts(chosen, node_port=30077)[-1] == "r.example.org:30077"
    assert hosts.external(chosen, (), 30077) == ("https://r.example.org:30077",)
    balanced = registry({"tls": tls, "service": {"type": "LoadBalancer"}})
    assert hosts.hosts(balanced, node_port=30077)[-1] == "r.example.org"


@pytest.mark.parametrize("tls", [{}, {"certManager": {}}, {"selfSigned": {}}])
def test_a_ca_of_its_own_speaks_for_all_names_and_the_address(tls: Spec) -> None:
    subject = registry({"tls": tls | {"dnsNames": ["r.example.org"], "ipAddresses": ["192.0.2.7"]}})
    assert hosts.server_names(subject, ("10.96.0.10",), cluster_domain="c.example") == (
        ("images.team-a.svc", "images.team-a.svc.c.example", "images.team-a", "images", "r.example.org"),
        ("10.96.0.10", "192.0.2.7"),
    )


@pytest.mark.parametrize("tls", [PUBLIC, {"secretRef": {"name": "mine"}}])
def test_a_ca_of_others_speaks_for_nothing_that_may_be_somebody_elses(tls: Spec) -> None:
    names, addresses = hosts.server_names(registry({"tls": tls}), ("10.96.0.10",))
    assert names == ("images.team-a.svc", "images.team-a.svc.cluster.local", "images.team-a")
    assert addresses == ()


def test_a_public_issuer_is_asked_for_public_names_only() -> None:
    tls = PUBLIC | {"internalNames": "Disabled", "dnsNames": ["r.example.org"]}
    assert hosts.server_names(registry({"tls": tls}), ("10.96.0.10",)) == (("r.example.org",), ())


def test_a_service_without_an_address_gives_none() -> None:
    assert hosts.server_names(registry(), ())[1] == ()


def test_both_addresses_of_a_dual_stack_service_are_covered() -> None:
    assert hosts.server_names(registry(), ("10.96.0.10", "fd00::10"))[1] == ("10.96.0.10", "fd00::10")


def test_a_name_is_asked_for_once() -> None:
    subject = registry({"tls": {"dnsNames": ["images.team-a.svc"], "ipAddresses": ["10.96.0.10"]}})
    names, addresses = hosts.server_names(subject, ("10.96.0.10",))
    assert names.count("images.team-a.svc") == 1
    assert addresses == ("10.96.0.10",)
