"""`spec.networkPolicy`: who may connect to the pods."""

from __future__ import annotations

from . import core
from .parts import Schema, choice, listing, record, rule, section, text


def network_policy() -> Schema:
    return section(
        "Who may connect to the pods, in clusters whose network enforces policies.",
        rule(
            "self.mode == 'Enabled' || !has(self.from)",
            "may have from with mode Enabled only: remove from, or set mode to Enabled",
        ),
        mode=choice(
            "Enabled: a NetworkPolicy lets clients reach the registry's port, and nobody another one. Disabled: there "
            "is none.",
            "Enabled",
            "Disabled",
            default="Enabled",
        ),
        **{
            "from": sources(
                "Who may connect to the registry's port, as a NetworkPolicy says it; the operator may always. Without "
                "it everybody."
            )
        },
    )


def sources(about: str) -> Schema:
    """Peers of a NetworkPolicy; at least one, since none would mean everybody."""
    peer = record(
        "",
        rule(
            "has(self.ipBlock) ? !has(self.namespaceSelector) && !has(self.podSelector) : "
            "has(self.namespaceSelector) || has(self.podSelector)",
            "must have a namespaceSelector, a podSelector or both, or else an ipBlock alone",
        ),
        namespaceSelector=core.label_selector(
            "Namespaces of the clients; {} means all. Without it the Registry's own."
        ),
        podSelector=core.label_selector("Pods of the clients in those namespaces. Without it all."),
        ipBlock=record(
            "Addresses of the clients, such as those of nodes and of what is outside of the cluster.",
            rule(
                "!has(self.except) || !isCIDR(self.cidr) || "
                "self.except.all(one, !isCIDR(one) || cidr(self.cidr).containsCIDR(one) && one != self.cidr)",
                "must have except inside of cidr, and smaller than it",
            ),
            required=("cidr",),
            cidr=_range("Addresses that may connect."),
            **{"except": listing("Addresses of these that may not.", _range(""), 16)},
        ),
    )
    rules = [rule("self.size() > 0", "must name who may connect: leave from out for what is said above")]
    return {**listing(about, peer, 32), "x-kubernetes-validations": rules}


def _range(about: str) -> Schema:
    return text(about, rule("isCIDR(self)", "must be a range such as 192.0.2.0/24 or 2001:db8::/32"), longest=49)
