"""The chart: what it installs, what it refuses, and that what runs is restricted."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from registry_operator.settings import Settings, unknown_variables
from tests.unit.render import CHART, Object, RenderError, by_key, chart, helms, key, lint, of_kind, version

CRDS = sorted((CHART / "files" / "crds").glob("*.yaml"))
VALUE_SETS: dict[str, Object] = {
    "defaults": {},
    "namespaced": {"watchNamespaces": ["team-a", "team-b"]},
    "one replica": {"replicas": 1, "podDisruptionBudget": {"enabled": False}},
    "mirror": {
        "image": {"repository": "mirror.example:5000/ops/registry-operator", "digest": f"sha256:{'0' * 64}"},
        "imagePullSecrets": ["mirror"],
        "registryImages": {"v2": "mirror.example:5000/registry:2.8.3", "v3": "mirror.example:5000/registry:3.1.1"},
    },
    "scheduling": {
        "priorityClassName": "system-cluster-critical",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "podLabels": {"team": "platform"},
        "podAnnotations": {"example.com/scrape": "true"},
    },
    "network": {
        "networkPolicy": {
            "apiServer": {"ports": [16443], "cidrs": ["10.0.0.1/32", "fd00::1/128"]},
            "metricsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
            "extraEgress": [{"ports": [{"port": 3128}]}],
        },
        "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
    },
    "foreign account": {"serviceAccount": {"create": False, "name": "given"}, "rbac": {"create": False}},
}


def deployment(values: Object | None = None) -> Object:
    return of_kind(chart(values), "Deployment")[0]


def environment(values: Object | None = None) -> dict[str, Any]:
    variables = deployment(values)["spec"]["template"]["spec"]["containers"][0]["env"]
    return {variable["name"]: variable.get("value", variable.get("valueFrom")) for variable in variables}


def policy(values: Object | None = None) -> Object:
    spec: Object = of_kind(chart(values), "NetworkPolicy")[0]["spec"]
    return spec


def test_helm_3_and_4_make_the_same_of_it() -> None:
    for major, helm in helms().items():
        assert version(helm).startswith(major)
        assert "0 chart(s) failed" in lint(helm)
    for values in ({}, VALUE_SETS["namespaced"], VALUE_SETS["network"]):
        assert chart(values, helm=helms()["v3"]) == chart(values, helm=helms()["v4"])


@pytest.mark.parametrize("major", ["v3", "v4"])
def test_both_refuse_bad_values(major: str) -> None:
    with pytest.raises(RenderError, match="replicas"):
        chart({"replicas": 0}, helm=helms()[major])


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
@pytest.mark.parametrize("release", ["registry-operator", "x"])
def test_renders_each_object_once_with_a_namespace_of_its_own(values: Object, release: str) -> None:
    documents = by_key(chart(values, release=release))
    cluster = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
    for document in documents.values():
        assert ("namespace" in document["metadata"]) == (document["kind"] not in cluster), key(document)
        if document["kind"] != "CustomResourceDefinition":
            assert document["metadata"]["labels"]["app.kubernetes.io/instance"] == release


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_the_pod_is_restricted(values: Object) -> None:
    """The Pod Security Standard `restricted`, and what we ask beyond it."""
    pod = deployment(values)["spec"]["template"]["spec"]
    assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & pod.keys()
    assert pod["enableServiceLinks"] is False
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 10000
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert [list(volume)[1:] for volume in pod["volumes"]] == [["emptyDir"]]
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"]
        assert container["resources"]["limits"]["memory"]
        assert not any("hostPort" in port for port in container["ports"])
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert "host" not in container[probe]["httpGet"]


def test_probes_and_ports_are_those_of_the_operator() -> None:
    container = deployment()["spec"]["template"]["spec"]["containers"][0]
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {"metrics": 8080, "health": 8081}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "health"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}
    service = of_kind(chart(), "Service")[0]["spec"]
    assert service["ports"] == [{"name": "metrics", "port": 8080, "targetPort": "metrics"}]


def test_two_replicas_with_a_lease_prefer_different_nodes() -> None:
    spec = deployment()["spec"]
    assert spec["replicas"] == 2
    term = spec["template"]["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]
    assert term["podAffinityTerm"]["labelSelector"] == spec["selector"]
    assert environment()["REGISTRY_OPERATOR_LEADER_ELECTION"] == "Enabled"
    budget = of_kind(chart(), "PodDisruptionBudget")[0]["spec"]
    assert budget["selector"] == spec["selector"]
    assert budget["maxUnavailable"] == 1


def test_every_selector_finds_the_pods() -> None:
    labels = deployment()["spec"]["template"]["metadata"]["labels"].items()
    documents = chart()
    assert of_kind(documents, "Service")[0]["spec"]["selector"].items() <= labels
    assert of_kind(documents, "NetworkPolicy")[0]["spec"]["podSelector"]["matchLabels"].items() <= labels


def test_labels_of_the_user_do_not_replace_those_of_the_selector() -> None:
    given = {"app.kubernetes.io/name": "other", "team": "platform"}
    spec = deployment({"podLabels": given})["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    assert labels["team"] == "platform"


def test_the_network_policy_lets_the_probes_out_on_any_port() -> None:
    """The pods of registries are reached, whatever port their users gave them."""
    dns, server, registries = policy()["egress"]
    assert {port["port"] for port in dns["ports"]} == {53}
    assert "to" not in server
    assert {port["port"] for port in server["ports"]} == {443, 6443}
    assert "ports" not in registries
    labels = {"app.kubernetes.io/name": "registry", "app.kubernetes.io/managed-by": "registry-operator"}
    assert registries["to"] == [{"namespaceSelector": {}, "podSelector": {"matchLabels": labels}}]


def test_the_network_policy_follows_its_values() -> None:
    egress = policy(VALUE_SETS["network"])["egress"]
    assert egress[1] == {
        "ports": [{"port": 16443, "protocol": "TCP"}],
        "to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}, {"ipBlock": {"cidr": "fd00::1/128"}}],
    }
    assert egress[3] == {"ports": [{"port": 3128}]}
    assert policy(VALUE_SETS["network"])["ingress"][1]["from"]
    assert not of_kind(chart({"networkPolicy": {"enabled": False}}), "NetworkPolicy")
    chosen = policy(VALUE_SETS["namespaced"])["egress"][2]["to"][0]["namespaceSelector"]["matchExpressions"]
    assert chosen == [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["team-a", "team-b"]}]


def test_values_reach_the_environment() -> None:
    assert environment()["REGISTRY_OPERATOR_IMAGE_2"] == "registry:2.8.3"
    assert "REGISTRY_OPERATOR_NAMESPACES" not in environment()
    assert environment(VALUE_SETS["namespaced"])["REGISTRY_OPERATOR_NAMESPACES"] == "team-a,team-b"
    assert environment(VALUE_SETS["network"])["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert environment({"resyncSeconds": 86400})["REGISTRY_OPERATOR_RESYNC_SECONDS"] == "86400"


def test_the_operator_knows_the_labels_of_its_own_pods() -> None:
    """They stand in the NetworkPolicies of Registries: others would lock the operator out."""
    (deployment,) = of_kind(chart({"nameOverride": "other"}, release="mine"), "Deployment")
    pod = deployment["spec"]["template"]
    env = {one["name"]: one.get("value", "") for one in pod["spec"]["containers"][0]["env"]}
    labels = Settings.from_env(env).pod_labels
    assert labels == {"app.kubernetes.io/name": "other", "app.kubernetes.io/instance": "mine"}
    assert labels.items() <= pod["metadata"]["labels"].items()


def test_the_defaults_are_those_of_the_operator() -> None:
    """And none of the variables is unknown to it, which a misspelt one would be."""
    given = {name: value for name, value in environment().items() if isinstance(value, str)}
    del given["REGISTRY_OPERATOR_POD_LABELS"]  # which say what the chart calls its pods
    without = [replace(Settings.from_env(env), identity="") for env in (given, {})]
    assert without[0] == without[1]
    assert not unknown_variables(dict.fromkeys(environment(VALUE_SETS["namespaced"]), ""))


@pytest.mark.parametrize(
    "values",
    [
        {"workers": 1, "resyncSeconds": 10, "probe": {"intervalSeconds": 5, "concurrency": 1}},
        {"workers": 256, "resyncSeconds": 86400, "probe": {"intervalSeconds": 86400, "concurrency": 256}},
        {"log": {"level": "error", "format": "text"}, "clusterDomain": "k8s.example.com"},
        VALUE_SETS["mirror"],
        VALUE_SETS["namespaced"],
    ],
)
def test_what_the_schema_allows_the_operator_takes(values: Object) -> None:
    Settings.from_env({name: value for name, value in environment(values).items() if isinstance(value, str)})


def test_the_image_is_named_by_digest_or_tag() -> None:
    def image(**values: str) -> str:
        given = {"image": {"repository": "example/op", **values}}
        name: str = deployment(given)["spec"]["template"]["spec"]["containers"][0]["image"]
        return name

    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    assert image() == f"example/op:{version}"
    assert image(tag="2") == "example/op:2"
    assert image(tag="2", digest=f"sha256:{'a' * 64}") == f"example/op@sha256:{'a' * 64}"


def test_crds_are_those_of_the_repository_and_survive_an_uninstall() -> None:
    assert CRDS
    rendered = {document["metadata"]["name"]: document for document in of_kind(chart(), "CustomResourceDefinition")}
    assert rendered.keys() == {yaml.safe_load(path.read_text())["metadata"]["name"] for path in CRDS}
    for path in CRDS:
        assert path.read_text() == (CHART.parents[1] / "crds" / path.name).read_text(), "`make docs` copies it"
        source = yaml.safe_load(path.read_text())
        wanted = copy.deepcopy(source)
        wanted["metadata"].setdefault("annotations", {})["helm.sh/resource-policy"] = "keep"
        assert rendered[source["metadata"]["name"]] == wanted
    gone = of_kind(chart({"crds": {"keep": False}}), "CustomResourceDefinition")
    assert all("helm.sh/resource-policy" not in crd["metadata"].get("annotations", {}) for crd in gone)
    assert not of_kind(chart({"crds": {"enabled": False}}), "CustomResourceDefinition")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"replicas": 0}, "replicas"),
        ({"replica": 2}, "replica"),
        ({"image": {"repository": "Upper/Case"}}, "repository"),
        ({"image": {"digest": "sha256:short"}}, "digest"),
        ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
        ({"registryImages": {"v4": "registry:4"}}, "v4"),
        ({"watchNamespaces": "team-a"}, "watchNamespaces"),
        ({"watchNamespaces": ["Team_A"]}, "watchNamespaces"),
        ({"watchNamespaces": ["a", "a"]}, "watchNamespaces"),
        ({"workers": 0}, "workers"),
        ({"resyncSeconds": "10m"}, "resyncSeconds"),
        ({"probe": {"every": 3}}, "every"),
        ({"log": {"level": "loud"}}, "level"),
        ({"extraEnv": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}, "valueFrom"),
        ({"extraEnv": [{"name": "A", "value": 1}]}, "value"),
        ({"extraEnv": [{"name": "REGISTRY_OPERATOR_WORKERS", "value": "1"}]}, "remove it from extraEnv"),
        ({"extraEnv": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}, "remove it from extraEnv"),
        ({"crds": {"enabled": "yes"}}, "enabled"),
        ({"networkPolicy": {"apiServer": {"ports": [0]}}}, "ports"),
        ({"networkPolicy": {"apiServer": {"cidrs": ["10.0.0.1"]}}}, "cidrs"),
        ({"serviceAccount": {"create": False}}, "serviceAccount.name"),
        ({"fullnameOverride": "a.b"}, "fullnameOverride"),
    ],
)
def test_bad_values_are_refused(values: Object, says: str) -> None:
    with pytest.raises(RenderError, match=says):
        chart(values)


def test_every_value_is_in_the_schema_and_has_a_default() -> None:
    """`additionalProperties: false` holds all the way down; a value only the schema knows is dead."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(part: Object, given: Object, path: str) -> None:
        assert part["additionalProperties"] is False, path
        assert part["properties"].keys() - {"global"} == given.keys(), path
        for name, sub in part["properties"].items():
            if "properties" in sub:
                compare(sub, given[name], f"{path}.{name}")

    schema["properties"]["resources"]["properties"].pop("requests")
    schema["properties"]["resources"]["properties"].pop("limits")
    values["resources"] = {}
    compare(schema, values, "")
