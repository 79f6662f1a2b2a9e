"""`spec.replicas`, `spec.autoscaling` and `spec.rollout`: how many pods, and how one gives way to the next."""

from __future__ import annotations

from . import storage
from .parts import Schema, choice, integer, rule, section

MOST = 100


def replicas() -> Schema:
    about = "Pods that serve. More than one need storage that several can write to; autoscaling overrides it."
    return {**integer(about, 1, MOST), "default": 1}


def autoscaling() -> Schema:
    return {
        **section(
            "Let Kubernetes choose the number of pods by their load. Needs storage that several pods can write to, the "
            "cluster's metrics, and pod.resources.requests.cpu. Without it `replicas` is the number.",
            rule(
                "self.minReplicas <= self.maxReplicas",
                "must have minReplicas of at most maxReplicas: lower the one or raise the other",
            ),
            minReplicas={**integer("Least number of pods.", 1, MOST), "default": 2},
            maxReplicas=integer("Most pods.", 1, MOST),
            cpuUtilization={
                **integer("Percentage of the requested CPU that the pods should use on average.", 1, 1000),
                "default": 80,
            },
        ),
        "required": ["maxReplicas"],
    }


def rollout() -> Schema:
    return choice(
        "How a pod gives way to the next one where the storage is one pod's at a time. Recreate: it ends first. Surge: "
        "the next one starts beside it, on the same node and with the same volume, so that no request fails. Storage "
        "that several pods can write to needs neither: there, pods always overlap.",
        "Recreate",
        "Surge",
        default="Recreate",
    )


def rules() -> list[Schema]:
    """Rules of `spec`, since they look at `storage`; an absent one counts as its default, a ReadWriteOnce claim."""
    modes = storage.value("self", "['ReadWriteOnce']", "persistentVolumeClaim", "accessModes")
    way_out = "use object storage, or a claim with accessModes [ReadWriteMany]"
    return [
        rule(
            f"!has(self.replicas) || self.replicas == 1 || {storage.shareable()}",
            f"may be more than 1 only on storage that several pods can write to: {way_out}, or set replicas to 1",
            at=".replicas",
        ),
        rule(
            f"!has(self.autoscaling) || {storage.shareable()}",
            f"may be set only with storage that several pods can write to: {way_out}, or remove autoscaling",
            at=".autoscaling",
        ),
        rule(
            "!has(self.rollout) || self.rollout != 'Surge' || "
            f"!{storage.has('self', 'emptyDir')} && !('ReadWriteOncePod' in {modes})",
            "may be Surge only where the next pod can mount the same volume, so neither with emptyDir nor with "
            "accessModes [ReadWriteOncePod]: set rollout to Recreate",
            at=".rollout",
        ),
    ]
