"""How Prometheus finds the pods of a Registry, and who may connect to their metrics."""

from __future__ import annotations

from typing import Any

from registry_operator.kube.kinds import DEPLOYMENT, NETWORK_POLICY, POD_MONITOR, SERVICE
from tests.apiserver.registries import PLAIN, Subject
from tests.cluster import foreign_crds
from tests.stage.kube import CUSTOM_RESOURCE_DEFINITION, Object
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually

MONITORED = {**PLAIN, "metrics": {"mode": "Enabled", "podMonitor": {"mode": "Enabled"}}}


def monitor(images: Subject) -> Object | None:
    return images.stage.kube.find(POD_MONITOR, images.namespace, images.name)


def scrapers(images: Subject) -> list[Any]:
    """Who may connect to the metrics' port, by the rules for that port alone."""
    rules = images.child(NETWORK_POLICY)["spec"]["ingress"]
    return [rule["from"] for rule in rules if rule["ports"] == [{"port": 5001, "protocol": "TCP"}]]


def test_metrics_have_a_port_of_their_own_for_those_who_watch(operator: StagedOperator, images: Subject) -> None:
    images.apply(PLAIN)
    images.ready()
    assert scrapers(images) == []
    assert monitor(images) is None

    images.apply(MONITORED)
    images.expect("Monitored", "True", "PodMonitorMade")
    images.ready()
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    assert scrapers(images) == [[monitoring]]
    (container,) = images.child(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    assert {"name": "metrics", "containerPort": 5001, "protocol": "TCP"} in container["ports"]
    ports = images.child(SERVICE)["spec"]["ports"]
    assert [port["targetPort"] for port in ports] == ["registry"]

    ours = {"podSelector": {"matchLabels": {"app": "prometheus"}}}
    images.apply({**PLAIN, "metrics": {"mode": "Enabled", "from": [ours]}})
    eventually(lambda: scrapers(images) == [[ours]], "the scrapers of the spec", seen=images.seen)
    eventually(lambda: monitor(images) is None, "the end of the PodMonitor", seen=images.seen)
    images.ready()
    assert "Monitored" not in {each["type"] for each in images.get()["status"]["conditions"]}


def test_a_cluster_without_pod_monitors_is_told_and_noticed_when_they_come(
    operator: StagedOperator, images: Subject
) -> None:
    kube = images.stage.kube
    kube.delete(CUSTOM_RESOURCE_DEFINITION, None, f"{POD_MONITOR.plural}.{POD_MONITOR.group}")
    eventually(lambda: not kube.serves(POD_MONITOR), "the end of the kind")
    try:
        images.apply(MONITORED)
        assert "spec.metrics.podMonitor" in images.expect("Monitored", "False", "PodMonitorMissing")
        images.ready()
    finally:
        for path in foreign_crds.prometheus_operator():
            kube.apply_file(path.read_text())
    eventually(lambda: monitor(images) is not None, "the PodMonitor", within=90, seen=images.seen)
    images.expect("Monitored", "True", "PodMonitorMade")


def test_a_pod_monitor_of_somebody_elses_is_told_and_left_alone(operator: StagedOperator, images: Subject) -> None:
    meta = {"namespace": images.namespace, "name": images.name}
    spec: Object = {"selector": {}, "podMetricsEndpoints": []}
    theirs = images.stage.kube.create(POD_MONITOR, {"metadata": meta, "spec": spec})
    images.apply(MONITORED)
    assert "PodMonitor images" in images.expect("Stalled", "True", "NameConflict")
    images.expect("Ready", "True")
    assert monitor(images) == theirs
