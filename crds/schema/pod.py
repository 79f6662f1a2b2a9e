"""`spec.pod`: what the author may say of the pod. A raw pod template is no part of the API, on purpose."""

from __future__ import annotations

from . import core
from .parts import Schema, annotation_map, object_name, section, unreserved

OURS = ("teamregistry.io/", "app.kubernetes.io/")
# What deployment tools write on what they own: a copy on a child makes them prune or rewrite the child.
TOOLS = (
    "argocd.argoproj.io/",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "meta.helm.sh/",
)


WAY_OUT = "they belong to the operator and to deployment tools: choose another prefix"


def pod() -> Schema:
    reserved = unreserved(*OURS, *TOOLS, way_out=WAY_OUT)
    return section(
        "How the pod is run.",
        resources=core.resources("What the registry's container gets."),
        nodeSelector=core.labels("Labels that the node must have."),
        affinity=core.affinity("Where the pod may and should run."),
        tolerations=core.tolerations("Taints of nodes that the pod tolerates."),
        topologySpreadConstraints=core.topology_spread_constraints("How pods are spread over the cluster."),
        priorityClassName=object_name("PriorityClass of the pod."),
        labels=core.labels(
            "Further labels of the pod.",
            unreserved(
                *OURS,
                "pod-template-hash",
                way_out="the operator and Kubernetes find the pod by them: choose another prefix",
            ),
        ),
        annotations=annotation_map("Annotations of the pod.", reserved),
        serviceAccountAnnotations=annotation_map(
            "Annotations of the pod's ServiceAccount, such as the cloud role that it has.", reserved
        ),
    )
