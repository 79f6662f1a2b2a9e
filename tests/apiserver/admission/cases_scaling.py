"""Cases of replicas, autoscaling and rollout, whose rules look at the storage."""

from __future__ import annotations

from tests.apiserver.admission.cases import Case, Spec

MANY = {"storage": {"persistentVolumeClaim": {"accessModes": ["ReadWriteMany"]}}}
ONCE_POD = {"storage": {"persistentVolumeClaim": {"accessModes": ["ReadWriteOncePod"]}}}
EXISTING = {"storage": {"existingClaim": {"claimName": "theirs"}}}
NO_STORE: Spec = {"storage": {"emptyDir": {}}}
SCALING = [
    Case("spec.replicas", "may be more than 1 only on storage", {**MANY, "replicas": 2}, {"replicas": 2}),
    Case(
        "spec.replicas", "may be more than 1 only on storage", {**EXISTING, "replicas": 2}, {**NO_STORE, "replicas": 2}
    ),
    Case(
        "spec.autoscaling",
        "may be set only with storage that several pods can write to",
        {**MANY, "autoscaling": {"maxReplicas": 2}},
        {"storage": {}, "autoscaling": {"maxReplicas": 2}},
    ),
    Case(  # whatever number kubectl scale has left, it keeps nobody from switching the autoscaler on
        "spec.autoscaling",
        "may be set only with storage",
        {**MANY, "replicas": 3, "autoscaling": {"maxReplicas": 2}},
        {"replicas": 1, "autoscaling": {"maxReplicas": 2}},
    ),
    Case(
        "spec.autoscaling",
        "must have minReplicas of at most maxReplicas",
        {**MANY, "autoscaling": {"minReplicas": 1, "maxReplicas": 1}},
        {**MANY, "autoscaling": {"maxReplicas": 1}},
    ),
    Case(
        "spec.rollout", "may be Surge only where the next pod", {"rollout": "Surge"}, {**NO_STORE, "rollout": "Surge"}
    ),
    Case("spec.rollout", "set rollout to Recreate", {**EXISTING, "rollout": "Surge"}, {**ONCE_POD, "rollout": "Surge"}),
]
