"""Where the images live: a bucket, or the claim, its return after a deletion, and its end if the user wants one."""

from __future__ import annotations

from registry_operator.api import quantity
from registry_operator.api.registry import PersistentVolumeClaim
from registry_operator.desired import claim as desired_claim
from registry_operator.desired import meta
from registry_operator.kube import kinds
from registry_operator.reconcile import growth, object_storage
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.object_storage import Place
from registry_operator.reconcile.ownership import Ownership, ownership
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.views import ClaimView, PodView
from registry_operator.status.findings import StorageFacts
from registry_operator.status.problems import Blocked, blocked
from registry_operator.status.reasons import Condition, Reason

ALLOW_ANONYMOUS = "teamregistry.io/allow-anonymous"


async def place(run: Run, salt_key: bytes) -> Place | None:
    """Where pods may be started, or None while they must not be.

    While the keys of a bucket cannot be had, the last good ones are used on: what else changes is still brought about.
    """
    try:
        await _volume(run)
        return await object_storage.place(run, salt_key)
    except Blocked as error:
        run.note(Condition.STORAGE_READY, error.problem)
        return object_storage.last_good(run)


async def _volume(run: Run) -> None:
    """The claim that the spec asks for; raises Blocked if pods must not be started on it yet."""
    spec = run.registry.spec.storage
    if spec.existing_claim is not None:
        _usable(_existing(run, spec.existing_claim.claim_name))
    elif spec.persistent_volume_claim is not None:
        found = run.world.child(kinds.PERSISTENT_VOLUME_CLAIM, run.registry.namespace, run.names.claim)
        ours = found is not None and ownership(run.registry, found, run.world.child) is Ownership.OURS
        if found is not None and ours:
            _may_return(run, found, spec.persistent_volume_claim)
            _usable(found)
        _usable(await growth.claim(run, found if ours else None, spec.persistent_volume_claim.size))


def facts(run: Run) -> StorageFacts:
    """What status tells of the claim."""
    name = desired_claim.claim_name(run.registry)
    if name is None:
        return object_storage.facts(run)
    found = run.world.child(kinds.PERSISTENT_VOLUME_CLAIM, run.registry.namespace, name)
    if found is None or not isinstance(found.view, ClaimView):
        return StorageFacts(claim_name=name)
    view = found.view
    failed = view.resize is not None and view.resize.endswith("Infeasible")
    return StorageFacts(name, view.phase, view.requested, view.capacity, _resizing(view), resize_failed=failed)


def _resizing(view: ClaimView) -> str | None:
    if view.capacity is None or quantity.parse(view.capacity) >= quantity.parse(view.requested):
        return None
    why = "; ".join(message for _, message in view.conditions if message)
    return f"the volume has {view.capacity} and is to grow to {view.requested}{f': {why}' if why else ''}"


def _existing(run: Run, name: str) -> Child:
    found = run.world.child(kinds.PERSISTENT_VOLUME_CLAIM, run.registry.namespace, name)
    if found is None:
        message = (
            f"claim {name} (spec.storage.existingClaim) does not exist in this namespace: make it, or name another"
        )
        raise blocked(Reason.CLAIM_MISSING, message)
    return found


def _usable(found: Child) -> None:
    """A claim that waits for its first pod is usable: with such classes it is the pod that gets it bound."""
    view = found.view
    assert isinstance(view, ClaimView)
    if found.deleting:
        then = "it is made again when it is gone" if found.registry else "make it again, or name another"
        raise blocked(Reason.CLAIM_TERMINATING, f"claim {found.name} is being deleted; {then}")
    if view.phase == "Lost":
        message = f"claim {found.name} has lost its volume: restore it, or delete the claim"
        raise blocked(Reason.CLAIM_LOST, message, stalled=True)


def pending(run: Run) -> str | None:
    """The message of a claim that is not bound, which is a problem of the storage but none for starting the pod."""
    name = desired_claim.claim_name(run.registry)
    found = run.world.child(kinds.PERSISTENT_VOLUME_CLAIM, run.registry.namespace, name) if name else None
    if found is None or not isinstance(found.view, ClaimView) or found.view.phase != "Pending":
        return None
    named = found.view.storage_class
    source = f"StorageClass {named}" if named else "the default StorageClass (is there one?)"
    return f"claim {found.name} waits for a volume from {source}"


def _may_return(run: Run, found: Child, wanted: PersistentVolumeClaim) -> None:
    """The rules for a claim that a former Registry of this name left: nothing is lost, and nothing is laid open."""
    if found.annotations.get(meta.ANNOTATION_UID) == run.registry.uid:
        return
    view = found.view
    assert isinstance(view, ClaimView)
    _same_claim(found, view, wanted)
    if _mounted_by_others(run, found):
        message = (
            f"claim {found.name} is still mounted by pods of a former Registry of this name; waiting for their end"
        )
        raise blocked(Reason.CLAIM_IN_USE, message, retry=5)
    if run.registry.spec.auth.mode == "Disabled" and run.registry.annotations.get(ALLOW_ANONYMOUS) != "true":
        message = (
            f"claim {found.name} holds images of a former Registry of this name, and spec.auth.mode is Disabled: "
            f"anybody could read them. If that is meant, annotate the Registry with {ALLOW_ANONYMOUS}=true"
        )
        raise blocked(Reason.ANONYMOUS_ACCESS_REFUSED, message, stalled=True)


def _same_claim(found: Child, view: ClaimView, wanted: PersistentVolumeClaim) -> None:
    differs = None
    if wanted.storage_class_name is not None and wanted.storage_class_name != view.storage_class:
        differs = f"storageClassName {view.storage_class}"
    elif set(wanted.access_modes) != set(view.access_modes):
        differs = f"accessModes {', '.join(view.access_modes)}"
    elif quantity.parse(wanted.size) < quantity.parse(view.requested):
        differs = f"size {view.requested}"
    if differs:
        message = (
            f"claim {found.name}, kept from a former Registry of this name, has {differs}: ask for the same in "
            "spec.storage.persistentVolumeClaim, or delete the claim (and its images)"
        )
        raise blocked(Reason.CLAIM_DIFFERS, message, stalled=True)


def _mounted_by_others(run: Run, found: Child) -> bool:
    sets = {each.uid for each in run.world.children(kinds.REPLICA_SET, run.registry) if _is_ours(run, each)}
    for pod in run.world.children(kinds.POD, run.registry):
        view, owner = pod.view, pod.controller
        mounts = isinstance(view, PodView) and found.name in view.claims
        if mounts and (owner is None or owner.uid not in sets):
            return True
    return False


def _is_ours(run: Run, replica_set: Child) -> bool:
    deployment = run.world.child(kinds.DEPLOYMENT, run.registry.namespace, run.names.deployment)
    owner = replica_set.controller
    return deployment is not None and owner is not None and owner.uid == deployment.uid
