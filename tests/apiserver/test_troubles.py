"""Each trouble has its own reason, a message that tells what to do, and ends without a restart of anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from registry_operator.kube.kinds import EVENT, ISSUER, PERSISTENT_VOLUME_CLAIM
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import LIMIT_RANGE, RESOURCE_QUOTA, Kube, Object
from tests.stage.pairs import make_pair
from tests.stage.pods import Fault
from tests.stage.stage import StagedOperator
from tests.stage.stub import Trouble
from tests.stage.waiting import eventually, steady


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.IMAGE_PULL, "ImageUnavailable"),
        (Fault.CRASH_LOOP, "CrashLooping"),
        (Fault.UNSCHEDULABLE, "Unschedulable"),
        (Fault.NEVER_READY, "RollingOut"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_pods_that_do_not_run(operator: StagedOperator, images: Subject, fault: Fault, reason: str) -> None:
    images.stage.fault(images.namespace, "images", fault)
    images.apply(SELF_SIGNED)
    images.expect("WorkloadReady", "False", reason)
    assert images.condition("Ready")["status"] == "False"
    images.stage.fault(images.namespace, "images", None)
    images.ready()
    images.stage.fault(images.namespace, "images", fault)  # and once it runs
    images.expect("WorkloadReady", "False")
    images.expect("Ready", "False")
    images.stage.fault(images.namespace, "images", None)
    images.ready()


def test_a_claim_that_gets_no_volume(operator: StagedOperator, images: Subject) -> None:
    images.stage.hold_claim(images.namespace, "images-data", True)
    images.apply(SELF_SIGNED)
    assert "images-data" in images.expect("StorageReady", "False", "ClaimPending")
    images.stage.hold_claim(images.namespace, "images-data", False)
    images.ready()


def test_a_claim_of_the_users_that_is_missing(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    images.apply({**SELF_SIGNED, "storage": {"existingClaim": {"claimName": "theirs"}}})
    assert "theirs" in images.expect("StorageReady", "False", "ClaimMissing")
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    kube.create(PERSISTENT_VOLUME_CLAIM, {"metadata": {"namespace": images.namespace, "name": "theirs"}, "spec": spec})
    images.ready()


@pytest.mark.parametrize(
    ("trouble", "condition", "status", "reason"),
    [
        (Trouble.SILENT, "Reachable", "Unknown", "ProbeBlocked"),
        (Trouble.FAILING, "Reachable", "False", "Unreachable"),
        (Trouble.FORGETFUL, "Reachable", "False", "LoginRefused"),
        (Trouble.FULL, "Writable", "False", "UploadFailed"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_registry_that_runs_and_does_not_serve(
    operator: StagedOperator, images: Subject, trouble: Trouble, condition: str, status: str, reason: str
) -> None:
    images.stage.trouble(images.namespace, "images", trouble)
    images.apply(SELF_SIGNED)
    images.expect(condition, status, reason)
    images.expect("WorkloadReady", "True")
    assert images.condition("Ready")["status"] != "True"
    images.stage.trouble(images.namespace, "images", None)
    images.ready()


def test_a_volume_that_fills_up_later(own_operator: Callable[..., StagedOperator], images: Subject) -> None:
    """Nothing of it is told by any watch, and logging in works all the time."""
    own_operator({"PROBE_INTERVAL_SECONDS": "5", "UPLOAD_INTERVAL_SECONDS": "5"}).start()
    images.apply(SELF_SIGNED)
    images.ready()
    images.stage.trouble(images.namespace, "images", Trouble.FULL)
    images.expect("Writable", "False", "UploadFailed")
    images.expect("Ready", "False", "UploadFailed")
    images.expect("Reachable", "True")
    images.stage.trouble(images.namespace, "images", None)
    images.ready()


def test_an_issuer_that_is_missing(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    images.apply({"tls": {"certManager": {"issuerRef": {"name": "team"}}}})
    assert "team" in images.expect("CertificateReady", "False", "IssuerMissing")
    authority = make_pair([])
    ca = {"tls.crt": authority.authority, "tls.key": authority.authority_key}
    images.user_secret("team-ca", ca, kind="kubernetes.io/tls")
    meta = {"namespace": images.namespace, "name": "team"}
    kube.create(ISSUER, {"metadata": meta, "spec": {"ca": {"secretName": "team-ca"}}})
    images.ready()


@pytest.mark.parametrize(
    ("hard", "advice"),
    [
        ({"pods": "0"}, "raise the quota"),
        ({"limits.memory": "8Gi"}, "set in spec.pod.resources"),  # it wants pods to say what they may take
        ({"secrets": "1"}, "raise the quota"),
        ({"persistentvolumeclaims": "0"}, "raise the quota"),
        ({"services": "0"}, "raise the quota"),
        ({"count/deployments.apps": "0"}, "raise the quota"),
    ],
    ids=lambda value: next(iter(value)).replace("/", "-") if isinstance(value, dict) else "",
)
def test_a_quota_that_is_exceeded(
    operator: StagedOperator, kube: Kube, images: Subject, hard: Object, advice: str
) -> None:
    meta = {"namespace": images.namespace, "name": "quota"}
    kube.create(RESOURCE_QUOTA, {"metadata": meta, "spec": {"hard": hard}})
    eventually(
        lambda: kube.get(RESOURCE_QUOTA, images.namespace, "quota")["status"].get("hard"), "the quota's own status"
    )
    images.apply(SELF_SIGNED)

    def told() -> list[str]:
        conditions = images.get()["status"]["conditions"]
        return [each["message"] for each in conditions if each["reason"] == "QuotaExceeded"]

    assert advice in eventually(told, "QuotaExceeded", seen=images.seen)[0]
    kube.delete(RESOURCE_QUOTA, images.namespace, "quota")
    if "persistentvolumeclaims" not in hard:  # there, nobody makes the operator look again: it does so by itself
        images.touch()
    images.ready()


def test_a_limit_range_that_fills_in_and_one_that_refuses(
    operator: StagedOperator, kube: Kube, images: Subject
) -> None:
    """Defaults that admission puts on pods are no drift of the Deployment; a maximum is told with its numbers."""
    limits = [
        {"type": "Container", "default": {"memory": "512Mi"}, "defaultRequest": {"memory": "128Mi"}},
        {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
    ]
    kube.create(
        LIMIT_RANGE, {"metadata": {"namespace": images.namespace, "name": "limits"}, "spec": {"limits": limits}}
    )
    images.apply(SELF_SIGNED)
    message = images.expect("StorageReady", "False")
    assert "1Gi" in message
    kube.patch(LIMIT_RANGE, images.namespace, "limits", {"spec": {"limits": limits[:1]}})
    images.touch()
    images.ready()
    assert images.pods()[0]["spec"]["containers"][0]["resources"]["limits"] == {"memory": "512Mi"}
    mark = operator.proxy.mark
    steady(lambda: len(operator.proxy.writes(mark, namespace=images.namespace)), quiet=2)
    assert operator.proxy.writes(mark, namespace=images.namespace) == []


def test_events_tell_transitions_once(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    images.stage.fault(images.namespace, "images", Fault.IMAGE_PULL)
    images.apply(SELF_SIGNED)
    images.expect("WorkloadReady", "False", "ImageUnavailable")
    images.stage.fault(images.namespace, "images", None)
    images.ready()

    def ours() -> list[Object]:
        return [event for event in kube.list(EVENT, images.namespace) if event["regarding"]["kind"] == "Registry"]

    eventually(lambda: {"ImageUnavailable", "Serving"} <= {event["reason"] for event in ours()}, seen=ours)
    told = [(event["type"], event["reason"], event.get("note")) for event in ours()]
    assert len(told) == len(set(told))
    assert len(told) <= 12
