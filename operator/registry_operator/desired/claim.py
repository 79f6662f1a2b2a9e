"""The volume of a Registry: the one child that must outlive it."""

from __future__ import annotations

from registry_operator.api.registry import PersistentVolumeClaim, Registry
from registry_operator.desired import meta
from registry_operator.desired.names import Names


def claim(registry: Registry, *, size: str | None = None) -> meta.Object:
    """The claim, without an owner (only for a Registry whose storage is of that kind). `size` where it cannot be the
    spec's.

    An owner would let the garbage collector delete the images with the Registry, and no finalizer could prevent that
    once it is on its way. `whenDeleted: Delete` is decided and done by the operator instead. Its annotations remember
    which Registry used it, which line wrote it and which registry it caches: one that returns is judged by them.
    """
    annotations = {meta.ANNOTATION_UID: registry.uid, meta.ANNOTATION_VERSION: registry.spec.version}
    if registry.spec.proxy is not None:
        annotations[meta.ANNOTATION_REMOTE] = registry.spec.proxy.remote_url
    wanted = registry.spec.storage.persistent_volume_claim or PersistentVolumeClaim()
    spec: meta.Object = {
        "accessModes": list(wanted.access_modes),
        "resources": {"requests": {"storage": size or wanted.size}},
    }
    if wanted.storage_class_name is not None:
        spec["storageClassName"] = wanted.storage_class_name
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta.metadata(registry, Names(registry.name).claim, owned=False, annotations=annotations),
        "spec": spec,
    }


def claim_name(registry: Registry) -> str | None:
    """The claim that the pods mount: our own, the user's, or none."""
    storage = registry.spec.storage
    if storage.existing_claim is not None:
        return storage.existing_claim.claim_name
    return Names(registry.name).claim if storage.kind == "PersistentVolumeClaim" else None
