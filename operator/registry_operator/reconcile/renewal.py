"""A renewed certificate for pods that cannot have the rest of what is wished.

What is wrong with a spec or its inputs keeps pods as they are, which is right until their certificate ends: then nobody
can pull any more, for a typing error in a header. So before that they get the new one, and nothing else.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from registry_operator.kube import kinds
from registry_operator.reconcile import tls, workload
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.tls import Serving
from registry_operator.registry.authority import last_chance, renew_due


async def hand_over(run: Run, wished: Serving | None, *, risky: bool = False) -> None:
    """Exchange the certificate of the present Deployment when it is time; tell of it before.

    `risky`: a new pod might not start, so that the present one is kept until its certificate is worth nothing.
    """
    present, standing = workload.current(run), tls.last_good(run)
    if present is None or standing is None or wished is None or wished.leaf.not_after <= standing.leaf.not_after:
        return
    due = standing.leaf.not_after if risky else last_chance(standing.leaf)
    if run.now >= due:
        await run.writer.exchange(kinds.DEPLOYMENT, present, partial(_exchanged, standing.secret, wished.secret))
    elif renew_due(standing.leaf, run.now):
        note = f"the renewed certificate waits for what keeps pods from being replaced, until {due:%Y-%m-%d} at most"
        run.warnings.append(("CertificateWaits", note))


def _exchanged(old: str, new: str, deployment: dict[str, Any]) -> None:
    for volume in deployment.get("spec", {}).get("template", {}).get("spec", {}).get("volumes", ()):
        if volume.get("secret", {}).get("secretName") == old:
            volume["secret"]["secretName"] = new
