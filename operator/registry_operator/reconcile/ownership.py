"""Whose an object is: the rule that keeps us from ever touching what is not ours (api.md, "Ownership")."""

from __future__ import annotations

from enum import Enum

from registry_operator.api.registry import Registry
from registry_operator.kube.kinds import REGISTRY
from registry_operator.reconcile.projections import Child


class Ownership(Enum):
    """OURS may be written and deleted; STALE goes away with a former Registry of this name; FOREIGN is untouchable."""

    OURS = "ours"
    STALE = "stale"
    FOREIGN = "foreign"


def ownership(registry: Registry, found: Child) -> Ownership:
    """Ours: controlled by this very Registry, or by nobody and labelled for it (orphaned, restored or retained)."""
    owner = found.controller
    if owner is None:
        return Ownership.OURS if found.registry == registry.name else Ownership.FOREIGN
    if owner.uid == registry.uid:
        return Ownership.OURS
    same = owner.kind == REGISTRY.kind and owner.name == registry.name
    same = same and owner.api_version.partition("/")[0] == REGISTRY.api_version.partition("/")[0]
    return Ownership.STALE if same else Ownership.FOREIGN
