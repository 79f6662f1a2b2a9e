"""Each rule of the schema: one spec that it accepts, and one that it refuses with words that help."""

from __future__ import annotations

import re

import pytest

from crds.schema.definitions import registries
from tests.apiserver.admission import cases_exposure as exposure
from tests.apiserver.admission.cases import AUTH, IMAGE, SERVICE, STORAGE, TLS, Case
from tests.apiserver.admission.cases_notifications import NOTIFICATIONS
from tests.apiserver.admission.cases_pod import POD
from tests.apiserver.admission.cases_scaling import SCALING
from tests.apiserver.admission.cases_storage import BY_LINE, OBJECT_STORAGE, PROXY, s3
from tests.apiserver.admission.door import Door, Refused, nested
from tests.apiserver.admission.test_admission_changes import CHANGES
from tests.unit.api.test_schema import nodes

CASES = (
    *IMAGE,
    *STORAGE,
    *OBJECT_STORAGE,
    *BY_LINE,
    *PROXY,
    *TLS,
    *AUTH,
    *SERVICE,
    *POD,
    *exposure.SERVICE,
    *exposure.HTTP,
    *exposure.NETWORK_POLICY,
    *exposure.EXPOSE,
    *NOTIFICATIONS,
    *exposure.METRICS,
    *SCALING,
)
BUCKET = s3()
RECEIVER = {"name": "a", "url": "https://a.b"}
CORE = (
    "spec.pod.affinity",
    "spec.pod.tol",
    "spec.pod.topology",
    "spec.networkPolicy.from[].namespaceSelector",
    "spec.networkPolicy.from[].podSelector",
    "spec.metrics.from[].namespaceSelector",
    "spec.metrics.from[].podSelector",
    "spec.metrics.podMonitor.labels",
)


def label(case: Case) -> str:
    return f"{case.path}: {case.words}"


@pytest.mark.parametrize("case", CASES, ids=label)
def test_accepted(door: Door, case: Case) -> None:
    door.check(case.accepted)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_refused_with_the_field_and_the_way_out(door: Door, case: Case) -> None:
    with pytest.raises(Refused) as refused:
        door.check(case.refused)
    message = str(refused.value)
    assert f"{case.path}: Invalid value" in message
    assert case.words in message
    assert message.count("Invalid value") == 1, "one mistake is told once"


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        ("version", "3", "4"),
        ("access", "ReadOnly", "None"),
        ("reconciliation", "Paused", "Off"),
        ("image.pullPolicy", "Never", "Sometimes"),
        ("storage.persistentVolumeClaim.whenDeleted", "Delete", "Recycle"),
        ("storage.persistentVolumeClaim.accessModes", ["ReadWriteMany"], ["ReadOnlyMany"]),
        ("storage.s3", *({**BUCKET, "addressing": value} for value in ("VirtualHost", "DNS"))),
        ("storage.s3", *({**BUCKET, "encryption": value} for value in ("AES256", "DES"))),
        ("storage.s3", *({**BUCKET, "redirect": value} for value in ("Disabled", "Off"))),
        ("storage.gcs", *({"bucket": "images", "redirect": value} for value in ("Enabled", "On"))),
        ("tls.minVersion", "1.3", "1.1"),
        ("tls.internalNames", "Enabled", "Off"),
        ("tls.certManager.privateKey.algorithm", "RSA", "Ed25519"),
        ("auth.mode", "Disabled", "Token"),
        ("auth.adminUser", "Enabled", "Off"),
        ("service.type", "LoadBalancer", "ExternalName"),
        ("service.ipFamilyPolicy", "PreferDualStack", "DualStack"),
        ("service.ipFamilies", ["IPv6"], ["IPv5"]),
        ("networkPolicy.mode", "Disabled", "Off"),
        ("metrics.mode", "Enabled", "On"),
        ("metrics", {"mode": "Enabled", "podMonitor": {"mode": "Enabled"}}, {"podMonitor": {"mode": "On"}}),
        (
            "expose.gateway",
            {"hostnames": ["a.b"], "parentRefs": [{"name": "g", "kind": "ListenerSet"}], "tls": "Passthrough"},
            {"hostnames": ["a.b"], "parentRefs": [{"name": "g", "kind": "Service"}]},
        ),
        (
            "notifications.endpoints",
            [{**RECEIVER, "ignore": {"actions": ["mount"]}}],
            [{**RECEIVER, "ignore": {"actions": ["a"]}}],
        ),
        ("log.level", "debug", "trace"),
        ("log.format", "text", "logstash"),
        ("log.access", "Disabled", "Off"),
    ],
)
def test_modes(door: Door, path: str, good: object, bad: object) -> None:
    """The API server names what is allowed by itself."""
    door.check(nested(path, good))
    with pytest.raises(Refused, match="supported values"):
        door.check(nested(path, bad))


