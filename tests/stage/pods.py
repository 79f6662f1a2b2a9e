"""The status documents of pods, as kubelet and scheduler write them (seen on a real node, shortened)."""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import Any

Object = dict[str, Any]
NOW = "2026-01-01T00:00:00Z"  # one instant for all: a status that is the same again is no write


class Fault(Enum):
    """What can be wrong with the pods of a Registry."""

    IMAGE_PULL = "image pull"
    CRASH_LOOP = "crash loop"
    NEVER_READY = "never ready"
    UNSCHEDULABLE = "unschedulable"
    NO_ROOM = "no node takes another pod; those that run go on"


def address(uid: str) -> str:
    """A pod address that follows from the uid, inside the pods' network."""
    digest = hashlib.sha256(uid.encode()).digest()
    return f"10.244.{digest[0]}.{digest[1] % 254 + 1}"


def unscheduled(message: str) -> Object:
    return {
        "phase": "Pending",
        "conditions": [_condition("PodScheduled", False, "Unschedulable", message)],
    }


def creating(pod: Object, message: str) -> Object:
    """Scheduled; its volumes or its container are not there yet."""
    state = {"waiting": {"reason": "ContainerCreating", "message": message}}
    return _scheduled(pod, "Pending", state, ready=False, restarts=0)


def pulling_fails(pod: Object) -> Object:
    image = pod["spec"]["containers"][0]["image"]
    state = {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}": not found'}}
    return _scheduled(pod, "Pending", state, ready=False, restarts=0)


def crashing(pod: Object, message: str = "the program ended") -> Object:
    name = pod["spec"]["containers"][0]["name"]
    state = {
        "waiting": {
            "reason": "CrashLoopBackOff",
            "message": f"back-off 5m0s restarting failed container={name} pod={pod['metadata']['name']}",
        }
    }
    document = _scheduled(pod, "Running", state, ready=False, restarts=5)
    document["containerStatuses"][0]["lastState"] = {
        "terminated": {"exitCode": 1, "reason": "Error", "message": message, "startedAt": NOW, "finishedAt": NOW}
    }
    return document


def running(pod: Object, *, ready: bool) -> Object:
    return _scheduled(pod, "Running", {"running": {"startedAt": NOW}}, ready=ready, restarts=0)


def _scheduled(pod: Object, phase: str, state: Object, *, ready: bool, restarts: int) -> Object:
    container = pod["spec"]["containers"][0]
    ip = address(pod["metadata"]["uid"])
    is_running = "running" in state
    return {
        "phase": phase,
        "hostIP": "192.0.2.10",
        "hostIPs": [{"ip": "192.0.2.10"}],
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "startTime": NOW,
        "conditions": [
            _condition("PodScheduled", True),
            _condition("Initialized", True),
            _condition("ContainersReady", ready),
            _condition("Ready", ready),
        ],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": f"{container['image']}@sha256:{hashlib.sha256(container['image'].encode()).hexdigest()}",
                "containerID": f"containerd://{hashlib.sha256(pod['metadata']['uid'].encode()).hexdigest()}",
                "ready": ready,
                "started": is_running,
                "restartCount": restarts,
                "state": state,
                "lastState": {},
            }
        ],
    }


def _condition(kind: str, true: bool, reason: str = "", message: str = "") -> Object:
    condition = {"type": kind, "status": "True" if true else "False", "lastTransitionTime": NOW}
    if not true and not reason:
        reason = "ContainersNotReady"
    return condition | ({"reason": reason} if reason else {}) | ({"message": message} if message else {})
