"""The identity of a Registry's pods: for roles of a cloud and for image pulls, never for the Kubernetes API."""

from __future__ import annotations

from registry_operator.api.registry import Registry
from registry_operator.desired import meta
from registry_operator.desired.names import Names


def service_account(registry: Registry) -> meta.Object:
    """The ServiceAccount; its token is mounted nowhere."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": meta.metadata(
            registry,
            Names(registry.name).service_account,
            annotations=registry.spec.pod.service_account_annotations,
        ),
        "automountServiceAccountToken": False,
    }
