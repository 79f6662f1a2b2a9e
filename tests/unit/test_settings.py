"""The environment variables, and the page that lists them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from registry_operator.settings import PREFIX, Reader, SettingError, Settings, unknown_variables

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def settings(**values: str) -> Settings:
    return Settings.from_env({PREFIX + name: value for name, value in values.items()})


def documented() -> dict[str, str]:
    """Variable → default, from the table of the page."""
    rows = re.findall(r"^\| `REGISTRY_OPERATOR_(\w+)` \| (?:`([^`]*)`)? ?\|", PAGE.read_text(), re.MULTILINE)
    return dict(rows)


def test_the_page_lists_every_variable_and_no_other() -> None:
    reader = Reader({})
    Settings.read(reader)
    assert set(documented()) == reader.asked


def test_the_page_tells_the_defaults() -> None:
    told = settings(**documented())
    assert replace(told, identity="") == replace(settings(), identity="")


def test_defaults() -> None:
    one = settings()
    assert one.namespaces is None
    assert dict(one.images) == {"2": "registry:2.8.3", "3": "registry:3.1.1"}
    assert (one.health_port, one.metrics_port) == (8081, 8080)
    assert one.leader_election
    assert one.lease_namespace is None


def test_an_identity_is_unique_to_the_process() -> None:
    assert settings().identity != settings().identity
    assert settings(IDENTITY="me").identity == "me"


def test_values() -> None:
    one = settings(
        NAMESPACES=" team-a, team-b,,team-a ",
        IMAGE_2="mirror.example.com:5000/library/registry@sha256:" + "0" * 64,
        LEADER_ELECTION="disabled",
        LOG_LEVEL="DEBUG",
        LOG_FORMAT="Text",
        METRICS_PORT="0",
        LEASE_NAMESPACE="operators",
        POD_NAMESPACE="operators",
        POD_LABELS="app.kubernetes.io/name=registry-operator, empty=",
        PROBE_RESOLVER="127.0.0.1:8443",
        WORKERS=" 4 ",
    )
    assert one.namespaces == ("team-a", "team-b")
    assert one.images["2"].startswith("mirror.example.com:5000/")
    assert not one.leader_election
    assert (one.log_level, one.log_format) == ("debug", "text")
    assert one.metrics_port is None
    assert one.lease_namespace == one.pod_namespace == "operators"
    assert one.pod_labels == {"app.kubernetes.io/name": "registry-operator", "empty": ""}
    assert one.probe_resolver == ("127.0.0.1", 8443)
    assert one.workers == 4
    assert settings(PROBE_RESOLVER="[::1]:80").probe_resolver == ("::1", 80)


def test_empty_counts_as_not_set() -> None:
    empty = settings(**dict.fromkeys(documented(), " "))
    assert replace(empty, identity="") == replace(settings(), identity="")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("NAMESPACES", "team-a;team-b", "names of namespaces with commas"),
        ("NAMESPACES", "Team-A", "names of namespaces"),
        ("IMAGE_2", "registry 2", "an image"),
        ("IMAGE_3", "registry@sha256:abc", "an image"),
        ("WORKERS", "0", "a whole number from 1 to 256"),
        ("WORKERS", "many", "a whole number"),
        ("WORKERS", "-1", "a whole number"),
        ("RESYNC_SECONDS", "9", "from 10 to 86400"),
        ("HEALTH_PORT", "65536", "from 0 to 65535"),
        ("LEADER_ELECTION", "true", "Enabled or Disabled"),
        ("LEASE_NAMESPACE", "a/b", "the name of a namespace"),
        ("POD_NAMESPACE", "a/b", "the name of a namespace"),
        ("POD_LABELS", "a=b,c", "labels like app.kubernetes.io/name=registry-operator"),
        ("POD_LABELS", "a=b c", "labels like app.kubernetes.io/name=registry-operator"),
        ("LEASE_NAME", "Operator", "lower case"),
        ("IDENTITY", "a b", "without spaces"),
        ("LOG_LEVEL", "loud", "debug or info or warning or error"),
        ("LOG_FORMAT", "xml", "json or text"),
        ("PROBE_RESOLVER", "localhost", "host:port"),
        ("PROBE_RESOLVER", "localhost:0", "host:port"),
        ("CLUSTER_DOMAIN", "-x", "a DNS domain"),
    ],
)
def test_what_is_not_allowed_is_named_with_what_is(name: str, value: str, allowed: str) -> None:
    with pytest.raises(SettingError, match=f"REGISTRY_OPERATOR_{name}='.*' is not allowed: it must be .*{allowed}"):
        settings(**{name: value})


def test_a_services_link_is_not_a_port() -> None:
    """kubelet sets REGISTRY_OPERATOR_METRICS_PORT=tcp://… beside a Service named registry-operator-metrics."""
    assert settings(METRICS_PORT="tcp://10.0.0.7:8080").metrics_port == 8080


def test_typing_errors_are_found_and_service_links_are_not_taken_for_one() -> None:
    environ = {
        "REGISTRY_OPERATOR_WORKER": "4",
        "REGISTRY_OPERATOR_WORKERS": "4",
        "REGISTRY_OPERATOR_SERVICE_HOST": "10.0.0.7",
        "REGISTRY_OPERATOR_PORT": "tcp://10.0.0.7:8080",
        "REGISTRY_OPERATOR_PORT_8080_TCP_ADDR": "10.0.0.7",
        "REGISTRY_OPERATOR_METRICS_SERVICE_PORT_HTTP": "8080",
        "PATH": "/bin",
    }
    assert unknown_variables(environ) == ["REGISTRY_OPERATOR_WORKER"]


def test_nobody_may_be_let_in_to_read_metrics() -> None:
    """An empty value is the default, so that an emptied list must not end there."""
    assert Settings.from_env({}).monitoring_namespaces == ("monitoring",)
    assert Settings.from_env({f"{PREFIX}MONITORING_NAMESPACES": "none"}).monitoring_namespaces == ()
