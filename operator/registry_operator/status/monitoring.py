"""Monitored: whether Prometheus can find the pods, where the spec asks for it."""

from __future__ import annotations

from registry_operator.status.findings import Findings
from registry_operator.status.reasons import Condition, Reason


def monitoring(found: Findings) -> tuple[str, Reason, str]:
    """Status, reason and message."""
    if problem := found.problems.get(Condition.MONITORED):
        return "False", problem.reason, problem.message
    return "True", Reason.POD_MONITOR_MADE, "there is a PodMonitor for the pods"