@pytest.mark.parametrize(
    ("path", "good", "bad", "words"),
    [
        ("service.port", 65535, 65536, "less than or equal to 65535"),
        ("service.port", 1, 0, "greater than or equal to 1"),
        ("tls.dnsNames", ["a.b"], ["a.b", "a.b"], "duplicate entries"),
        ("tls.ipAddresses", [f"192.0.2.{i}" for i in range(16)], [f"192.0.2.{i}" for i in range(17)], "at most 16"),
        ("service.ipFamilies", ["IPv4"], [], "at least 1"),
        ("expose.ingress", {"host": "a.b"}, {}, "Required value"),
        ("expose.gateway", {"hostnames": ["a.b"], "parentRefs": [{"name": "g"}]}, {"hostnames": ["a.b"]}, "Required"),
        ("notifications.endpoints", [RECEIVER], [RECEIVER, RECEIVER], "duplicate entries"),
        ("notifications.endpoints", [RECEIVER], [{"name": "a"}], "Required value"),
        ("http.headers", [{"name": "A", "value": "b"}], [{"name": "A"}], "Required value"),
        ("image.tag", "a" * 128, "a" * 129, "may not be more than 128"),
        ("image.pullSecrets", [{"name": "a"}, {"name": "b"}], [{"name": "a"}, {"name": "a"}], "duplicate entries"),
        ("storage.existingClaim", {"claimName": "a"}, {}, "Required value"),
        ("storage.s3", BUCKET, {"region": "eu-central-1"}, "Required value"),
        ("storage.gcs", {"bucket": "images"}, {}, "Required value"),
        ("proxy", {"remoteURL": "https://a"}, {}, "Required value"),
        ("tls.secretRef", {"name": "a"}, {}, "Required value"),
        ("pod.labels", {f"l{i}": "" for i in range(64)}, {f"l{i}": "" for i in range(65)}, "at most 64"),
        ("pod.resources.limits", {"cpu": "1"}, {"cpu": 0.5}, "must be of type"),
    ],
)
def test_limits(door: Door, path: str, good: object, bad: object, words: str) -> None:
    door.check(nested(path, good))
    with pytest.raises(Refused, match=words):
        door.check(nested(path, bad))


@pytest.mark.parametrize("name", ["a", "team-a", "r2", "a" * 52])
def test_names(door: Door, name: str) -> None:
    door.check({}, name=name)


@pytest.mark.parametrize("name", ["2a", "a.b", "a" * 53])
def test_names_that_are_no_service(door: Door, name: str) -> None:
    with pytest.raises(Refused, match="at most 52 characters, since the Service has the same name"):
        door.check({}, name=name)


def test_no_rule_is_without_a_case() -> None:
    """Below Kubernetes' own types the same rule stands at many places; there one of them is enough."""
    schema = registries()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    tried = [(re.sub(r"\[\d+\]", "[]", re.sub(r"\[[a-z]+\]", "{}", case.path)), case.words) for case in CASES]
    tried += [(f"spec{change.path}", change.words) for change in CHANGES]
    missing = []
    for path, node in nodes(schema["properties"]["spec"], "spec"):
        core = path.startswith(CORE)
        for rule in node.get("x-kubernetes-validations", ()):
            where = path + rule.get("fieldPath", "")
            if not any(words in rule["message"] and (core or at == where) for at, words in tried):
                missing.append(f"{where}: {rule['message']}")
    assert missing == []
