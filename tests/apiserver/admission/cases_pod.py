"""The same for `spec.pod`, most of which are types of Kubernetes' own."""

from __future__ import annotations

from typing import Any

from tests.apiserver.admission.cases import KEYS, RESERVED, Case, case, names
from tests.apiserver.admission.door import nested

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
RESOURCE_KEYS = "must have keys such as cpu, memory or example.com/device"
AMOUNT = "must be an amount such as 500m"
LABEL_KEY = "must be a label's key such as kubernetes.io/hostname"
LABEL_VALUE = "must be a label's value"
COUNTED = "must have values with operator In or NotIn, and none with Exists or DoesNotExist"
NODES = f"pod.affinity.nodeAffinity.{REQUIRED}"


def on_nodes(expression: dict[str, Any]) -> dict[str, Any]:
    return nested(NODES, {"nodeSelectorTerms": [{"matchExpressions": [expression]}]})


def node(expected: dict[str, Any], refused: dict[str, Any], words: str, *, member: str = "") -> Case:
    path = f"spec.{NODES}.nodeSelectorTerms[0].matchExpressions[0]{member}"
    return Case(path, words, on_nodes(expected), on_nodes(refused))


def beside(term: dict[str, Any]) -> dict[str, Any]:
    return nested(f"pod.affinity.podAntiAffinity.{PREFERRED}", [{"weight": 100, "podAffinityTerm": term}])


def spread(**members: Any) -> list[dict[str, Any]]:
    return [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", **members}]


POD = [
    case("pod.resources.requests", {"cpu": 2}, {"cpu": "two"}, AMOUNT, path="pod.resources.requests[cpu]"),
    case("pod.resources.limits", {"cpu": "1500m"}, {"cpu": -1}, AMOUNT, path="pod.resources.limits[cpu]"),
    case("pod.resources.requests", {"example.com/gpu": 1}, {"a b": 1}, RESOURCE_KEYS),
    case("pod.resources.limits", {"hugepages-2Mi": "4Mi"}, {"a/b/c": 1}, RESOURCE_KEYS),
    case(
        "pod.resources",
        {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"cpu": "1000m"}},
        {"requests": {"cpu": 1}, "limits": {"cpu": "999m"}},
        "must not request more than its limit",
    ),
    case("pod.nodeSelector", {"kubernetes.io/os": "linux"}, {"a b": "c"}, KEYS),
    case("pod.nodeSelector", {"zone": ""}, {"zone": "a b"}, LABEL_VALUE, path="pod.nodeSelector[zone]"),
    case("pod.labels", {"example.com/team": "a"}, {"example.com/": "a"}, KEYS),
    case("pod.labels", {"team": "a"}, {"team": "a/b"}, LABEL_VALUE, path="pod.labels[team]"),
    case("pod.labels", {"teamregistry.io": "a"}, {"teamregistry.io/registry": "a"}, RESERVED),
    case("pod.labels", {"team": "a"}, {"pod-template-hash": "a"}, RESERVED),
    case("pod.annotations", {"kubectl.kubernetes.io/restartedAt": "now"}, {"a/b/c": ""}, KEYS),
    case("pod.annotations", {"a": ""}, {"app.kubernetes.io/name": ""}, RESERVED),
    case("pod.serviceAccountAnnotations", {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r"}, {"": ""}, KEYS),
    case("pod.serviceAccountAnnotations", {"a": ""}, {"meta.helm.sh/release-name": ""}, RESERVED),
    names("pod.priorityClassName"),
    case(
        "pod.tolerations",
        [{"operator": "Exists"}, {"key": "a", "value": "b", "effect": "NoExecute", "tolerationSeconds": 60}],
        [{"key": "a", "operator": "Exists", "value": "b"}],
        "may have no value with operator Exists",
        path="pod.tolerations[0]",
    ),
    case("pod.tolerations", [{"key": "a"}], [{"value": "b"}], "must have operator Exists", path="pod.tolerations[0]"),
    case(
        "pod.tolerations",
        [{"key": "a", "effect": "NoExecute", "tolerationSeconds": 60}],
        [{"key": "a", "tolerationSeconds": 60}],
        "must have effect NoExecute",
        path="pod.tolerations[0]",
    ),
    case(
        "pod.tolerations",
        [{"key": "a", "value": "b"}],
        [{"key": "a", "value": "b c"}],
        LABEL_VALUE,
        path="pod.tolerations[0].value",
    ),
    case(
        "pod.topologySpreadConstraints",
        spread(whenUnsatisfiable="DoNotSchedule", minDomains=2),
        spread(minDomains=2),
        "must have whenUnsatisfiable DoNotSchedule when it has minDomains",
        path="pod.topologySpreadConstraints[0]",
    ),
    case(
        "pod.topologySpreadConstraints",
        spread(matchLabelKeys=["pod-template-hash"], labelSelector={"matchLabels": {"a": "b"}}),
        spread(matchLabelKeys=["pod-template-hash"]),
        "must have a labelSelector when it has matchLabelKeys",
        path="pod.topologySpreadConstraints[0]",
    ),
    case(
        "pod.topologySpreadConstraints",
        spread(),
        spread(topologyKey="a b"),
        LABEL_KEY,
        path="pod.topologySpreadConstraints[0].topologyKey",
    ),
    node({"key": "zone", "operator": "In", "values": ["a"]}, {"key": "zone", "operator": "In"}, COUNTED),
    node({"key": "zone", "operator": "Exists"}, {"key": "zone", "operator": "DoesNotExist", "values": ["a"]}, COUNTED),
    node(
        {"key": "cores", "operator": "Gt", "values": ["4"]},
        {"key": "cores", "operator": "Gt", "values": ["4", "5"]},
        "must have exactly one value",
    ),
    node(
        {"key": "kubernetes.io/os", "operator": "Exists"},
        {"key": "a b", "operator": "Exists"},
        LABEL_KEY,
        member=".key",
    ),
    Case(
        f"spec.pod.affinity.podAntiAffinity.{PREFERRED}[0].podAffinityTerm.topologyKey",
        LABEL_KEY,
        beside({"topologyKey": "zone", "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}),
        beside({"topologyKey": "-"}),
    ),
]
