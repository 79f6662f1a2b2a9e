"""What the operator may do: this table and nothing beside it. A new verb is a decision that SECURITY.md must tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.render import Object, chart, of_kind

READ = {"get", "list", "watch"}
KEEP = READ | {"create", "patch"}
OWN = KEEP | {"delete"}
IN_NAMESPACES: dict[str, set[str]] = {
    "teamregistry.io/registries": READ | {"patch"},
    "teamregistry.io/registries/status": {"patch"},
    "teamregistry.io/registries/finalizers": {"update"},
    "apps/deployments": KEEP,
    "apps/replicasets": READ,
    "/services": KEEP,
    "/serviceaccounts": KEEP,
    "/persistentvolumeclaims": OWN,
    "/secrets": OWN,
    "/configmaps": OWN,
    "/pods": READ,
    "networking.k8s.io/networkpolicies": OWN,
    "policy/poddisruptionbudgets": OWN,
    "autoscaling/horizontalpodautoscalers": OWN,
    "networking.k8s.io/ingresses": OWN,
    "gateway.networking.k8s.io/httproutes": OWN,
    "gateway.networking.k8s.io/tlsroutes": OWN,
    "gateway.networking.k8s.io/backendtlspolicies": OWN,
    "monitoring.coreos.com/podmonitors": OWN,
    "cert-manager.io/certificates": OWN,
    "cert-manager.io/issuers": OWN,
    "events.k8s.io/events": {"create"},
}
NAMESPACED: Object = {"watchNamespaces": ["team-a", "team-b"]}


def table(role: Object) -> dict[str, set[str]]:
    result: dict[str, set[str]] = {}
    for rule in role["rules"]:
        assert rule.keys() <= {"apiGroups", "resources", "verbs", "resourceNames"}
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                result.setdefault(f"{group}/{resource}", set()).update(rule["verbs"])
    return result


def bound(documents: list[Object], binding: Object) -> Object:
    """The role that a binding gives to the operator's ServiceAccount."""
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "registry-operator", "namespace": "registry-operator"}
    ]
    reference, namespace = binding["roleRef"], binding["metadata"].get("namespace")
    return next(
        role
        for role in of_kind(documents, reference["kind"])
        if role["metadata"]["name"] == reference["name"] and role["metadata"].get("namespace") == namespace
    )


def test_cluster_wide_mode() -> None:
    documents = chart()
    (binding,) = of_kind(documents, "ClusterRoleBinding")
    assert table(bound(documents, binding)) == {**IN_NAMESPACES, "cert-manager.io/clusterissuers": READ}


def test_namespaced_mode_has_no_cluster_wide_permission() -> None:
    documents = chart(NAMESPACED)
    assert not of_kind(documents, "ClusterRoleBinding")
    given = {
        binding["metadata"]["namespace"]: table(bound(documents, binding))
        for binding in of_kind(documents, "RoleBinding")
        if binding["metadata"]["name"] == "registry-operator"
    }
    assert given == {"team-a": IN_NAMESPACES, "team-b": IN_NAMESPACES}


@pytest.mark.parametrize("values", [{}, NAMESPACED], ids=["cluster-wide", "namespaced"])
def test_the_lease_is_its_own_and_in_its_own_namespace(values: Object) -> None:
    documents = chart(values)
    (binding,) = (one for one in of_kind(documents, "RoleBinding") if one["metadata"]["name"].endswith("election"))
    assert binding["metadata"]["namespace"] == "registry-operator"
    create, rest = bound(documents, binding)["rules"]
    assert create == {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]}
    assert rest["resourceNames"] == ["registry-operator"]
    assert set(rest["verbs"]) == {"get", "patch"}


def test_users_get_registries_through_the_roles_of_the_cluster_and_no_secrets() -> None:
    roles = {role["metadata"]["name"]: role for role in of_kind(chart(), "ClusterRole")}
    view, edit = roles["registry-operator-view"], roles["registry-operator-edit"]

    def aggregates(role: Object) -> set[str]:
        prefix = "rbac.authorization.k8s.io/aggregate-to-"
        return {name.removeprefix(prefix) for name in role["metadata"]["labels"] if name.startswith(prefix)}

    assert aggregates(view) == {"view", "edit", "admin"}
    assert aggregates(edit) == {"edit", "admin"}
    kinds = ("registries", "registries/status", "registries/scale")
    assert table(view) == {f"teamregistry.io/{kind}": READ for kind in kinds}
    assert table(edit) == {
        "teamregistry.io/registries": {"create", "update", "patch", "delete", "deletecollection"},
        "teamregistry.io/registries/scale": {"update", "patch"},
    }


def test_roles_can_be_left_to_somebody_else() -> None:
    rendered = chart({"rbac": {"create": False}})
    assert not [one["kind"] for one in rendered if "Role" in one["kind"]]
    aggregated = chart({"rbac": {"aggregate": False}, **NAMESPACED})
    assert not of_kind(aggregated, "ClusterRole")


def told() -> dict[str, str]:
    """What SECURITY.md says that the operator may do, by the plural of each kind that it names."""
    page = (Path(__file__).parents[2] / "SECURITY.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|[^|]*\|$", page, flags=re.M)
    return {kind.lower(): may for kinds, may in rows for kind in re.findall(r"[A-Z][A-Za-z]+", kinds)}


@pytest.mark.parametrize("resource", [*IN_NAMESPACES, "cert-manager.io/clusterissuers"])
def test_security_md_tells_of_each_kind_whether_it_may_be_written_and_deleted(resource: str) -> None:
    kind, _, part = resource.partition("/")[2].partition("/")
    assert kind in told(), "a row of the table"
    verbs = IN_NAMESPACES.get(resource, READ)
    assert ("delete" in told()[kind]) == ("delete" in verbs)
    if not part:
        assert ("write" in told()[kind] or "patch" in told()[kind]) == ("patch" in verbs)
