"""What all scenes have in common: a batch that they disturb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.objects import collection
from tests.faults.workloads import NAME
from tests.stage.kube import ApiFailure

if TYPE_CHECKING:
    from tests.faults.batch import Batch


class Scene:
    """Nothing happens."""

    keep_alive = True
    """Whether the batch starts its operator again when it has ended."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.operator = batch.operator
        self.proxy = batch.operator.proxy

    def begin(self) -> None:
        """Before the acts."""

    def end(self) -> None:
        """After them; nothing is disturbed when it returns."""

    def rest(self, within: float = 90) -> None:
        """Wait until the acts have come to rest."""
        self.batch.until(lambda: all(run.at_rest(4, anyhow=25) for run in self.batch.runs), within=within)

    def last(self, seconds: float) -> None:
        """Wait."""
        self.batch.until(lambda: False, within=seconds)

    def delete_children(self) -> None:
        """Delete a child in each namespace, the last one by name that has an owner; of a paused Registry it would stay
        away."""
        for run in self.batch.runs:
            registry = run.chronicle.present().get(("registries", NAME), {})
            if registry.get("spec", {}).get("reconciliation") == "Paused":
                continue
            owned = [
                (resource, name, document)
                for (resource, name), document in sorted(run.chronicle.present().items())
                if resource in ("services", "configmaps") and document["metadata"].get("ownerReferences")
            ]
            for resource, name, document in owned[-1:]:
                path = collection(document["apiVersion"], run.namespace, resource)
                try:
                    run.stage.kube.request("DELETE", f"{path}/{name}")
                except ApiFailure:
                    continue
