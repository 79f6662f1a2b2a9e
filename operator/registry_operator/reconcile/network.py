"""How the registry is reached inside of the cluster, and by whom."""

from __future__ import annotations

from registry_operator.desired.network_policy import network_policy as desired_network_policy
from registry_operator.desired.service import service as desired_service
from registry_operator.desired.service_account import service_account as desired_service_account
from registry_operator.kube import kinds
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.ownership import Ownership, ownership
from registry_operator.reconcile.views import ServiceView


async def service_account(run: Run) -> str:
    """The identity of the pods; returns its name."""
    made = await run.writer.ensure(kinds.SERVICE_ACCOUNT, desired_service_account(run.registry))
    return made.name


def known_service_account(run: Run) -> str | None:
    """The one that is there, if it is ours: pods can be started under it."""
    found = run.world.child(kinds.SERVICE_ACCOUNT, run.registry.namespace, run.names.service_account)
    ours = found is not None and ownership(run.registry, found, run.world.child) is Ownership.OURS
    return run.names.service_account if ours else None


async def service(run: Run) -> ServiceView:
    """The Service. It comes first: the certificate names its address."""
    made = await run.writer.ensure(kinds.SERVICE, desired_service(run.registry))
    assert isinstance(made.view, ServiceView)
    return made.view


async def network_policy(run: Run) -> None:
    """The NetworkPolicy, or none where the spec says so."""
    if run.registry.spec.network_policy.mode == "Enabled":
        wanted = desired_network_policy(run.registry, run.defaults.operator_pods, run.defaults.monitoring_namespaces)
        await run.writer.ensure(kinds.NETWORK_POLICY, wanted)
        return
    found = run.world.child(kinds.NETWORK_POLICY, run.registry.namespace, run.names.network_policy)
    if found is not None:
        await run.writer.remove(kinds.NETWORK_POLICY, found)


def known_service(run: Run) -> ServiceView | None:
    """The Service as it is, if there is one that is ours."""
    found = run.world.child(kinds.SERVICE, run.registry.namespace, run.names.service)
    if found is None or ownership(run.registry, found, run.world.child) is not Ownership.OURS:
        return None
    return found.view if isinstance(found.view, ServiceView) else None
