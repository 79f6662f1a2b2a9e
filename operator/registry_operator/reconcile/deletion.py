"""What a deletion has to do: nothing, unless the user wants the images to go with the Registry.

A finalizer exists only for `whenDeleted: Delete`.  All children but the claim have an owner and are collected by the
cluster; the claim has none, so that images survive by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry_operator.api.parse import InvalidSpec, parse
from registry_operator.api.registry import Registry
from registry_operator.desired import meta
from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.kube.errors import Conflict, NotFound
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.ownership import Ownership, ownership
from registry_operator.reconcile.refusals import Raced
from registry_operator.reconcile.registry_cache import Key

FINALIZER = "teamregistry.io/delete-claim"
_ORPHAN = "orphan"  # the garbage collector's


async def prepare(client: Client, run: Run) -> bool:
    """Have the finalizer exactly while the spec asks for the claim's deletion; returns whether it was changed."""
    claim = run.registry.spec.storage.persistent_volume_claim
    wanted = claim is not None and claim.when_deleted == "Delete"
    has = FINALIZER in run.registry.finalizers
    if wanted != has and not run.writer.paused:
        others = [name for name in run.registry.finalizers if name != FINALIZER]
        answer = await _set(client, run, [*others, FINALIZER] if wanted else others)
        if answer is not None and (FINALIZER in (answer["metadata"].get("finalizers") or ())) != wanted:
            raise Raced(f"finalizer {FINALIZER}: the API server took the change, and somebody undid it on the way")
        return True
    return False


def readable(body: Mapping[str, Any]) -> Registry:
    """What can be read of an invalid spec as far as the deletion needs it; in doubt the claim is kept."""
    storage = (body.get("spec") or {}).get("storage")
    try:
        return parse({**body, "spec": {"storage": storage}})
    except InvalidSpec:
        return parse({**body, "spec": {}})


async def finish(client: Client, run: Run) -> bool:
    """Delete the claim if that is wanted now, then let the Registry go; False if that has been done already.

    Who asked for orphans (`kubectl delete --cascade=orphan`) keeps all of it: pods that run on, and their images.
    """
    if FINALIZER not in run.registry.finalizers:
        return False
    wanted = run.registry.spec.storage.persistent_volume_claim
    if wanted is not None and wanted.when_deleted == "Delete" and not await _orphaned(client, run):
        await _delete_claim(client, run)
    await _set(client, run, [name for name in run.registry.finalizers if name != FINALIZER])
    return True


async def _orphaned(client: Client, run: Run) -> bool:
    """Whether the children are to outlive the Registry: by its finalizer, or, when the cluster's garbage collector was
    faster than we are, by a Service that it has taken the owner from."""
    if _ORPHAN in run.registry.finalizers:
        return True
    kind, registry = kinds.SERVICE, run.registry
    try:
        found = run.world.projected(kind, await client.get(kind, registry.namespace, run.names.service))
    except NotFound:
        return False
    return found.controller is None and found.registry == registry.name


async def _delete_claim(client: Client, run: Run) -> None:
    """Images are destroyed on what the API server says now, never on a cache.

    A cache that lacks the claim would leave it behind for ever; one that does not know yet that somebody took the claim
    for himself would destroy what is his.  A claim that a former Registry of this name left, and that this one never
    took into use, is not this one's to delete.
    """
    kind, namespace = kinds.PERSISTENT_VOLUME_CLAIM, run.registry.namespace
    try:
        found = run.world.projected(kind, await client.get(kind, namespace, run.names.claim))
        used = found.annotations.get(meta.ANNOTATION_UID) == run.registry.uid
        if found.deleting or not used or ownership(run.registry, found, run.world.child) is not Ownership.OURS:
            return
        await client.delete(kind, namespace, found.name, uid=found.uid, resource_version=found.resource_version)
    except NotFound:
        return
    except Conflict as error:
        raise Raced(str(error)) from error


async def _set(client: Client, run: Run, finalizers: list[str]) -> dict[str, Any] | None:
    """Replace the list of finalizers, if the Registry is still in the version that was looked at; returns what it is
    now, None if it is gone."""
    registry = run.registry
    metadata: dict[str, Any] = {"finalizers": finalizers or None, "resourceVersion": registry.resource_version}
    patch = {"metadata": {**metadata, "uid": registry.uid}}
    key = Key(registry.namespace, registry.name)
    try:
        with run.world.writing_registry(key) as answered:
            answered(answer := await client.merge(kinds.REGISTRY, registry.namespace, registry.name, patch))
            return answer
    except NotFound:
        run.world.registries.lost(key, registry.uid)
        return None
    except Conflict as error:
        raise Raced(str(error)) from error
