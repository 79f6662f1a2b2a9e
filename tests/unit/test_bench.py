"""The bench's arithmetic: a wrong figure in a table would be believed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.bench import baseline, report, workloads
from tests.bench.audit import Audit, count, each, parse
from tests.bench.numbers import flat, percentile, spread
from tests.bench.recording import Recording, Teller
from tests.stage.traffic import Request

TEAM, NAME = workloads.namespace(workloads.RECORDED), workloads.name(workloads.RECORDED)
SERVICES = f"/api/v1/namespaces/{TEAM}/services"


def line(verb: str, resource: str, *, code: int = 200, **more: str) -> str:
    """One line of the API server's audit log, shortened."""
    reference = {"resource": resource, "namespace": "team", "name": "images", "apiVersion": "v1", **more}
    return json.dumps(
        {
            "kind": "Event",
            "verb": verb,
            "requestURI": "/api",
            "objectRef": reference,
            "responseStatus": {"code": code},
            "requestReceivedTimestamp": "2026-11-24T10:00:00.250000Z",
            "stageTimestamp": "2026-11-24T10:00:00.300000Z",
        }
    )


# ---------------------------------------------------------------- audit
@pytest.mark.parametrize(
    ("entry", "write"),
    [
        (line("patch", "secrets"), True),
        (line("create", "events"), True),
        (line("get", "secrets"), False),
        (line("watch", "secrets"), False),
        (line("update", "leases"), False),
        (line("create", "selfsubjectaccessreviews", apiGroup="authorization.k8s.io"), False),
    ],
)
def test_leases_and_reviews_are_no_writes(entry: str, write: bool) -> None:
    assert parse(entry).write is write


def test_subresources_are_counted_apart() -> None:
    entries = [parse(line("patch", "registries", subresource="status")), parse(line("patch", "registries"))]
    assert count([*entries, entries[0]]) == {"patch registries/status": 2, "patch registries": 1}
    assert each({"patch registries/status": 30, "list pods": 1}, 300) == {"patch registries/status": 0.1}


def test_requests_without_an_object_are_told_by_their_address() -> None:
    entry = json.loads(line("get", "x"))
    del entry["objectRef"]
    assert parse(json.dumps(entry)).resource == "/api"


def test_the_log_is_read_on_from_where_it_ended_and_only_by_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    audit = Audit(log)
    assert audit.take() == []
    first, second = line("get", "pods"), line("list", "pods")
    log.write_text(f"{first}\n{second[:20]}")
    assert [entry.verb for entry in audit.take()] == ["get"]
    log.write_text(f"{first}\n{second}\n")
    assert [entry.verb for entry in audit.take()] == ["list"]
    assert audit.take() == []


# ---------------------------------------------------------------- numbers
def test_percentiles_are_measured_values() -> None:
    values = [float(value) for value in range(1, 201)]
    assert (percentile(values, 50), percentile(values, 99), percentile([7.0], 99)) == (100, 198, 7)
    assert math.isnan(percentile([], 50))


def test_times_are_told_in_milliseconds_and_nothing_is_told_of_nothing() -> None:
    assert spread([0.1, 0.2]) == {"samples": 2, "p50_ms": 100.0, "p99_ms": 200.0, "max_ms": 200.0}
    assert spread([]) == {"samples": 0}


def test_figures_are_found_by_their_path() -> None:
    assert flat({"a": {"b": 1, "c": "x", "d": True}, "e": 0.5, "f": [1]}) == {"a.b": 1.0, "e": 0.5}


# ---------------------------------------------------------------- recording
def asked(number: int, method: str, path: str, body: Any = None) -> Request:
    return Request(number, method, path, {"force": "true"}, body, content_type="application/apply-patch+yaml")


def test_only_what_is_about_the_recorded_registry_is_told_again() -> None:
    requests = [
        asked(0, "GET", "/api/v1/secrets"),
        asked(1, "PATCH", "/api/v1/namespaces/other/services/x", {}),
        asked(2, "GET", f"{SERVICES}/{NAME}"),
        asked(3, "PATCH", f"{SERVICES}/{NAME}", {"metadata": {"name": NAME}}),
    ]
    recording = Recording.of(requests, "uid-recorded")
    assert [step.path for step in recording.steps] == [f"{SERVICES}/{NAME}"] * 2
    assert recording.counts() == {"reads": 1, "writes": 1}


