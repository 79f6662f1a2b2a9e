"""The kustomize manifests are the chart's rendering, without what only Helm needs."""

from __future__ import annotations

import copy

import pytest

from tests.unit.render import Object, by_key, chart, kustomize

HELM_ONLY = ("helm.sh/chart", "app.kubernetes.io/managed-by")


def plain(document: Object) -> Object:
    """An object without Helm's own labels and annotations."""
    result = copy.deepcopy(document)
    metadata = result["metadata"]
    for name in HELM_ONLY:
        metadata.get("labels", {}).pop(name, None)
    metadata.get("annotations", {}).pop("helm.sh/resource-policy", None)
    if not metadata.get("annotations", True):
        del metadata["annotations"]
    return result


@pytest.mark.parametrize(
    ("folder", "values"),
    [("manifests/cluster-wide", {}), ("manifests/namespaced", {"watchNamespaces": ["team-a"]})],
)
def test_manifests_equal_the_chart(folder: str, values: Object) -> None:
    ours = by_key(kustomize(folder))
    namespace = ours.pop("Namespace//registry-operator")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    charts = {name: plain(document) for name, document in by_key(chart(values)).items()}
    assert ours.keys() == charts.keys()
    for name, document in ours.items():
        assert document == charts[name], name


def test_the_monitoring_of_the_manifests_equals_the_charts() -> None:
    ours = by_key(kustomize("manifests/monitoring"))
    switched = {
        "serviceMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True},
        "dashboard": {"enabled": True},
    }
    charts = {name: plain(document) for name, document in by_key(chart({"monitoring": switched})).items()}
    assert ours == {name: charts[name] for name in charts.keys() - by_key(chart()).keys()}
