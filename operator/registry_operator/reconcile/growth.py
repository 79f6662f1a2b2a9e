"""The size of the Registry's own claim: it grows when the spec says so, if its class can; it never shrinks.

Whatever keeps it from growing keeps nothing else from being done: the pods run on the volume as it is.
"""

from __future__ import annotations

from registry_operator.api import quantity
from registry_operator.desired import claim as desired_claim
from registry_operator.kube import kinds
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.refusals import RETRY_SECONDS
from registry_operator.reconcile.views import ClaimView
from registry_operator.status.problems import Blocked, Problem
from registry_operator.status.reasons import Condition, Reason

_NO_CLASS = "only dynamically provisioned pvc can be resized"  # the API server's words


async def claim(run: Run, found: Child | None, wanted: str) -> Child:
    """The claim as the spec asks for it, in the size that it may have. Raises Blocked if there is none at all."""
    view = found.view if found is not None and isinstance(found.view, ClaimView) else None
    if view is None or quantity.parse(wanted) == quantity.parse(view.requested):
        return await _ensured(run, wanted)
    if quantity.parse(wanted) < quantity.parse(view.requested):
        message = (
            f"claim {run.names.claim} asks for {view.requested} already, and a claim cannot shrink: set "
            f"spec.storage.persistentVolumeClaim.size to {view.requested}"
        )
        run.note(Condition.STORAGE_READY, Problem(Reason.RESIZE_REFUSED, message, stalled=True))
        return await _ensured(run, view.requested)
    if view.phase != "Bound":  # only a claim with a volume can grow; its watch tells when it has one
        return await _ensured(run, view.requested)
    try:
        return await _ensured(run, wanted)
    except Blocked as error:
        run.note(Condition.STORAGE_READY, _refused(run, view, error.problem))
        return await _ensured(run, view.requested)


async def _ensured(run: Run, size: str) -> Child:
    return await run.writer.ensure(kinds.PERSISTENT_VOLUME_CLAIM, desired_claim.claim(run.registry, size=size))


def _refused(run: Run, view: ClaimView, problem: Problem) -> Problem:
    """Why the claim stays as it is, with the way back: admission lets a size return to what the claim asks for."""
    if _NO_CLASS not in problem.message:
        return problem
    message = (
        f"claim {run.names.claim} stays at {view.requested}: StorageClass {view.storage_class or '(none)'} does not "
        f"let claims grow (allowVolumeExpansion), or did not make this volume. Set size back to {view.requested}, "
        "change the class, or make a Registry of another name and copy the images with a client"
    )
    return Problem(Reason.RESIZE_REFUSED, message, stalled=True, retry=RETRY_SECONDS)
