"""What an ingress controller and gateways say of a Registry's Ingress and routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from registry_operator.reconcile.projections import Child, Json, child
from registry_operator.reconcile.views import balanced


@dataclass(frozen=True, slots=True)
class IngressView:
    """The addresses that the controller has written, and the Secrets whose certificates it serves."""

    addresses: tuple[str, ...]
    secrets: frozenset[str]


def ingress(obj: Json) -> Child:
    entries = (obj.get("spec") or {}).get("tls") or ()
    secrets = frozenset(entry["secretName"] for entry in entries if entry.get("secretName"))
    return child(obj, IngressView(balanced(obj.get("status") or {}), secrets))


@dataclass(frozen=True, slots=True)
class ParentView:
    """One controller's word on one parent of a route, or on one gateway under a policy.

    `trouble` is why it refuses, None if it does not; `accepted` only of the newest generation.
    """

    kind: str
    name: str
    namespace: str
    section: str
    port: int
    accepted: bool
    trouble: str | None


def route(obj: Json) -> Child:
    """The view is a tuple of ParentView."""
    return child(obj, _parents(obj, "parents", "parentRef"))


def policy(obj: Json) -> Child:
    """The view is a tuple of ParentView, of the gateways that use the policy."""
    return child(obj, _parents(obj, "ancestors", "ancestorRef"))


def _parents(obj: Json, listed: str, referred: str) -> tuple[ParentView, ...]:
    metadata = obj["metadata"]
    found = []
    for entry in (obj.get("status") or {}).get(listed) or ():
        reference, conditions = entry.get(referred) or {}, _conditions(entry, metadata.get("generation"))
        found.append(
            ParentView(
                kind=reference.get("kind", "Gateway"),
                name=reference.get("name", ""),
                namespace=reference.get("namespace") or metadata["namespace"],
                section=reference.get("sectionName") or "",
                port=reference.get("port") or 0,
                accepted=conditions.get("Accepted", {}).get("status") == "True",
                trouble=_trouble(conditions),
            )
        )
    return tuple(found)


def _conditions(entry: Json, generation: Any) -> dict[str, Json]:
    """Those that are about the newest generation."""
    return {
        condition["type"]: condition
        for condition in entry.get("conditions") or ()
        if condition.get("observedGeneration", generation) == generation
    }


def _trouble(conditions: dict[str, Json]) -> str | None:
    for kind in ("Accepted", "ResolvedRefs"):
        condition = conditions.get(kind, {})
        if condition.get("status") == "False":
            return f"{condition.get('reason', kind)}: {condition.get('message', '')}".rstrip(": ")
    return None
