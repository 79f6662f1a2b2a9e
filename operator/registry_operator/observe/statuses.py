"""What status says of each Registry, for Prometheus: the few facts that alerts are made of.

Only here a label holds the name of an object, since an alert has to name it. Each Registry is six series at most;
all its conditions, or their reasons, would be a dozen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

TOLD = ("Ready", "Reachable", "Stalled")
"""The conditions that alerts are made of."""

_TOLD = f"{', '.join(TOLD[:-1])} and {TOLD[-1]}"
Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Facts:
    conditions: tuple[tuple[str, str], ...]
    not_before: float | None
    not_after: float | None
    claim: str | None


class Statuses(Collector):
    """The last known status of each Registry; collected when asked, so that nothing can drift."""

    def __init__(self) -> None:
        self._known: dict[Name, _Facts] = {}

    def reported(self, namespace: str, name: str, status: Mapping[str, Any]) -> None:
        """This is the status of that Registry now."""
        certificate = status.get("certificate", {})
        self._known[namespace, name] = _Facts(
            conditions=tuple((each["type"], each["status"]) for each in status["conditions"]),
            not_before=_seconds(certificate.get("notBefore")),
            not_after=_seconds(certificate.get("notAfter")),
            claim=status.get("storage", {}).get("claimName"),
        )

    def forget(self, namespace: str, name: str) -> None:
        """That Registry is gone."""
        self._known.pop((namespace, name), None)

    def collect(self) -> Iterator[Metric]:
        """Called by prometheus_client at each scrape; and once, empty, when it is registered."""
        known = sorted(self._known.items())
        yield _counts([facts for _, facts in known])
        yield _conditions(known)
        yield _certificates(known)
        yield _lifetimes(known)
        yield _claims(known)


def _counts(known: list[_Facts]) -> Metric:
    family = GaugeMetricFamily(
        "registry_operator_registries", "Registries by condition and its status.", labels=["condition", "status"]
    )
    for pair, count in sorted(Counter(pair for facts in known for pair in facts.conditions).items()):
        family.add_metric(pair, count)
    return family


def _conditions(known: list[tuple[Name, _Facts]]) -> Metric:
    family = GaugeMetricFamily(
        "registry_operator_registry_condition",
        f"1 while the condition of the Registry is True, 0 while it is False; nothing while it is Unknown. Of {_TOLD}.",
        labels=["namespace", "registry", "condition"],
    )
    for name, facts in known:
        for condition, status in facts.conditions:
            if condition in TOLD and status != "Unknown":
                family.add_metric([*name, condition], status == "True")
    return family


def _certificates(known: list[tuple[Name, _Facts]]) -> Metric:
    family = GaugeMetricFamily(
        "registry_operator_registry_certificate_not_after_seconds",
        "When the certificate that is served expires, in seconds since 1970.",
        labels=["namespace", "registry"],
    )
    for name, facts in known:
        if facts.not_after is not None:
            family.add_metric(name, facts.not_after)
    return family


def _lifetimes(known: list[tuple[Name, _Facts]]) -> Metric:
    family = GaugeMetricFamily(
        "registry_operator_registry_certificate_lifetime_seconds",
        "For how long the certificate that is served is valid, from its beginning to its end.",
        labels=["namespace", "registry"],
    )
    for name, facts in known:
        if facts.not_before is not None and facts.not_after is not None:
            family.add_metric(name, facts.not_after - facts.not_before)
    return family


def _claims(known: list[tuple[Name, _Facts]]) -> Metric:
    family = GaugeMetricFamily(
        "registry_operator_registry_claim_info",
        "1 for the claim that the Registry keeps its images on; joins kubelet's volume statistics to Registries.",
        labels=["namespace", "registry", "persistentvolumeclaim"],
    )
    for name, facts in known:
        if facts.claim is not None:
            family.add_metric([*name, facts.claim], 1)
    return family


def _seconds(moment: str | None) -> float | None:
    if moment is None:
        return None
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
