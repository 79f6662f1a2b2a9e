"""What lets Prometheus find the pods."""

from __future__ import annotations

from registry_operator.desired.pod_monitor import pod_monitor as desired_pod_monitor
from registry_operator.kube import kinds
from registry_operator.reconcile.context import Run
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason

_LOOK_AGAIN_SECONDS = 10.0


async def pod_monitor(run: Run) -> None:
    """The PodMonitor, or none where the spec does not ask for it."""
    if run.registry.spec.metrics.monitored:
        if not run.world.served(kinds.POD_MONITOR):
            raise blocked(
                Reason.POD_MONITOR_MISSING,
                "spec.metrics.podMonitor: this cluster has no PodMonitor, or the operator may not read it; install the "
                "Prometheus operator, or let Prometheus find the pods by their labels",
                retry=_LOOK_AGAIN_SECONDS,  # new CRDs without objects wake nobody
            )
        await run.writer.ensure(kinds.POD_MONITOR, desired_pod_monitor(run.registry))
        return
    found = run.world.child(kinds.POD_MONITOR, run.registry.namespace, run.names.pod_monitor)
    if found is not None:
        await run.writer.remove(kinds.POD_MONITOR, found)
