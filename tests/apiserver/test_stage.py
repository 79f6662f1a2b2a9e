"""The actors themselves: what the real controllers make of a Deployment comes to life as it would on a node."""

from __future__ import annotations

import base64
import functools
from typing import Any

import yaml

from registry_operator.kube.kinds import DEPLOYMENT, PERSISTENT_VOLUME_CLAIM, POD, SECRET
from tests.stage.kube import PERSISTENT_VOLUME
from tests.stage.pods import Fault
from tests.stage.stage import Stage
from tests.stage.waiting import eventually

Object = dict[str, Any]
LABELS = {"teamregistry.io/registry": "images", "app.kubernetes.io/managed-by": "registry-operator"}
CONFIG = yaml.safe_dump({"version": 0.1, "storage": {"filesystem": {}}, "http": {"addr": ":5000"}})


def make(stage: Stage, namespace: str) -> None:
    """A Deployment, its claim and its configuration, as an operator would make them."""
    meta = {"namespace": namespace, "labels": LABELS}
    stage.kube.create(
        PERSISTENT_VOLUME_CLAIM,
        {
            "metadata": {**meta, "name": "images-data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        },
    )
    stage.kube.create(
        DEPLOYMENT,
        {
            "metadata": {**meta, "name": "images"},
            "spec": {
                "selector": {"matchLabels": LABELS},
                "template": {
                    "metadata": {"labels": LABELS},
                    "spec": {
                        "containers": [
                            {
                                "name": "registry",
                                "image": "registry:2.8.3",
                                "args": ["serve", "/config/config.yml"],
                                "volumeMounts": [{"name": "config", "mountPath": "/config"}],
                            }
                        ],
                        "volumes": [
                            {"name": "config", "secret": {"secretName": "images-config"}},
                            {"name": "data", "persistentVolumeClaim": {"claimName": "images-data"}},
                        ],
                    },
                },
            },
        },
    )


def make_config(stage: Stage, namespace: str) -> None:
    data = {"config.yml": base64.b64encode(CONFIG.encode()).decode()}
    meta = {"namespace": namespace, "labels": LABELS, "name": "images-config"}
    stage.kube.create(SECRET, {"metadata": meta, "data": data})


def only_pod(stage: Stage, namespace: str) -> Object:
    pods = stage.kube.list(POD, namespace)
    assert len(pods) == 1, [pod["metadata"]["name"] for pod in pods]
    return pods[0]


def waiting_reason(stage: Stage, namespace: str) -> str:
    status = only_pod(stage, namespace)["status"]["containerStatuses"][0]["state"]
    return str(status.get("waiting", {}).get("reason"))


def suffers(stage: Stage, namespace: str, reason: str) -> bool:
    return waiting_reason(stage, namespace) == reason


def available(stage: Stage, namespace: str) -> int:
    return int(stage.kube.get(DEPLOYMENT, namespace, "images").get("status", {}).get("availableReplicas", 0))


def test_a_pod_waits_for_its_secret_then_runs_on_a_bound_claim(stage: Stage, namespace: str) -> None:
    make(stage, namespace)
    eventually(lambda: waiting_reason(stage, namespace) == "ContainerCreating")
    claim = eventually(
        lambda: [c for c in stage.kube.list(PERSISTENT_VOLUME_CLAIM, namespace) if c["status"]["phase"] == "Bound"]
    )[0]
    assert claim["status"]["capacity"] == {"storage": "1Gi"}
    make_config(stage, namespace)
    eventually(lambda: available(stage, namespace) == 1)
    assert stage.container(namespace, "images") is not None

    stage.kube.delete(DEPLOYMENT, namespace, "images")
    eventually(lambda: not stage.kube.list(POD, namespace))
    eventually(lambda: stage.container(namespace, "images") is None)
    stage.kube.delete(PERSISTENT_VOLUME_CLAIM, namespace, "images-data")
    volume = claim["spec"]["volumeName"]
    eventually(lambda: stage.kube.find(PERSISTENT_VOLUME, None, volume) is None, "the volume's end")


def test_a_held_claim_keeps_the_pod_from_being_scheduled(stage: Stage, namespace: str) -> None:
    stage.hold_claim(namespace, "images-data", True)
    make(stage, namespace)
    make_config(stage, namespace)
    eventually(lambda: only_pod(stage, namespace)["status"]["conditions"][0]["reason"] == "Unschedulable")
    stage.hold_claim(namespace, "images-data", False)
    eventually(lambda: available(stage, namespace) == 1)


def test_faults_come_and_go(stage: Stage, namespace: str) -> None:
    make(stage, namespace)
    make_config(stage, namespace)
    eventually(lambda: available(stage, namespace) == 1)
    for fault, reason in ((Fault.IMAGE_PULL, "ImagePullBackOff"), (Fault.CRASH_LOOP, "CrashLoopBackOff")):
        stage.fault(namespace, "images", fault)
        eventually(functools.partial(suffers, stage, namespace, reason))
        eventually(lambda: available(stage, namespace) == 0)
    stage.fault(namespace, "images", None)
    eventually(lambda: available(stage, namespace) == 1)
