"""What a deletion has to do: nothing, unless the user wants the images to go with the Registry.

A finalizer exists only for `whenDeleted: Delete`.  All children but the claim have an owner and are collected by the
cluster; the claim has none, so that images survive by default.
"""

from __future__ import annotations

from typing import Any

from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.kube.errors import Conflict, NotFound
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.ownership import Ownership, ownership
from registry_operator.reconcile.refusals import Raced

FINALIZER = "teamregistry.io/delete-claim"


async def prepare(client: Client, run: Run) -> bool:
    """Have the finalizer exactly while the spec asks for the claim's deletion; returns whether it was changed."""
    claim = run.registry.spec.storage.persistent_volume_claim
    wanted = claim is not None and claim.when_deleted == "Delete"
    has = FINALIZER in run.registry.finalizers
    if wanted != has and not run.writer.paused:
        others = [name for name in run.registry.finalizers if name != FINALIZER]
        await _set(client, run, [*others, FINALIZER] if wanted else others)
        return True
    return False


async def finish(client: Client, run: Run) -> float | None:
    """Delete the claim if that is wanted now, then let the Registry go."""
    if FINALIZER not in run.registry.finalizers:
        return None
    wanted = run.registry.spec.storage.persistent_volume_claim
    if wanted is not None and wanted.when_deleted == "Delete":
        found = run.world.child(kinds.PERSISTENT_VOLUME_CLAIM, run.registry.namespace, run.names.claim)
        if found is not None and not found.deleting and ownership(run.registry, found) is Ownership.OURS:
            try:
                await client.delete(kinds.PERSISTENT_VOLUME_CLAIM, found.namespace, found.name, uid=found.uid)
            except NotFound:
                pass
            except Conflict as error:
                raise Raced(str(error)) from error
    await _set(client, run, [name for name in run.registry.finalizers if name != FINALIZER])
    return None


async def _set(client: Client, run: Run, finalizers: list[str]) -> None:
    """Replace the list of finalizers, if the Registry is still in the version that was looked at."""
    registry = run.registry
    metadata: dict[str, Any] = {"finalizers": finalizers or None, "resourceVersion": registry.resource_version}
    patch = {"metadata": {**metadata, "uid": registry.uid}}
    try:
        obj = await client.merge(kinds.REGISTRY, registry.namespace, registry.name, patch)
    except NotFound:
        return
    except Conflict as error:
        raise Raced(str(error)) from error
    run.world.registries.seen(obj)
