"""Findings for the tests of the rules: a Registry that serves well, and what may be otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from registry_operator.api.parse import parse
from registry_operator.api.registry import Registry
from registry_operator.status.findings import Answer, Findings, Login, Served, StorageFacts, WorkloadFacts
from registry_operator.status.problems import Problem
from registry_operator.status.reasons import Condition, Reason
from registry_operator.status.rules import Verdict, conditions

NOW = datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)
LATER = datetime(2027, 2, 1, tzinfo=UTC)
SERVED = Served("ab" * 32, NOW, LATER, "CN=images registry CA")
GOOD = Answer(Login.ACCEPTED, served=SERVED, upload=True)
PODS = WorkloadFacts(exists=True, replicas=1, ready=1, settled=True)
NO_PODS = replace(PODS, ready=0, settled=False)
CLAIM = StorageFacts("images-data", "Bound", "20Gi", "20Gi")


def registry(spec: dict[str, Any] | None = None, **more: Any) -> Registry:
    metadata = {"namespace": "team-a", "name": "images", "uid": "u-1", "resourceVersion": "7", "generation": 3}
    status = more.pop("status", {})
    return parse({"metadata": {**metadata, **more}, "spec": spec or {}, "status": status})


def findings(spec: dict[str, Any] | None = None, **more: Any) -> Findings:
    """A Registry that serves, except for what is given."""
    usual: dict[str, Any] = {
        "registry": registry(spec),
        "now": NOW,
        "storage": CLAIM,
        "workload": PODS,
        "probe": GOOD,
        "probing": True,
        "expires": LATER,
        "users": 1,
        "host": "images.team-a.svc",
        "url": "https://images.team-a.svc",
        "ca_config_map": "images-ca",
        "admin_secret": "images-admin",
        "version": "2.8.3",
        "image": "registry:2.8.3",
    }
    return Findings(**{**usual, **more})


def answered(**more: Any) -> Answer:
    """The good answer, except for what is given."""
    return replace(GOOD, **more)


def problem(
    condition: Condition, reason: Reason = Reason.REFUSED, *, stalled: bool = False
) -> dict[Condition, Problem]:
    return {condition: Problem(reason, f"about {condition}", stalled=stalled)}


def judge(found: Findings, known: dict[Condition, Verdict] | None = None) -> dict[Condition, tuple[str, Reason]]:
    """Status and reason of each condition."""
    return {name: (verdict.status, verdict.reason) for name, verdict in conditions(found, known or {}).items()}
