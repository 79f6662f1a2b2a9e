"""Where the images live: a bucket, or the claim, its return after a deletion, and its end if the user wants one."""

from __future__ import annotations

from registry_operator.api import quantity
from registry_operator.desired import claim as desired_claim
from registry_operator.kube import kinds
from registry_operator.reconcile import growth, kept_claims, object_storage
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.object_storage import Place
from registry_operator.reconcile.ownership import Ownership, ownership
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.views import ClaimView
from registry_operator.status.findings import StorageFacts
from registry_operator.status.problems import Blocked, blocked
from registry_operator.status.reasons import Condition, Reason


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
            kept_claims.may_return(run, found, spec.persistent_volume_claim)
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
    kept_claims.may_be_taken(run, found)
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
