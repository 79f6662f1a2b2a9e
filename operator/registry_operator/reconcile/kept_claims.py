"""The rules for a claim with the images of another Registry: nothing is lost, and nothing is laid open.

One that a former Registry of the same name left returns to its successor; any other one is taken by `existingClaim`.
"""

from __future__ import annotations

from dataclasses import replace

from registry_operator.api import quantity
from registry_operator.api.parse import InvalidSpec, parse
from registry_operator.api.registry import PersistentVolumeClaim
from registry_operator.desired import claim as desired_claim
from registry_operator.desired import meta
from registry_operator.kube import kinds
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.refusals import RETRY_SECONDS
from registry_operator.reconcile.registry_cache import Key
from registry_operator.reconcile.views import ClaimView, PodView
from registry_operator.reconcile.world import Referred
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason

ALLOW_ANONYMOUS = "teamregistry.io/allow-anonymous"


def may_return(run: Run, found: Child, wanted: PersistentVolumeClaim) -> None:
    """Raises Blocked while the claim that a former Registry of this name left must not be taken into use."""
    if found.annotations.get(meta.ANNOTATION_UID) == run.registry.uid:
        return
    view = found.view
    assert isinstance(view, ClaimView)
    _same_claim(found, view, wanted)
    _same_source(run, found)
    if _mounted_by_others(run, found):
        message = (
            f"claim {found.name} is still mounted by pods of a former Registry of this name; waiting for their end"
        )
        raise blocked(Reason.CLAIM_IN_USE, message, retry=5)
    if others := _named_by(run, found):
        message = f"claim {found.name}, kept from a former Registry of this name, is used by Registry {others[0]} now"
        raise blocked(Reason.CLAIM_IN_USE, message, stalled=True, retry=RETRY_SECONDS)
    _not_laid_open(run, found)


def may_be_taken(run: Run, found: Child) -> None:
    """Raises Blocked while `existingClaim` must not use this claim: another Registry does, or its images are another's
    and would be laid open."""
    if not _mounted_by(run, run.registry.name, found) and (other := _user(run, found)):
        message = (
            f"claim {found.name} (spec.storage.existingClaim) is that of Registry {other}, and two would write to it: "
            "name another one, or delete that Registry first"
        )
        raise blocked(Reason.CLAIM_IN_USE, message, stalled=True, retry=RETRY_SECONDS)
    if found.registry is not None and found.annotations.get(meta.ANNOTATION_UID) != run.registry.uid:
        _same_source(run, found)
        _not_laid_open(run, found)


def _not_laid_open(run: Run, found: Child) -> None:
    if run.registry.spec.auth.mode == "Disabled" and run.registry.annotations.get(ALLOW_ANONYMOUS) != "true":
        whose = "of this name" if found.registry in (None, run.registry.name) else found.registry
        message = (
            f"claim {found.name} holds images of a former Registry {whose}, and spec.auth.mode is Disabled: "
            f"anybody could read them. If that is meant, annotate the Registry with {ALLOW_ANONYMOUS}=true"
        )
        raise blocked(Reason.ANONYMOUS_ACCESS_REFUSED, message, stalled=True)


def _named_by(run: Run, found: Child) -> list[str]:
    """The other Registries whose spec names the claim."""
    keys = run.world.references.keys_for(Referred(kinds.PERSISTENT_VOLUME_CLAIM, found.namespace, found.name))
    return sorted(key.name for key in keys if key != run.key)


def _user(run: Run, found: Child) -> str | None:
    """The Registry that has the claim already: the one that it was made for, or one that names it, too, and was first.

    Of two that have no pod yet it is the first by name.
    """
    if found.registry not in (None, run.registry.name) and _is_for(run, found.registry or "", found):
        return found.registry
    others = _named_by(run, found)
    return next((each for each in others if each < run.registry.name or _mounted_by(run, each, found)), None)


def _is_for(run: Run, name: str, found: Child) -> bool:
    """Whether the Registry of that name is there and has the claim as its own, or its last pods do."""
    body = run.world.registries.get(Key(found.namespace, name))
    try:
        claimed = body is not None and desired_claim.claim_name(parse(body)) == found.name
    except InvalidSpec:
        claimed = True
    return claimed or _mounted_by(run, name, found)


def _mounted_by(run: Run, name: str, found: Child) -> bool:
    """Whether pods of the Registry of that name use the claim."""
    pods = (each.view for each in run.world.children(kinds.POD, replace(run.registry, name=name)))
    return any(isinstance(view, PodView) and found.name in view.claims for view in pods)


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


def _same_source(run: Run, found: Child) -> None:
    """A registry serves what lies in its store, whoever brought it: in the name of nobody else (ADR 0010)."""
    proxy, held = run.registry.spec.proxy, found.annotations.get(meta.ANNOTATION_REMOTE)
    if held == (proxy.remote_url if proxy is not None else None):
        return
    holds = f"images that a former Registry cached from {held}" if held else "images that were pushed"
    message = (
        f"claim {found.name} holds {holds}, which would be served as this Registry's own: ask for the same in "
        "spec.proxy, or delete the claim (and its images)"
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
