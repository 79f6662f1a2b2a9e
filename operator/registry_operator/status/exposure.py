"""Exposed: whether the ways from outside that the spec asks for are open, as far as the cluster tells."""

from __future__ import annotations

from registry_operator.status.findings import ExposureFacts, Findings
from registry_operator.status.reasons import Condition, Reason

_NAMES = "what clients type at a load balancer belongs into spec.tls.dnsNames or ipAddresses"

Parts = tuple[str, Reason, str]


def exposure(found: Findings) -> Parts:
    """Status, reason and message."""
    if problem := found.problems.get(Condition.EXPOSED):
        return "False", problem.reason, problem.message
    facts = found.exposure
    if obstacle := _obstacle(facts):
        return obstacle
    if found.registry.spec.service.type == "ClusterIP" and not found.registry.spec.expose.hosts:
        return "True", Reason.CLUSTER_INTERNAL, "reached inside of the cluster; the spec asks for no other way"
    return "True", Reason.REACHED_FROM_OUTSIDE, f"reached from outside: {_where(facts)}"


def _where(facts: ExposureFacts) -> str:
    ways = [*facts.urls, *([f"port {facts.node_port} of any node"] if facts.node_port else [])]
    return ", ".join(ways) or "nothing tells where yet"


def _obstacle(facts: ExposureFacts) -> Parts | None:
    """What nobody has answered may still work: that is Unknown, and nothing to wait for."""
    if facts.refused:
        return "False", Reason.ROUTE_REFUSED, "; ".join(facts.refused)
    if facts.uncovered:
        message = f"the certificate is not for {', '.join(facts.uncovered)}, so clients will not trust it there"
        return "False", Reason.HOST_NOT_COVERED, f"{message}; issue it for that, too ({_NAMES})"
    if facts.balancing:
        message = "the load balancer has no address yet: does the cluster have one for this class?"
        return "False", Reason.LOAD_BALANCER_PENDING, message
    if facts.pending:
        return "Unknown", Reason.EXPOSURE_PENDING, "; ".join(facts.pending)
    return None
