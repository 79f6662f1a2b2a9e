"""What the caches hold of a child: its identity, whose it is, a digest of what we applied, and the few fields in use.

Whole objects would cost 160 MB for 1,000 Registries; a projection costs a tenth of that.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any

from registry_operator.desired import meta
from registry_operator.kube.managed_fields import digest, owned

Json = Mapping[str, Any]

OURS = f"{meta.LABEL_MANAGED_BY}={meta.MANAGED_BY}"
NOT_OURS = f"{meta.LABEL_MANAGED_BY}!={meta.MANAGED_BY}"


@dataclass(frozen=True, slots=True)
class Owner:
    """A controller ownerReference."""

    api_version: str
    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Child:
    """One object of the cluster, as far as a Registry's reconciliation needs it.

    `registry` is the value of our label if the object also says that this operator manages it.
    `applied` is the digest of the fields that our field manager owns.
    """

    namespace: str
    name: str
    uid: str
    resource_version: str
    registry: str | None
    controller: Owner | None
    deleting: bool
    annotations: Json
    applied: str
    view: Any = None


def child(obj: Json, view: Any = None, *, annotations: tuple[str, ...] = ()) -> Child:
    """The projection of any object; `view` holds the fields of its kind, `annotations` names those to keep."""
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    notes = metadata.get("annotations") or {}
    registry = labels.get(meta.LABEL_REGISTRY) if labels.get(meta.LABEL_MANAGED_BY) == meta.MANAGED_BY else None
    return Child(
        namespace=intern(metadata.get("namespace", "")),
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        registry=intern(registry) if registry is not None else None,
        controller=_controller(metadata),
        deleting="deletionTimestamp" in metadata,
        annotations={name: notes[name] for name in annotations if name in notes},
        applied=digest(owned(obj)),
        view=view,
    )


def _controller(metadata: Json) -> Owner | None:
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller"):
            return _owner(reference["apiVersion"], reference["kind"], reference["name"], reference["uid"])
    return None


@lru_cache(maxsize=1024)
def _owner(api_version: str, kind: str, name: str, uid: str) -> Owner:
    """One object for all children of a Registry: a dozen copies of it are 4 KB."""
    return Owner(intern(api_version), intern(kind), name, uid)


def decoded(value: str) -> bytes:
    """A Secret's value; the API server has checked the encoding already."""
    try:
        return base64.b64decode(value)
    except binascii.Error:  # pragma: no cover - refused by the API server
        return b""


def plain(obj: Json) -> Child:
    return child(obj)


@dataclass(frozen=True, slots=True)
class Reference:
    """A user's Secret: that it exists, and in which version. Its content is read when a Registry needs it."""

    namespace: str
    name: str
    uid: str
    resource_version: str


def reference(obj: Json) -> Reference:
    metadata = obj["metadata"]
    return Reference(metadata["namespace"], metadata["name"], metadata["uid"], metadata["resourceVersion"])
