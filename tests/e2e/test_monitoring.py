"""A real Prometheus scrapes the operator and a Registry of the node, and tries the chart's alerts on what it finds."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from registry_operator.kube.kinds import POD, SERVICE
from tests.cluster import packages
from tests.demo.install import OPERATOR
from tests.distribution import LOOPBACK
from tests.e2e.managed import PATIENCE, Managed
from tests.ports import free_port
from tests.stage.waiting import eventually
from tests.unit.render import chart, of_kind


class Prometheus:
    """Its HTTP API."""

    def __init__(self, port: int) -> None:
        self._api = f"http://{LOOPBACK}:{port}/api/v1"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self._api}/{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def ready(self) -> bool:
        try:
            return bool(self.get("status/runtimeinfo"))
        except OSError:
            return False

    def value(self, query: str) -> float | None:
        found = self.get(f"query?{urllib.parse.urlencode({'query': query})}")["result"]
        return float(found[0]["value"][1]) if found else None

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]


@contextmanager
def prometheus(folder: Path, jobs: list[dict[str, Any]]) -> Iterator[Prometheus]:
    """Debian's, with the chart's rules; it knows no Kubernetes, so that the jobs name what its operator would find."""
    packages.require(packages.MONITORING)
    (installed,) = of_kind(chart({"monitoring": {"prometheusRule": {"enabled": True}}}), "PrometheusRule")
    (folder / "rules.yaml").write_text(yaml.safe_dump(installed["spec"]))
    timing = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = {"global": timing, "rule_files": ["rules.yaml"], "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    command = [
        str(packages.find("prometheus")),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        server = Prometheus(port)
        eventually(server.ready, "Prometheus", seen=(folder / "log").read_text)
        yield server
    finally:
        process.kill()
        process.wait(10)


def job(name: str, targets: list[str], **labels: str) -> dict[str, Any]:
    return {"job_name": name, "honor_labels": True, "static_configs": [{"targets": targets, "labels": labels}]}


def test_prometheus_sees_the_operator_and_the_traffic_and_raises_no_alarm(images: Managed, tmp_path: Path) -> None:
    images.apply({"tls": {"selfSigned": {}}, "metrics": {"mode": "Enabled"}}).ready().push("hello:1")
    operators = images.kube.list(POD, OPERATOR, selector=f"app.kubernetes.io/name={OPERATOR}")
    jobs = [
        job("operator", [f"{pod['status']['podIP']}:8080" for pod in operators]),
        job(
            "registry",
            [f"{pod['status']['podIP']}:5001" for pod in images.pods()],
            namespace=images.namespace,
            registry=images.name,
        ),
    ]
    chosen = f'namespace="{images.namespace}",registry="{images.name}"'
    with prometheus(tmp_path, jobs) as server:

        def above(query: str, least: float) -> None:
            eventually(lambda: (server.value(query) or 0) > least, f"{query} > {least}", within=PATIENCE)

        above(f'registry_operator_registry_condition{{condition="Ready",{chosen}}}', 0)
        above(f"registry_operator_registry_certificate_not_after_seconds{{{chosen}}} - time()", 7 * 86400)
        above(f"registry_operator_registry_claim_info{{{chosen}}}", 0)
        above('leader_election_master_status{name="registry-operator"}', 0)
        above(f'registry_http_requests_total{{method="put",code="201",{chosen}}}', 0)
        eventually(
            lambda: all(rule["health"] == "ok" for rule in server.rules()),
            "each alert's evaluation",
            within=PATIENCE,
            seen=lambda: str([rule["health"] for rule in server.rules()]),
        )
        assert len(server.rules()) == 11
        mine = [alert for rule in server.rules() for alert in rule["alerts"] if images.namespace in str(alert)]
        assert mine == []

    ports = images.kube.get(SERVICE, images.namespace, images.name)["spec"]["ports"]
    assert [port["targetPort"] for port in ports] == ["registry"], "clients must not reach the port of the metrics"
