"""Labels, owner and hashes of the children: how an object says whose it is.

Labels are never copied from the Registry (tools that sort objects by label would take the children for their own), and
the operator's version is none of them: it would rewrite every child, and roll every pod, at each upgrade.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from registry_operator.api.registry import Registry

API_VERSION = "teamregistry.io/v1alpha1"
KIND = "Registry"
MANAGED_BY = "registry-operator"
LABEL_NAME = "app.kubernetes.io/name"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_REGISTRY = "teamregistry.io/registry"
LABEL_USABLE_BY = "teamregistry.io/usable-by"
USABLE_BY_REGISTRIES = "registries"
ANNOTATION_UID = "teamregistry.io/registry-uid"
ANNOTATION_VERSION = "teamregistry.io/version"
ANNOTATION_REMOTE = "teamregistry.io/remote-url"

Object = dict[str, Any]


def selector(name: str) -> dict[str, str]:
    """The labels that select the pods of one Registry; immutable in a Deployment, so they never change."""
    return {LABEL_NAME: "registry", LABEL_REGISTRY: name}


def labels(name: str) -> dict[str, str]:
    """The labels of every child of one Registry."""
    return {
        **selector(name),
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/component": "registry",
        "app.kubernetes.io/part-of": MANAGED_BY,
        LABEL_MANAGED_BY: MANAGED_BY,
    }


def owner_reference(registry: Registry) -> Object:
    """The reference that makes an object a child which goes with its Registry."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": registry.name,
        "uid": registry.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def metadata(
    registry: Registry, name: str, *, owned: bool = True, annotations: Mapping[str, str] | None = None
) -> Object:
    """The metadata of the child `name`; `owned=False` for what must survive its Registry."""
    result: Object = {"name": name, "namespace": registry.namespace, "labels": labels(registry.name)}
    if annotations:
        result["annotations"] = dict(annotations)
    if owned:
        result["ownerReferences"] = [owner_reference(registry)]
    return result


def content_hash(key: bytes, *parts: bytes) -> str:
    """Ten hex digits that name a content without giving away anything of it.

    Names are readable by many who may not read Secrets; an unkeyed hash would let them try passwords against it.
    """
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:10]


def encode(data: Mapping[str, str | bytes]) -> dict[str, str]:
    """The `data` of a Secret."""
    return {
        key: base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
        for key, value in data.items()
    }
