"""How many pods there are and how they follow each other: what the storage allows, and who chooses the number."""

from __future__ import annotations

from registry_operator.desired import claim as desired_claim
from registry_operator.desired import disruption
from registry_operator.desired.autoscaler import autoscaler
from registry_operator.desired.rollout import SHARED_MODE, Rollout
from registry_operator.desired.rollout import rollout as desired_rollout
from registry_operator.kube import kinds
from registry_operator.kube.kinds import Kind
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.views import AutoscalerView, ClaimView, DeploymentView
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason


def access_modes(run: Run) -> tuple[str, ...]:
    """In which modes the storage may be mounted, by the spec or by the user's own claim."""
    known = run.registry.spec.storage.access_modes
    if known is not None:
        return known
    name = desired_claim.claim_name(run.registry) or ""
    found = run.world.child(kinds.PERSISTENT_VOLUME_CLAIM, run.registry.namespace, name)
    return found.view.access_modes if found is not None and isinstance(found.view, ClaimView) else ()


def rollout(run: Run) -> Rollout:
    """How pods follow each other. Raises Blocked where the spec asks for what the storage cannot give.

    Admission refuses what it can see; the modes of a user's own claim it cannot.
    """
    spec, modes = run.registry.spec, access_modes(run)
    found = ", ".join(modes) or "none"
    if SHARED_MODE not in modes and (spec.replicas > 1 or spec.autoscaling is not None):
        field = "spec.autoscaling" if spec.autoscaling is not None else "spec.replicas"
        message = (
            f"{field}: several pods need storage that all of them can write to, and this one has the access modes "
            f"{found}: set replicas to 1 without autoscaling, or use object storage or a ReadWriteMany claim"
        )
        raise blocked(Reason.STORAGE_NOT_SHARED, message, stalled=True)
    if spec.rollout == "Surge" and (not modes or "ReadWriteOncePod" in modes):
        message = (
            "spec.rollout: the next pod could not mount the volume beside the present one (access modes of the volume: "
            f"{found}): set rollout to Recreate"
        )
        raise blocked(Reason.SURGE_IMPOSSIBLE, message, stalled=True)
    return desired_rollout(run.registry, modes)


async def hand_over_replicas(run: Run, deployment: DeploymentView | None) -> None:
    """Leave the number of pods as it is, before the autoscaler takes it over; or end it, before the spec's counts.

    A field that its only owner no longer applies is removed, and the number would fall back to 1. So somebody else
    becomes a second owner of it first. An autoscaler that outlived the change would choose against the spec.
    """
    if run.registry.spec.autoscaling is None:
        await _remove(run, kinds.AUTOSCALER, run.names.autoscaler)
    elif deployment is not None and deployment.counted:
        fields = {"spec": {"replicas": deployment.replicas}}
        await run.writer.share(kinds.DEPLOYMENT, run.names.deployment, fields)


async def budget_and_autoscaler(run: Run) -> None:
    """What stands beside several pods; and nothing of it beside one."""
    registry = run.registry
    if disruption.wanted(registry):
        await run.writer.ensure(kinds.POD_DISRUPTION_BUDGET, disruption.disruption_budget(registry))
    else:
        await _remove(run, kinds.POD_DISRUPTION_BUDGET, run.names.disruption_budget)
    if registry.spec.autoscaling is not None:
        await run.writer.ensure(kinds.AUTOSCALER, autoscaler(registry, registry.spec.autoscaling))


async def _remove(run: Run, kind: Kind, name: str) -> None:
    found = run.world.child(kind, run.registry.namespace, name)
    if found is not None:
        await run.writer.remove(kind, found)


def autoscaling_trouble(run: Run) -> str | None:
    """Why the autoscaler cannot choose, as it says itself; None while it can or nobody asked."""
    if run.registry.spec.autoscaling is None:
        return None
    found = run.world.child(kinds.AUTOSCALER, run.registry.namespace, run.names.autoscaler)
    return found.view.trouble if found is not None and isinstance(found.view, AutoscalerView) else None
