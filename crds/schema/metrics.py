"""`spec.metrics`: what Prometheus can scrape from the pods."""

from __future__ import annotations

from . import core
from .network_policy import sources
from .parts import Schema, choice, matching, record, rule, section, text


def metrics() -> Schema:
    return section(
        "Metrics of the traffic, on a port of their own that is no part of the Service. Whoever reaches that port "
        "reads them without a password, and can profile the process.",
        rule(
            "self.mode == 'Enabled' || !has(self.from) && !has(self.podMonitor)",
            "may have from and podMonitor with mode Enabled only: remove them, or set mode to Enabled",
        ),
        mode=choice("Enabled: pods listen on port 5001.", "Enabled", "Disabled", default="Disabled"),
        podMonitor=record(
            "How Prometheus finds the pods, where its operator runs.",
            mode=choice("Enabled: there is a PodMonitor.", "Enabled", "Disabled", default="Disabled"),
            labels=core.labels("Labels of the PodMonitor, where Prometheus selects by some."),
            interval=text(
                "How often it scrapes. Without it as often as Prometheus' own configuration says.",
                matching("([0-9]{1,6}(ms|s|m|h))+", "must be a duration such as 30s or 1m"),
                longest=32,
            ),
        ),
        **{
            "from": sources(
                "Who may connect to the metrics' port, as a NetworkPolicy says it. Without it the namespaces that the "
                "operator's settings name."
            )
        },
    )
