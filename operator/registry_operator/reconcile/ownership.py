"""Whose an object is: the rule that keeps us from ever touching what is not ours (api.md, "Ownership")."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from registry_operator.api.registry import Registry
from registry_operator.kube.kinds import CERTIFICATE, REGISTRY, Kind
from registry_operator.reconcile.projections import Child, Owner

Find = Callable[[Kind, str, str], Child | None]
"""The cached object of a kind, a namespace and a name."""


class Ownership(Enum):
    """OURS may be written and deleted; STALE goes away with a former Registry of this name; FOREIGN is untouchable."""

    OURS = "ours"
    STALE = "stale"
    FOREIGN = "foreign"


def ownership(registry: Registry, found: Child, find: Find) -> Ownership:
    """Ours: controlled by this very Registry, or by nobody and labelled for it (orphaned, restored or retained)."""
    owner = found.controller
    if owner is None:
        return Ownership.OURS if found.registry == registry.name else Ownership.FOREIGN
    if owner.uid == registry.uid:
        return Ownership.OURS
    if found.registry == registry.name and _is(owner, CERTIFICATE):
        return _by_certificate(registry, owner, found.namespace, find)
    return Ownership.STALE if _is(owner, REGISTRY) and owner.name == registry.name else Ownership.FOREIGN


def _by_certificate(registry: Registry, owner: Owner, namespace: str, find: Find) -> Ownership:
    """cert-manager's `--enable-certificate-owner-ref`: a Secret belongs to its Certificate, and so to whom that does.

    The Secret of a Certificate that is gone, or has a successor, is collected by the cluster.
    """
    certificate = find(CERTIFICATE, namespace, owner.name)
    if certificate is None or certificate.uid != owner.uid:
        return Ownership.STALE
    return ownership(registry, certificate, find)


def _is(owner: Owner, kind: Kind) -> bool:
    """Whether it is of this kind, in whatever version."""
    return owner.kind == kind.kind and owner.api_version.partition("/")[0] == kind.group
