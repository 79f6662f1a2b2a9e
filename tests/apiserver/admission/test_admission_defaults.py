"""What is stored of an empty spec, of empty objects, and of amounts; and what the operator reads of it."""

from __future__ import annotations

from typing import Any

import pytest

from registry_operator.api.parse import parse, parse_spec
from registry_operator.api.registry import CertManager, IssuerRef, PersistentVolumeClaim, Spec
from registry_operator.kube.kinds import DEPLOYMENT, REGISTRY
from tests.apiserver.admission.door import SCALARS, Door, Refused
from tests.unit.api.spellings import QUANTITIES


def test_an_empty_spec_gets_scalars_only(door: Door) -> None:
    assert door.check({}) == SCALARS


def test_a_fresh_registry_does_not_look_finished(door: Door) -> None:
    """Tools that know kstatus take an object without observedGeneration for current."""
    with door.registry({}):
        fresh = door.kube.get(REGISTRY, door.namespace, "images")
    assert fresh["status"] == {"observedGeneration": -1}
    registry = parse(fresh)
    assert (registry.namespace, registry.name, registry.generation) == (door.namespace, "images", 1)
    assert (registry.uid, registry.resource_version) == (fresh["metadata"]["uid"], fresh["metadata"]["resourceVersion"])
    assert registry.spec == Spec()


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"image": {}}, {"image": {"pullPolicy": "IfNotPresent"}}),
        ({"storage": {}}, {"storage": {}}),
        ({"storage": {"emptyDir": {}}}, {"storage": {"emptyDir": {}}}),
        (
            {"storage": {"persistentVolumeClaim": {}}},
            {"storage": {"persistentVolumeClaim": {"size": "20Gi", "whenDeleted": "Retain"}}},
        ),
        ({"tls": {}}, {"tls": {"minVersion": "1.2", "internalNames": "Enabled"}}),
        (
            {"tls": {"certManager": {"issuerRef": {"name": "i"}, "privateKey": {}}}},
            {
                "tls": {
                    "minVersion": "1.2",
                    "internalNames": "Enabled",
                    "certManager": {
                        "duration": "2160h",
                        "renewBefore": "720h",
                        "issuerRef": {"name": "i", "kind": "Issuer", "group": "cert-manager.io"},
                        "privateKey": {"algorithm": "ECDSA"},
                    },
                }
            },
        ),
        ({"auth": {}}, {"auth": {"mode": "Htpasswd", "adminUser": "Enabled"}}),
        ({"service": {}}, {"service": {"type": "ClusterIP"}}),
        ({"http": {}}, {"http": {}}),
        ({"expose": {}}, {"expose": {}}),
        (
            {"expose": {"gateway": {"hostnames": ["a.b"], "parentRefs": [{"name": "g"}]}}},
            {
                "expose": {
                    "gateway": {
                        "hostnames": ["a.b"],
                        "parentRefs": [{"name": "g", "kind": "Gateway"}],
                        "tls": "Terminate",
                    }
                }
            },
        ),
        ({"notifications": {}}, {"notifications": {}}),
        ({"networkPolicy": {}}, {"networkPolicy": {"mode": "Enabled"}}),
        ({"metrics": {}}, {"metrics": {"mode": "Disabled"}}),
        (
            {"metrics": {"mode": "Enabled", "podMonitor": {}}},
            {"metrics": {"mode": "Enabled", "podMonitor": {"mode": "Disabled"}}},
        ),
        ({"log": {}}, {"log": {"level": "info", "format": "json", "access": "Enabled"}}),
        ({"pod": {}}, {"pod": {}}),
    ],
    ids=str,
)
def test_defaults(door: Door, given: dict[str, Any], stored: dict[str, Any]) -> None:
    assert door.check(given) == {**SCALARS, **stored}


def test_what_is_stored_of_empty_objects_is_read_as_the_default(door: Door) -> None:
    sections = (
        "image",
        "storage",
        "tls",
        "auth",
        "service",
        "expose",
        "http",
        "networkPolicy",
        "notifications",
        "metrics",
        "log",
        "pod",
    )
    assert parse_spec(door.check({name: {} for name in sections})) == Spec()
    spec = parse_spec(
        door.check({"storage": {"persistentVolumeClaim": {}}, "tls": {"certManager": {"issuerRef": {"name": "i"}}}})
    )
    assert spec.storage.persistent_volume_claim == PersistentVolumeClaim()
    assert spec.tls.cert_manager == CertManager(IssuerRef("i"))


@pytest.mark.parametrize("server_side", [False, True], ids=["client-side", "server-side"])
def test_a_misspelt_field_is_refused(door: Door, server_side: bool) -> None:
    with pytest.raises(Refused, match=r"spec\.pod\.hostNetwork"):
        door.kubectl({"pod": {"hostNetwork": True}}, name="misspelt", server_side=server_side)


def test_canonical_quantities_are_those_of_the_api_server(door: Door) -> None:
    """All at once: as limits of one Deployment with as many containers."""
    containers = [
        {"name": f"c{index}", "image": "i", "resources": {"requests": {"memory": given}}}
        for index, (given, _) in enumerate(QUANTITIES)
    ]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}
    deployment = {
        "metadata": {"namespace": door.namespace, "name": "quantities"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    answer = door.kube.apply(DEPLOYMENT, deployment, dry_run=True)
    stored = [
        container["resources"]["requests"]["memory"] for container in answer["spec"]["template"]["spec"]["containers"]
    ]
    assert stored == [canonical for _, canonical in QUANTITIES]


def test_the_pod_is_read_in_the_form_in_which_a_deployment_returns_it(door: Door) -> None:
    """Else the operator would find a difference that it can't mend, and write for ever."""
    selector: dict[str, Any] = {"matchLabels": {}, "matchExpressions": []}
    spec = {
        "resources": {"requests": {"cpu": "1000m", "memory": 1000}, "limits": {"cpu": "1.5", "example.com/gpu": 2}},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists", "values": []}]}]
                },
                "preferredDuringSchedulingIgnoredDuringExecution": [],
            },
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": "zone", "labelSelector": selector, "namespaceSelector": {}, "namespaces": []}
                ]
            },
            "podAffinity": {},
        },
        "tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute", "tolerationSeconds": 9}],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"a": "b"}},
                "minDomains": 2,
                "matchLabelKeys": [],
            }
        ],
        "priorityClassName": "high",
    }
    read = parse_spec(door.check({"pod": spec})).pod
    pod = {
        "containers": [{"name": "c", "image": "i", "resources": read.resources}],
        "nodeSelector": read.node_selector,
        "affinity": read.affinity,
        "tolerations": list(read.tolerations),
        "topologySpreadConstraints": list(read.topology_spread_constraints),
        "priorityClassName": read.priority_class_name,
    }
    deployment = {
        "metadata": {"namespace": door.namespace, "name": "canonical"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod},
        },
    }
    stored = door.kube.apply(DEPLOYMENT, deployment, dry_run=True)["spec"]["template"]["spec"]
    assert stored["containers"][0]["resources"] == read.resources
    assert {key: stored[key] for key in pod if key != "containers"} == {
        key: pod[key] for key in pod if key != "containers"
    }
