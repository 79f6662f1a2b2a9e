"""The pods: their configuration, and the Deployment that comes last."""

from __future__ import annotations

from dataclasses import dataclass

from registry_operator.desired import claim, config, deployment, image, secrets
from registry_operator.desired.attached import Attached
from registry_operator.kube import kinds
from registry_operator.reconcile import notifications, scaling
from registry_operator.reconcile.accounts import Internal
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.gateway_views import IngressView
from registry_operator.reconcile.object_storage import Place
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.upstream import Source
from registry_operator.reconcile.views import DeploymentView, PodView
from registry_operator.status.findings import WorkloadFacts


@dataclass(frozen=True, slots=True)
class Inputs:
    """What pods start on, checked and where they can read it: Secrets by name, and where images and sources lie."""

    tls: str | None
    htpasswd: str | None
    place: Place
    source: Source

    @property
    def attached(self) -> tuple[Attached, ...]:
        return tuple(each for each in (self.place.attached, self.source.attached) if each is not None)

    @property
    def secrets(self) -> frozenset[str]:
        """All of them."""
        named = {name for name in (self.tls, self.htpasswd) if name is not None}
        return frozenset(named | {each.secret for each in self.attached})


async def configuration(run: Run, own: Internal, inputs: Inputs) -> str:
    """The configuration file in a Secret of its own; returns that Secret's name."""
    headers = await notifications.headers(run)
    text = config.text(
        run.registry,
        http_secret=own.http_secret,
        azure_key=inputs.place.azure_key,
        upstream_login=inputs.source.login,
        notification_headers=headers,
    )
    made = await run.writer.addressed(secrets.config(run.registry, text, salt_key=own.salt_key))
    return made.name


async def workload(run: Run, config_secret: str, inputs: Inputs) -> Child:
    """The Deployment, on inputs that exist."""
    registry = run.registry
    wanted = deployment.deployment(
        registry,
        image=image.reference(registry, run.defaults.images[registry.spec.version]),
        config_secret=config_secret,
        tls_secret=inputs.tls,
        htpasswd_secret=inputs.htpasswd,
        claim_name=claim.claim_name(registry),
        rollout=scaling.rollout(run),
        attached=inputs.attached,
    )
    present = current(run)
    known = present.view if present is not None and isinstance(present.view, DeploymentView) else None
    await scaling.hand_over_replicas(run, known)
    return await run.writer.ensure(kinds.DEPLOYMENT, wanted)


def current(run: Run) -> Child | None:
    """The Deployment as the cache has it, if it is this Registry's."""
    found = run.world.child(kinds.DEPLOYMENT, run.registry.namespace, run.names.deployment)
    owner = found.controller if found else None
    return found if owner is not None and owner.uid == run.registry.uid else None


def pods(run: Run) -> list[tuple[Child, PodView]]:
    """The Registry's pods that are not on their way out, by name."""
    found = run.world.children(kinds.POD, run.registry)
    alive = [(each, each.view) for each in found if isinstance(each.view, PodView) and not each.deleting]
    return sorted(alive, key=lambda pair: pair[0].name)


def facts(run: Run) -> WorkloadFacts:
    """What status tells of the Deployment and its pods."""
    found = current(run)
    if found is None or not isinstance(found.view, DeploymentView):
        return WorkloadFacts()
    view, alive = found.view, pods(run)
    return WorkloadFacts(
        exists=True,
        replicas=view.replicas,
        pods=len(alive),
        ready=sum(pod.ready for _, pod in alive),
        settled=view.settled,
        failure=view.failure,
        trouble=next((pod.trouble for _, pod in alive if pod.trouble), None),
        beside=view.beside,
        leaving=_leaving(run),
        autoscaling=scaling.autoscaling_trouble(run),
    )


def _leaving(run: Run) -> tuple[tuple[str, str], ...]:
    """Pods on their way out that still have a node, with its name."""
    found = run.world.children(kinds.POD, run.registry)
    views = ((each.name, each.view) for each in found if each.deleting)
    return tuple(sorted((name, view.node) for name, view in views if isinstance(view, PodView) and view.node))


def mounted(run: Run) -> frozenset[str]:
    """The Secrets that any pod, or any ReplicaSet that may still make one, mounts, and those of the Ingress."""
    names: set[str] = set()
    for each in run.world.children(kinds.REPLICA_SET, run.registry):
        names |= each.view
    for each in run.world.children(kinds.POD, run.registry):
        if isinstance(each.view, PodView):
            names |= each.view.mounted
    found = current(run)
    if found is not None and isinstance(found.view, DeploymentView):
        names |= found.view.mounted
    shown = run.world.child(kinds.INGRESS, run.registry.namespace, run.names.ingress)
    if shown is not None and isinstance(shown.view, IngressView):
        names |= shown.view.secrets
    return frozenset(names)
