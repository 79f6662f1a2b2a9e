"""The conditions that the others are made of: a table of cases for each rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from registry_operator.status.findings import Answer, ExposureFacts, Findings, Login, StorageFacts
from registry_operator.status.reasons import Condition, Reason
from registry_operator.status.rules import PARTS
from tests.unit.status.findings import CLAIM, NO_PODS, NOW, PODS, answered, findings, judge, problem

Case = tuple[Findings, str, Reason]
SOURCES = {"issued": {}, "provided": {"secretRef": {"name": "s"}}, "own": {"selfSigned": {}}, "none": {"disabled": {}}}


def check(condition: Condition, case: Case) -> None:
    found, status, reason = case
    assert judge(found)[condition] == (status, reason)


@pytest.mark.parametrize("condition", PARTS)
def test_a_problem_of_its_step_decides_a_condition(condition: Condition) -> None:
    if condition in (Condition.REACHABLE, Condition.WRITABLE):
        return  # no step of the reconciliation brings these about
    bad = problem(condition)
    cache = {"proxy": {"remoteURL": "https://a"}} if condition is Condition.UPSTREAM_READY else {}
    found = findings(cache, problems=bad)
    assert judge(found)[condition] == ("False", Reason.REFUSED)
    assert PARTS[condition](found).message == f"about {condition}"


STORAGE: dict[str, Case] = {
    "bound": (findings(), "True", Reason.BOUND),
    "ephemeral": (findings({"storage": {"emptyDir": {}}}, storage=StorageFacts()), "True", Reason.EPHEMERAL),
    "to grow": (findings(storage=replace(CLAIM, resizing="is to grow")), "True", Reason.CLAIM_RESIZING),
    "cannot grow": (
        findings(storage=replace(CLAIM, resizing="is to grow", resize_failed=True)),
        "False",
        Reason.RESIZE_FAILED,
    ),
    "not made yet": (findings(storage=StorageFacts("images-data")), "Unknown", Reason.WAITING),
    "not bound": (findings(storage=replace(CLAIM, phase="Pending")), "False", Reason.CLAIM_PENDING),
    "a user's": (
        findings({"storage": {"existingClaim": {"claimName": "c"}}}, storage=replace(CLAIM, claim_name="c")),
        "True",
        Reason.BOUND,
    ),
}


@pytest.mark.parametrize("case", STORAGE.values(), ids=STORAGE)
def test_storage(case: Case) -> None:
    check(Condition.STORAGE_READY, case)


CERTIFICATE: dict[str, Case] = {
    "issued": (findings({"tls": SOURCES["issued"]}), "True", Reason.ISSUED),
    "provided": (findings({"tls": SOURCES["provided"]}), "True", Reason.PROVIDED),
    "self-signed": (findings({"tls": SOURCES["own"]}), "True", Reason.SELF_SIGNED),
    "disabled": (findings({"tls": SOURCES["none"]}, expires=None), "True", Reason.TLS_DISABLED),
    "expired": (findings(expires=NOW), "False", Reason.CERTIFICATE_EXPIRED),
    "expires in a second": (findings(expires=NOW + timedelta(seconds=1)), "True", Reason.ISSUED),
    "none yet": (findings(expires=None), "Unknown", Reason.WAITING),
}


@pytest.mark.parametrize("case", CERTIFICATE.values(), ids=CERTIFICATE)
def test_certificate(case: Case) -> None:
    check(Condition.CERTIFICATE_READY, case)


OPEN = {"auth": {"mode": "Disabled"}}
CREDENTIALS: dict[str, Case] = {
    "live": (findings(), "True", Reason.LIVE),
    "nobody is asked for any": (findings(OPEN), "True", Reason.AUTHENTICATION_DISABLED),
    "not asked yet": (findings(probe=None), "Unknown", Reason.WAITING),
    "not there yet": (findings(probe=answered(login=Login.REFUSED)), "False", Reason.PROPAGATING),
    "cannot be asked": (findings(probe=answered(login=Login.TIMED_OUT)), "Unknown", Reason.WAITING),
    "broken": (findings(probe=answered(login=Login.FAILED)), "Unknown", Reason.WAITING),
    "not there yet on a pod": (findings(probe=answered(late_pods=("images-1",))), "False", Reason.PROPAGATING),
}


@pytest.mark.parametrize("case", CREDENTIALS.values(), ids=CREDENTIALS)
def test_credentials(case: Case) -> None:
    check(Condition.CREDENTIALS_READY, case)


def failed(login: Login) -> Findings:
    return findings(probe=Answer(login, "the Service said so"))


REACHABLE: dict[str, Case] = {
    "logged in": (findings(), "True", Reason.LOGGED_IN),
    "no pod is ready": (findings(workload=NO_PODS, probe=None), "Unknown", Reason.WAITING),
    "an old answer lingers": (findings(workload=NO_PODS), "Unknown", Reason.WAITING),
    "not asked yet": (findings(probe=None), "Unknown", Reason.PROBING),
    "no known authority": (findings(probe=answered(verified=False)), "True", Reason.UNVERIFIABLE_CHAIN),
    "a pod is late": (findings(probe=answered(stale_pods=("images-1",))), "False", Reason.OLD_CERTIFICATE_SERVED),
    "a pod of several does not serve": (
        findings(probe=answered(silent_pods=("images-1 cannot be reached",))),
        "False",
        Reason.POD_NOT_SERVING,
    ),
    "a pod does not know the newest accounts": (
        findings(probe=answered(late_pods=("images-1",))),
        "True",
        Reason.LOGGED_IN,
    ),
    "older accounts": (
        findings(probe=answered(login=Login.REFUSED, others_accepted=True)),
        "True",
        Reason.LOGGED_IN,
    ),
    "refused": (failed(Login.REFUSED), "False", Reason.LOGIN_REFUSED),
    "not trusted": (failed(Login.UNTRUSTED), "False", Reason.UNTRUSTED_CERTIFICATE),
    "no answer": (failed(Login.TIMED_OUT), "Unknown", Reason.PROBE_BLOCKED),
    "broken": (failed(Login.FAILED), "False", Reason.UNREACHABLE),
}


@pytest.mark.parametrize("case", REACHABLE.values(), ids=REACHABLE)
def test_reachable(case: Case) -> None:
    check(Condition.REACHABLE, case)


@pytest.mark.parametrize("login", [Login.UNTRUSTED, Login.TIMED_OUT, Login.FAILED])
def test_the_answer_itself_is_told(login: Login) -> None:
    assert "the Service said so" in PARTS[Condition.REACHABLE](failed(login)).message


def test_pods_that_are_late_are_named() -> None:
    found = findings(probe=answered(stale_pods=("images-1", "images-2")))
    assert "images-1, images-2" in PARTS[Condition.REACHABLE](found).message


READ_ONLY = {"access": "ReadOnly"}
WRITABLE: dict[str, Case] = {
    "accepted": (findings(), "True", Reason.UPLOAD_ACCEPTED),
    "not tried": (findings(probe=answered(upload=None, sealed=True)), "Unknown", Reason.WAITING),
    "not asked": (findings(probe=None), "Unknown", Reason.WAITING),
    "refused": (findings(probe=answered(upload=False, upload_message="why")), "False", Reason.UPLOAD_FAILED),
    "read-only": (findings(READ_ONLY, probe=answered(upload=None, sealed=True)), "False", Reason.READ_ONLY),
    "nobody knows whether it is read-only": (findings(READ_ONLY, probe=None), "Unknown", Reason.WAITING),
    "a pod neither takes nor refuses uploads": (
        findings(READ_ONLY, probe=answered(upload=False, upload_message="a pod answered 503")),
        "Unknown",
        Reason.WAITING,
    ),
    "a pod with an upload is on its way out": (
        findings(
            READ_ONLY,
            probe=answered(upload=None, sealed=True),
            workload=replace(PODS, leaving=(("images-1", "node-7"),)),
        ),
        "False",
        Reason.ROLLING_OUT,
    ),
    "not read-only yet": (findings(READ_ONLY, probe=answered(upload=True)), "False", Reason.ROLLING_OUT),
}


@pytest.mark.parametrize("case", WRITABLE.values(), ids=WRITABLE)
def test_writable(case: Case) -> None:
    check(Condition.WRITABLE, case)


def troubled(reason: str, message: str = "") -> Findings:
    return findings(workload=replace(NO_PODS, trouble=(reason, message)), probe=None)


LEFT = replace(NO_PODS, beside=True, leaving=(("images-1", "node-7"),))
WORKLOAD: dict[str, Case] = {
    "available": (findings(), "True", Reason.AVAILABLE),
    "not made": (findings(workload=replace(NO_PODS, exists=False)), "False", Reason.WAITING),
    "no pod yet": (findings(workload=NO_PODS), "False", Reason.ROLLING_OUT),
    "an old pod is ready": (findings(workload=replace(PODS, settled=False)), "False", Reason.ROLLING_OUT),
    "scaled to nothing": (findings(workload=replace(PODS, replicas=0, ready=0)), "False", Reason.ROLLING_OUT),
    "quota": (
        findings(workload=replace(NO_PODS, failure='pods "x" is forbidden: exceeded quota: q')),
        "False",
        Reason.QUOTA_EXCEEDED,
    ),
    "refused pods": (
        findings(workload=replace(NO_PODS, failure="violates PodSecurity")),
        "False",
        Reason.PODS_NOT_CREATED,
    ),
    "no image": (troubled("ImagePullBackOff", "not found"), "False", Reason.IMAGE_UNAVAILABLE),
    "a bad image name": (troubled("InvalidImageName"), "False", Reason.IMAGE_UNAVAILABLE),
    "crash": (troubled("CrashLoopBackOff", "back-off"), "False", Reason.CRASH_LOOPING),
    "out of memory": (troubled("OOMKilled", "exit code 137"), "False", Reason.CRASH_LOOPING),
    "no node": (troubled("Unschedulable", "0/3 nodes"), "False", Reason.UNSCHEDULABLE),
    "no place beside the present pod": (
        findings(workload=replace(PODS, settled=False, beside=True, trouble=("Unschedulable", "0/3 nodes"))),
        "False",
        Reason.SURGE_BLOCKED,
    ),
    "no place but on a lost node": (
        findings(workload=replace(LEFT, trouble=("Unschedulable", "0/3 nodes")), probe=None),
        "False",
        Reason.SURGE_BLOCKED,
    ),
    "a first pod that surges finds no node": (
        findings(workload=replace(LEFT, leaving=(), trouble=("Unschedulable", "0/3 nodes")), probe=None),
        "False",
        Reason.UNSCHEDULABLE,
    ),
    "a surge to a broken image": (
        findings(workload=replace(PODS, settled=False, beside=True, trouble=("ErrImagePull", "not found"))),
        "False",
        Reason.IMAGE_UNAVAILABLE,
    ),
    "an autoscaler that cannot count": (
        findings(workload=replace(PODS, autoscaling="no metrics")),
        "True",
        Reason.AUTOSCALING_INACTIVE,
    ),
    "an autoscaler that was told to rest": (
        findings({"autoscaling": {"maxReplicas": 3}}, workload=replace(PODS, replicas=0, pods=0, ready=0)),
        "False",
        Reason.SCALED_TO_ZERO,
    ),
    "something else": (troubled("CreateContainerConfigError", "no Secret"), "False", Reason.POD_FAILED),
    "trouble of a pod on its way out": (
        findings(workload=replace(PODS, trouble=("Error", "exit code 1"))),
        "True",
        Reason.AVAILABLE,
    ),
}


@pytest.mark.parametrize("case", WORKLOAD.values(), ids=WORKLOAD)
def test_workload(case: Case) -> None:
    check(Condition.WORKLOAD_READY, case)


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "CrashLoopBackOff", "Unschedulable", "Evicted"])
def test_the_message_of_a_pod_is_quoted(reason: str) -> None:
    assert "as the node said" in PARTS[Condition.WORKLOAD_READY](troubled(reason, "as the node said")).message


def test_a_pod_on_a_lost_node_is_named() -> None:
    found = findings(workload=replace(LEFT, trouble=("Unschedulable", "0/3 nodes")), probe=None)
    message = PARTS[Condition.WORKLOAD_READY](found).message
    assert "images-1" in message
    assert "node-7" in message
    assert "0/3 nodes" in message


INGRESS = {"expose": {"ingress": {"host": "r.example.org"}}}
BALANCED = {"service": {"type": "LoadBalancer"}}
EXPOSED: dict[str, Case] = {
    "not asked for": (findings(), "True", Reason.CLUSTER_INTERNAL),
    "an ingress": (findings(INGRESS), "True", Reason.REACHED_FROM_OUTSIDE),
    "a node port": (findings({"service": {"type": "NodePort"}}), "True", Reason.REACHED_FROM_OUTSIDE),
    "no address": (findings(BALANCED, exposure=ExposureFacts(balancing=True)), "False", Reason.LOAD_BALANCER_PENDING),
    "not answered": (findings(INGRESS, exposure=ExposureFacts(pending=("x",))), "Unknown", Reason.EXPOSURE_PENDING),
    "not covered": (findings(INGRESS, exposure=ExposureFacts(uncovered=("x",))), "False", Reason.HOST_NOT_COVERED),
    "refused": (findings(INGRESS, exposure=ExposureFacts(refused=("x",))), "False", Reason.ROUTE_REFUSED),
    "refused before not answered": (
        findings(INGRESS, exposure=ExposureFacts(refused=("x",), pending=("y",), balancing=True)),
        "False",
        Reason.ROUTE_REFUSED,
    ),
}


@pytest.mark.parametrize("case", EXPOSED.values(), ids=EXPOSED)
def test_exposed(case: Case) -> None:
    check(Condition.EXPOSED, case)


def test_what_to_type_is_told() -> None:
    facts = ExposureFacts(urls=("https://r.example.org",), node_port=30443)
    message = PARTS[Condition.EXPOSED](findings({"service": {"type": "NodePort"}}, exposure=facts)).message
    assert message == "reached from outside: https://r.example.org, port 30443 of any node"


def test_a_way_from_outside_keeps_nobody_from_working_inside() -> None:
    """What is known to be shut is worked at; what nobody has answered may stay so for ever."""
    shut, unanswered = ExposureFacts(refused=("x",)), ExposureFacts(pending=("x",))
    for facts, working in ((shut, "True"), (unanswered, "False")):
        found = judge(findings(INGRESS, exposure=facts))
        assert found[Condition.READY] == ("True", Reason.SERVING)
        assert found[Condition.RECONCILING][0] == working


def test_a_name_conflict_of_the_ingress_waits_for_a_person_and_stops_nothing() -> None:
    found = judge(findings(INGRESS, problems=problem(Condition.EXPOSED, Reason.NAME_CONFLICT, stalled=True)))
    assert found[Condition.STALLED] == ("True", Reason.NAME_CONFLICT)
    assert found[Condition.READY] == ("True", Reason.SERVING)
