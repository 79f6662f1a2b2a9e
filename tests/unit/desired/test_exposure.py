"""What proxies are told, and what clients type."""

from __future__ import annotations

from typing import Any

import pytest

from registry_operator.desired import gateway, hosts
from registry_operator.desired.ingress import ingress
from tests.unit.desired.registries import registry

Spec = dict[str, Any]
PLAIN: Spec = {"tls": {"disabled": {}}}
INGRESS: Spec = {"expose": {"ingress": {"host": "r.example.org"}}}
OWN_SECRET: Spec = {"expose": {"ingress": {"host": "r.example.org", "tlsSecretName": "public"}}}
NAMED: Spec = {"tls": {"dnsNames": ["r.example.org", "*.example.org"], "ipAddresses": ["2001:db8::7"]}}


def routed(*parents: Spec, tls: str = "Terminate") -> Spec:
    found = [{"name": "shared", **parent} for parent in parents]
    return {"expose": {"gateway": {"hostnames": ["a.example", "b.example"], "parentRefs": found, "tls": tls}}}


@pytest.mark.parametrize(
    ("spec", "addresses", "node_port", "expected"),
    [
        ({}, (), None, ()),
        (NAMED, (), None, ()),
        (INGRESS, (), None, ("https://r.example.org",)),
        ({**INGRESS, **PLAIN}, (), None, ("http://r.example.org",)),
        ({**OWN_SECRET, **PLAIN}, (), None, ("https://r.example.org",)),
        (routed({}, {"port": 443}), (), None, ("https://a.example", "https://b.example")),
        ({**routed({"port": 8443}), **PLAIN}, (), None, ("https://a.example:8443", "https://b.example:8443")),
        (
            {"service": {"type": "LoadBalancer"}},
            ("192.0.2.1", "fd00::1"),
            30000,
            ("https://192.0.2.1", "https://[fd00::1]"),
        ),
        (
            {**NAMED, "service": {"type": "LoadBalancer", "port": 5443}},
            ("lb.example.net", ""),
            None,
            ("https://r.example.org:5443", "https://[2001:db8::7]:5443", "https://lb.example.net:5443"),
        ),
        (
            {**NAMED, "service": {"type": "NodePort"}},
            (),
            30443,
            ("https://r.example.org:30443", "https://[2001:db8::7]:30443"),
        ),
        ({"service": {"type": "NodePort"}}, (), 30443, ()),
    ],
)
def test_what_clients_outside_type(
    spec: Spec, addresses: tuple[str, ...], node_port: int | None, expected: tuple[str, ...]
) -> None:
    assert hosts.external(registry(spec), addresses, node_port) == expected


def test_the_certificate_and_the_credentials_are_for_the_hosts() -> None:
    subject = registry({"expose": INGRESS["expose"] | routed({"port": 8443})["expose"]})
    names, _ = hosts.server_names(subject, ())
    assert names[-3:] == ("r.example.org", "a.example", "b.example")
    assert hosts.hosts(subject)[-3:] == ("r.example.org", "a.example:8443", "b.example:8443")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (INGRESS, ("r.example.org",)),
        (OWN_SECRET, ()),
        ({**INGRESS, **PLAIN}, ()),
        (routed({}), ()),
        (routed({}, tls="Passthrough"), ("a.example", "b.example")),
    ],
)
def test_where_clients_get_the_certificate_of_the_registry(spec: Spec, expected: tuple[str, ...]) -> None:
    assert hosts.shown(registry(spec)) == expected


def noted(spec: Spec) -> dict[str, str]:
    subject = registry(spec)
    assert subject.spec.expose.ingress
    found: dict[str, str] = ingress(subject, subject.spec.expose.ingress, tls_secret=None)["metadata"]["annotations"]
    return found


def test_an_ingress_lets_large_images_through() -> None:
    found = noted(INGRESS)
    nginx = {key.partition("/")[2]: value for key, value in found.items() if key.startswith("nginx.")}
    assert nginx["proxy-body-size"] == "0"
    assert nginx["proxy-request-buffering"] == "off"
    assert int(nginx["proxy-read-timeout"]) >= 600
    assert nginx["backend-protocol"] == "HTTPS"


def test_without_tls_the_proxy_is_told_nothing_of_it() -> None:
    assert not [key for key in noted({**INGRESS, **PLAIN}) if "tls" in key or "protocol" in key]
    assert "traefik.ingress.kubernetes.io/router.tls" in noted({**OWN_SECRET, **PLAIN})


def test_the_authors_annotations_win() -> None:
    given = {"nginx.ingress.kubernetes.io/proxy-read-timeout": "60", "example.org/a": "b"}
    found = noted({"expose": {"ingress": {"host": "r.example.org", "annotations": given}}})
    assert given.items() <= found.items()


@pytest.mark.parametrize("config_map", ["images-ca", None])
def test_a_gateway_verifies_by_the_ca_that_clients_are_told_or_by_the_systems(config_map: str | None) -> None:
    found = gateway.backend_tls_policy(registry(routed({})), ca_config_map=config_map)["spec"]["validation"]
    expected = (
        {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": config_map}]}
        if config_map
        else {"wellKnownCACertificates": "System"}
    )
    assert found == {"hostname": "images.team-a.svc", **expected}