def test_names_uids_and_versions_become_those_of_the_other_registry() -> None:
    owner = {"metadata": {"name": NAME, "namespace": TEAM, "ownerReferences": [{"uid": "uid-recorded"}]}}
    again = {"metadata": {"name": NAME, "uid": "old", "resourceVersion": "1"}, "spec": {"host": f"{NAME}.{TEAM}.svc"}}
    requests = [
        asked(0, "POST", SERVICES, owner),
        asked(1, "PATCH", f"{SERVICES}/{NAME}", again),
        asked(2, "PATCH", f"{SERVICES}/{NAME}/status", again),
    ]
    recording = Recording.of(requests, "uid-recorded")
    teller = Teller(recording, 12, "uid-12")
    path, body = teller.request(recording.steps[0])
    assert path == "/api/v1/namespaces/team-0001/services"
    assert json.loads(body or b"") == {
        "metadata": {"name": "reg-00012", "namespace": "team-0001", "ownerReferences": [{"uid": "uid-12"}]}
    }
    teller.heard(path, {"metadata": {"name": "reg-00012", "uid": "new", "resourceVersion": "7"}})
    path, body = teller.request(recording.steps[1])
    assert path == "/api/v1/namespaces/team-0001/services/reg-00012"
    assert json.loads(body or b"") == {
        "metadata": {"name": "reg-00012", "uid": "new", "resourceVersion": "7"},
        "spec": {"host": "reg-00012.team-0001.svc"},
    }
    teller.heard(path, {"metadata": {"name": "reg-00012", "uid": "new", "resourceVersion": "8"}})
    path, body = teller.request(recording.steps[2])
    assert json.loads(body or b"")["metadata"]["resourceVersion"] == "8"
    teller.heard(path, {"metadata": {"name": "reg-00012", "uid": "new", "resourceVersion": "9"}})
    _, body = teller.request(recording.steps[2])
    assert json.loads(body or b"")["metadata"]["resourceVersion"] == "9"


# ---------------------------------------------------------------- judging
def results(**phases: Any) -> dict[str, Any]:
    machine = {"cpus": 2, "cpu": "x", "memory_gib": 24.0, "kernel": "6", "python": "3.11", "load_before": 0.1}
    made = {"date": "2026-11-24T10:00:00", "commit": "abc", "versions": {"kubernetes": "v1"}, "machine": machine}
    return {"made": {**made, "options": {"workload": "self-signed"}}, "sizes": {"100": phases}}


def stored(**figures: float) -> dict[str, Any]:
    return {"date": "2026-11-20", "figures": {"self-signed 100": figures}}


def test_the_ratio_needs_both_times() -> None:
    assert baseline.ratio({"floor": {"seconds": 10}, "converge": {"seconds": 13}}) == 1.3
    assert baseline.ratio({"floor": {"gave_up": "x"}, "converge": {"seconds": 13}}) is None


def test_what_got_worse_is_told_and_noise_is_not() -> None:
    before = stored(**{"idle.writes": 0, "converge.seconds": 10, "edit.p50_ms": 100, "renewals.rolls_most": 1})
    now = results(idle={"writes": 1}, converge={"seconds": 13}, edit={"p50_ms": 40})
    told = baseline.compare(now, before)
    assert "1 worse, 1 better" in told
    assert "worse   idle.writes: 0 → 1" in told
    assert "better  edit.p50_ms: 100 → 40" in told
    assert "missing renewals.rolls_most (was 1)" in told
    assert "converge.seconds" not in told
    assert baseline.compare(now, {}) == "self-signed 100: no baseline"


def test_every_compared_figure_stands_in_the_stored_baseline_or_is_new() -> None:
    figures = baseline.load().get("figures", {})
    assert all(set(found) <= set(baseline.NOISE) for found in figures.values())


def test_the_page_keeps_all_but_its_tables(tmp_path: Path) -> None:
    page = tmp_path / "scale.md"
    page.write_text(f"# Scale\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    found = results(
        floor={"seconds": 10, "available_seconds": 12},
        converge={"seconds": 13.0, "half_seconds": 7, "gave_up": "99 of 100 Registries Ready after 13 s"},
    )
    report.write([found], page)
    text = page.read_text()
    assert text.startswith("# Scale\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "old" not in text
    assert "| **ratio to the floor** | **1.30** (1.08 of the floor with its Deployments) |" in text
    assert "| at rest: writes | not run |" in text
    assert "- 100, converge: 99 of 100 Registries Ready after 13 s" in text
    once = text
    report.write([found], page)
    assert page.read_text() == once
    page.write_text("no markers")
    with pytest.raises(ValueError, match="lacks the markers"):
        report.write([found], page)


def test_a_run_during_which_the_sources_changed_says_so() -> None:
    found = results()
    assert "changed" not in report.tables(found)
    found["made"]["commit_at_end"] = "abc-dirty"
    assert "**The sources changed during the run**: at its end they were abc-dirty." in report.tables(found)


def test_a_registry_is_ready_by_conditions_of_its_present_spec() -> None:
    conditions = [
        {"type": kind, "status": status, "observedGeneration": 2}
        for kind, status in (("Ready", "True"), ("Reconciling", "False"), ("Stalled", "False"))
    ]
    document: dict[str, Any] = {"metadata": {"generation": 2}, "status": {"conditions": conditions}}
    assert workloads.is_ready(document)
    document["metadata"]["generation"] = 3
    assert not workloads.is_ready(document)
    assert not workloads.is_ready(None)


def test_teams_share_namespaces_and_names_sort_as_numbers_do() -> None:
    assert workloads.namespaces(25) == ["team-0000", "team-0001", "team-0002"]
    assert workloads.name(7) < workloads.name(10) < workloads.name(4999)
