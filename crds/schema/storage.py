"""`spec.storage`: a union whose kind never changes, since no content would move with it."""

from __future__ import annotations

from . import object_storage
from .parts import NAME, Schema, at_most_one, choice, listing, matching, object_name, record, rule, section, size, text

SHARED = ("existingClaim", *object_storage.MEMBERS)
"""The members of the union that several pods can write to at once, or may turn out to be so."""
COPY = "make a Registry of another name and copy the images with a client"


def storage() -> Schema:
    return section(
        "Where the images are kept. At most one member; without any, persistentVolumeClaim.",
        at_most_one(
            "persistentVolumeClaim",
            "existingClaim",
            "emptyDir",
            *object_storage.MEMBERS,
            otherwise="the operator makes a claim of 20Gi",
        ),
        persistentVolumeClaim=_claim(),
        existingClaim=record(
            "A claim that somebody else keeps; the operator never deletes it.",
            required=("claimName",),
            claimName=object_name("Name of the PersistentVolumeClaim in the namespace of the Registry."),
        ),
        emptyDir=record(
            "No storage beyond the life of the pod, for tests and caches.",
            sizeLimit=size("Most that the pod may store. Without it the node's disk is the limit."),
        ),
        s3=object_storage.s3(),
        gcs=object_storage.gcs(),
        azure=object_storage.azure(),
    )


def _claim() -> Schema:
    modes = listing(
        "Access modes of the claim. Without them ReadWriteOnce.",
        choice("", "ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"),
        2,
        kind="set",
    )
    modes["minItems"] = 1
    modes["x-kubernetes-validations"] = [
        rule(
            "self.size() == 1 || !('ReadWriteOncePod' in self)",
            "may have ReadWriteOncePod alone only: remove the other one",
        )
    ]
    return record(
        "A claim that the operator makes and that outlives the Registry.",
        size=size("Size of the claim. It may grow, if the class of storage can.", default="20Gi"),
        storageClassName=text(
            "Class of storage. Without it the cluster's default class; empty for a volume that was made beforehand.",
            matching(f"({NAME})?", "must be the name of a StorageClass, or empty"),
            longest=253,
            shortest=0,
        ),
        accessModes=modes,
        whenDeleted=choice(
            "What becomes of the claim when the Registry is deleted. Retain: it stays, and a Registry of the same name "
            "takes it back. Delete: the images are deleted too.",
            "Retain",
            "Delete",
            default="Retain",
        ),
    )


def immutable() -> list[Schema]:
    """What may not change, as rules of `spec`, since an absent `storage` counts as its default.

    A change of kind is told once: the rules on members look only at what kept its kind.
    """
    kept = " && ".join(
        f"{has('self', member)} == {has('oldSelf', member)}"
        for member in ("existingClaim", "emptyDir", *object_storage.MEMBERS)
    )

    def unless_kind_changes(condition: str, message: str) -> Schema:
        return rule(f"!({kept}) || ({condition})", message, at=".storage")

    def both(default: str, *path: str) -> tuple[str, str]:
        return value("self", default, *path), value("oldSelf", default, *path)

    modes_now, modes_before = both("['ReadWriteOnce']", "persistentVolumeClaim", "accessModes")
    return [
        rule(kept, f"may not change its kind, since the images would stay behind: {COPY}", at=".storage"),
        unless_kind_changes(
            " == ".join(both("'-'", "persistentVolumeClaim", "storageClassName")),
            f"may not change storageClassName, since a claim keeps its class: {COPY}",
        ),
        unless_kind_changes(
            f"{modes_now}.all(mode, mode in {modes_before}) && {modes_before}.all(mode, mode in {modes_now})",
            f"may not change accessModes, since a claim keeps them: {COPY}",
        ),
        unless_kind_changes(
            " == ".join(both("'-'", "existingClaim", "claimName")),
            f"may not change claimName, since the images would stay in the other claim: {COPY}",
        ),
        *object_storage.immutable(),
    ]


def growing() -> Schema:
    """That a claim never shrinks, as a rule of the whole object: a size that the claim never got may be taken back."""
    now = value("self.spec", "'20Gi'", "persistentVolumeClaim", "size")
    before = value("oldSelf.spec", "'20Gi'", "persistentVolumeClaim", "size")
    others = ("existingClaim", "emptyDir", *object_storage.MEMBERS)
    other = " || ".join(has(side, member) for side in ("self.spec", "oldSelf.spec") for member in others)
    asked = "has(self.status) && has(self.status.storage) && has(self.status.storage.requested)"
    known = f"{asked} && isQuantity(self.status.storage.requested)"
    return rule(
        f"{other} || !isQuantity({now}) || !isQuantity({before}) || "
        f"quantity({now}).compareTo(quantity({before})) >= 0 || "
        f"({known} && quantity({now}).compareTo(quantity(self.status.storage.requested)) >= 0)",
        "may grow but not shrink, since a volume cannot: set persistentVolumeClaim.size to what the claim has "
        f"(status.storage.requested) or more, or {COPY}",
        at=".spec.storage",
    )


def shareable() -> str:
    """Whether several pods may write at once; of a claim of the user's the operator finds out itself."""
    modes = value("self", "['ReadWriteOnce']", "persistentVolumeClaim", "accessModes")
    members = " || ".join(has("self", member) for member in SHARED)
    return f"({members} || 'ReadWriteMany' in {modes})"


def has(side: str, *path: str) -> str:
    """Whether a member of `storage` is there, with all that is above it."""
    steps = ["storage", *path]
    return "(" + " && ".join(f"has({'.'.join([side, *steps[: end + 1]])})" for end in range(len(steps))) + ")"


def value(side: str, default: str, *path: str) -> str:
    return f"({has(side, *path)} ? {'.'.join([side, 'storage', *path])} : {default})"
