"""Whose an object is: the whole table."""

from __future__ import annotations

from typing import Any

import pytest

from registry_operator.api.parse import parse
from registry_operator.kube.kinds import CERTIFICATE, Kind
from registry_operator.reconcile import projections
from registry_operator.reconcile.ownership import Ownership, ownership
from registry_operator.reconcile.projections import Child

REGISTRY = parse(
    {"metadata": {"namespace": "team-a", "name": "images", "uid": "u-1", "resourceVersion": "1"}, "spec": {}}
)
LABELS = {"app.kubernetes.io/managed-by": "registry-operator", "teamregistry.io/registry": "images"}


def owner(**more: Any) -> dict[str, Any]:
    ours = {"apiVersion": "teamregistry.io/v1alpha1", "kind": "Registry", "name": "images", "uid": "u-1"}
    return {**ours, "controller": True, **more}


def issued(certificate: str, uid: str, **more: Any) -> dict[str, Any]:
    """By cert-manager with `--enable-certificate-owner-ref`."""
    return owner(**{"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "name": certificate, "uid": uid, **more})


OURS, STALE, FOREIGN = Ownership.OURS, Ownership.STALE, Ownership.FOREIGN
CASES: dict[str, tuple[dict[str, str], list[dict[str, Any]], Ownership]] = {
    "controlled by it": (LABELS, [owner()], OURS),
    "controlled by it, its labels removed": ({}, [owner()], OURS),
    "orphaned or kept": (LABELS, [], OURS),
    "orphaned, with an owner that controls nothing": (LABELS, [owner(controller=False)], OURS),
    "nobody's": ({}, [], FOREIGN),
    "labelled for another Registry": ({**LABELS, "teamregistry.io/registry": "other"}, [], FOREIGN),
    "labelled by another operator": ({**LABELS, "app.kubernetes.io/managed-by": "Helm"}, [], FOREIGN),
    "labelled with a name only": ({"teamregistry.io/registry": "images"}, [], FOREIGN),
    "of a former Registry of this name": (LABELS, [owner(uid="u-0")], STALE),
    "of a former one in another version": (LABELS, [owner(uid="u-0", apiVersion="teamregistry.io/v1")], STALE),
    "of another Registry": (LABELS, [owner(uid="u-2", name="other")], FOREIGN),
    "of another kind": (LABELS, [owner(uid="u-2", kind="RegistryBackup")], FOREIGN),
    "of another group's Registry": (LABELS, [owner(uid="u-2", apiVersion="example.com/v1")], FOREIGN),
    "of a Certificate of its own": (LABELS, [issued("images-certificate", "c-1")], OURS),
    "of a Certificate that has a successor": (LABELS, [issued("images-certificate", "c-0")], STALE),
    "of a Certificate that is gone": (LABELS, [issued("images-ca", "c-0")], STALE),
    "of somebody else's Certificate": (LABELS, [issued("their-certificate", "c-2")], FOREIGN),
    "of a Certificate, without our labels": ({}, [issued("images-certificate", "c-1")], FOREIGN),
    "of another group's Certificate": (
        LABELS,
        [issued("images-certificate", "c-1", apiVersion="example.com/v1")],
        FOREIGN,
    ),
    "of a Deployment": (LABELS, [owner(uid="d", kind="Deployment", apiVersion="apps/v1")], FOREIGN),
}


def find(kind: Kind, namespace: str, name: str) -> Child | None:
    """What the cache holds: a Certificate that this Registry controls, and one that another one does."""
    uid, controller = {
        "images-certificate": ("c-1", owner()),
        "their-certificate": ("c-2", owner(uid="u-2", name="other")),
    }.get(name, ("", {}))
    if not uid or kind is not CERTIFICATE:
        return None
    metadata = {"namespace": namespace, "name": name, "uid": uid, "resourceVersion": "2"}
    return projections.plain({"metadata": {**metadata, "ownerReferences": [controller]}})


@pytest.mark.parametrize(("labels", "owners", "expected"), CASES.values(), ids=CASES)
def test_whose_an_object_is(labels: dict[str, str], owners: list[dict[str, Any]], expected: Ownership) -> None:
    metadata = {"namespace": "team-a", "name": "images", "uid": "x", "resourceVersion": "2"}
    found = projections.plain({"metadata": {**metadata, "labels": labels, "ownerReferences": owners}})
    assert ownership(REGISTRY, found, find) is expected
