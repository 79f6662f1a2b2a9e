"""`spec.networkPolicy`: who may connect to the pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .section import Section, without_empty


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """`sources` (`from`) are peers as Kubernetes spells them; without any everybody may connect to the registry."""

    mode: Literal["Enabled", "Disabled"] = "Enabled"
    sources: tuple[dict[str, Any], ...] = ()


def network_policy(section: Section) -> NetworkPolicy:
    return NetworkPolicy(
        mode=section.choice("mode", Literal["Enabled", "Disabled"], NetworkPolicy().mode),
        sources=tuple(without_empty(item.content) for item in section.sections("from")),
    )
