"""The alerts, in Prometheus' own tools, and what each of them owes to the one who is woken."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import packages
from tests.unit.render import ROOT, chart, of_kind
from tests.unit.test_house import anchors

CASES = Path(__file__).parent / "alerts.yaml"


def promtool(*argv: str, folder: Path) -> str:
    packages.require(packages.MONITORING)
    program = packages.find("promtool")
    done = subprocess.run([str(program), *argv], cwd=folder, capture_output=True, text=True, timeout=120)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def rules(folder: Path) -> Path:
    """The rules as the chart installs them; the address of the runbooks is that of the cases."""
    values = {"monitoring": {"prometheusRule": {"enabled": True, "runbooks": "https://runbooks.example"}}}
    (installed,) = of_kind(chart(values), "PrometheusRule")
    text = yaml.safe_dump(installed["spec"]).replace("https://runbooks.example", "RUNBOOKS")
    (folder / "rules.yaml").write_text(text)
    return folder / "rules.yaml"


def alerts(path: Path) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(path.read_text())["groups"]:
        yield from group["rules"]


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    assert "SUCCESS" in promtool("check", "rules", "--lint-fatal", rules(tmp_path).name, folder=tmp_path)


def test_each_alert_fires_when_it_should_and_not_before(tmp_path: Path) -> None:
    rules(tmp_path)
    shutil.copy(CASES, tmp_path)
    assert "SUCCESS" in promtool("test", "rules", CASES.name, folder=tmp_path)


def test_each_alert_has_a_case_of_either_kind(tmp_path: Path) -> None:
    asked = [each for case in yaml.safe_load(CASES.read_text())["tests"] for each in case["alert_rule_test"]]
    names = {alert["alert"] for alert in alerts(rules(tmp_path))}
    assert {each["alertname"] for each in asked if each.get("exp_alerts")} == names
    assert {each["alertname"] for each in asked if not each.get("exp_alerts")} == names


def test_each_alert_tells_who_is_woken_what_to_do(tmp_path: Path) -> None:
    known = anchors(Path("docs/runbooks.md"))
    for alert in alerts(rules(tmp_path)):
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert {"summary", "description", "runbook_url"} == alert["annotations"].keys()
        page, _, anchor = alert["annotations"]["runbook_url"].partition("#")
        assert (page, anchor) == ("RUNBOOKS", alert["alert"].lower())
        assert anchor in known, f"docs/runbooks.md has no section {alert['alert']}"


def test_each_runbook_is_of_an_alert(tmp_path: Path) -> None:
    headings = re.findall(r"^## (\S+)$", (ROOT / "docs" / "runbooks.md").read_text(), flags=re.M)
    assert sorted(headings) == sorted(alert["alert"] for alert in alerts(rules(tmp_path)))


@pytest.mark.parametrize("part", ["serviceMonitor", "prometheusRule", "dashboard"])
def test_nothing_of_it_is_installed_unasked(part: str) -> None:
    kinds = {"serviceMonitor": "ServiceMonitor", "prometheusRule": "PrometheusRule", "dashboard": "ConfigMap"}
    assert not of_kind(chart(), kinds[part])
    (made,) = of_kind(
        chart({"monitoring": {part: {"enabled": True}, "labels": {"release": "prometheus"}}}), kinds[part]
    )
    assert (made["metadata"]["labels"].get("release") == "prometheus") == (part != "dashboard")
