"""`spec.metrics`: what Prometheus can scrape from the pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .common import Switch
from .section import Section, without_empty


@dataclass(frozen=True, slots=True)
class PodMonitor:
    """How Prometheus finds the pods; without `interval` as often as it is used to."""

    mode: Switch = "Disabled"
    labels: Mapping[str, str] = field(default_factory=dict)
    interval: str | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """`sources` (`from`) are peers as Kubernetes spells them; without any those of the operator's settings."""

    mode: Switch = "Disabled"
    sources: tuple[dict[str, Any], ...] = ()
    pod_monitor: PodMonitor = field(default_factory=PodMonitor)

    @property
    def monitored(self) -> bool:
        """Whether there is to be a PodMonitor."""
        return self.mode == "Enabled" and self.pod_monitor.mode == "Enabled"


def metrics(section: Section) -> Metrics:
    monitor = section.section("podMonitor")
    return Metrics(
        mode=section.choice("mode", Switch, Metrics().mode),
        sources=tuple(without_empty(item.content) for item in section.sections("from")),
        pod_monitor=PodMonitor(
            mode=monitor.choice("mode", Switch, PodMonitor().mode),
            labels=monitor.map("labels"),
            interval=monitor.text("interval", None),
        ),
    )
