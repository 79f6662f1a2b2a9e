"""Ready, Reconciling and Stalled: what they say, and that they never contradict each other."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from registry_operator.status.findings import Answer, Findings, Login, StorageFacts
from registry_operator.status.problems import Problem
from registry_operator.status.reasons import Condition, Reason
from registry_operator.status.rules import Verdict, conditions, deleting, invalid
from tests.unit.status.findings import CLAIM, GOOD, NO_PODS, PODS, answered, findings, judge, problem

READ_ONLY = {"access": "ReadOnly"}
Case = tuple[Findings, tuple[str, Reason], tuple[str, Reason]]
SETTLED = ("False", Reason.SETTLED)

CASES: dict[str, Case] = {
    "all is well": (findings(), ("True", Reason.SERVING), SETTLED),
    "read-only, as wished": (
        findings(READ_ONLY, probe=answered(upload=None, sealed=True)),
        ("True", Reason.SERVING),
        SETTLED,
    ),
    "fresh": (
        findings(
            storage=StorageFacts("images-data"), workload=replace(NO_PODS, exists=False), probe=None, expires=None
        ),
        ("False", Reason.WAITING),
        ("True", Reason.WAITING),
    ),
    "pods on their way": (
        findings(workload=NO_PODS, probe=None),
        ("False", Reason.ROLLING_OUT),
        ("True", Reason.ROLLING_OUT),
    ),
    "before the first answer": (
        findings(probe=None),
        ("False", Reason.PROGRESSING),
        ("True", Reason.WAITING),
    ),
    "read-only, before the first answer": (
        findings(READ_ONLY, probe=None),
        ("False", Reason.PROGRESSING),
        ("True", Reason.WAITING),
    ),
    "no pod is ready, and an answer lingers": (
        findings(workload=NO_PODS),
        ("False", Reason.ROLLING_OUT),
        ("True", Reason.ROLLING_OUT),
    ),
    "serves while it rolls": (
        findings(workload=replace(PODS, settled=False)),
        ("True", Reason.SERVING),
        ("True", Reason.ROLLING_OUT),
    ),
    "new accounts on their way": (
        findings(probe=answered(login=Login.REFUSED, others_accepted=True)),
        ("True", Reason.SERVING),
        ("True", Reason.PROPAGATING),
    ),
    "no upload": (
        findings(probe=answered(upload=False)),
        ("False", Reason.UPLOAD_FAILED),
        ("True", Reason.UPLOAD_FAILED),
    ),
    "not tried to upload": (
        findings(probe=answered(upload=None)),
        ("False", Reason.PROGRESSING),
        ("True", Reason.WAITING),
    ),
    "the probe is blocked": (
        findings(probe=Answer(Login.TIMED_OUT, "gave no answer")),
        ("Unknown", Reason.PROBE_BLOCKED),
        SETTLED,
    ),
    "the probe is blocked while pods roll": (
        findings(probe=Answer(Login.TIMED_OUT), workload=replace(PODS, settled=False)),
        ("False", Reason.ROLLING_OUT),
        ("True", Reason.ROLLING_OUT),
    ),
    "an issuer is awaited, and the old certificate serves": (
        findings(problems=problem(Condition.CERTIFICATE_READY, Reason.ISSUING)),
        ("True", Reason.SERVING),
        ("True", Reason.ISSUING),
    ),
    "a claim waits for a pod, and the pod for an issuer": (
        findings(
            storage=replace(CLAIM, phase="Pending"),
            workload=replace(NO_PODS, exists=False),
            probe=None,
            problems=problem(Condition.CERTIFICATE_READY, Reason.ISSUER_MISSING),
        ),
        ("False", Reason.ISSUER_MISSING),
        ("True", Reason.ISSUER_MISSING),
    ),
    "a person has to act, and the old state serves": (
        findings(problems=problem(Condition.CREDENTIALS_READY, Reason.HTPASSWD_INVALID, stalled=True)),
        ("True", Reason.SERVING),
        SETTLED,
    ),
    "a person has to act, and nothing runs": (
        findings(
            workload=replace(NO_PODS, exists=False),
            probe=None,
            problems=problem(Condition.STORAGE_READY, Reason.CLAIM_DIFFERS, stalled=True),
        ),
        ("False", Reason.CLAIM_DIFFERS),
        SETTLED,
    ),
    "the whole spec is refused, and nothing answers": (
        findings(probe=None, problems=problem(Condition.STALLED, Reason.DOWNGRADE_REFUSED, stalled=True)),
        ("False", Reason.DOWNGRADE_REFUSED),
        SETTLED,
    ),
    "paused": (
        findings({"reconciliation": "Paused"}, held=("Service images",)),
        ("True", Reason.SERVING),
        ("False", Reason.PAUSED),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_ready_and_reconciling(case: Case) -> None:
    found, ready, reconciling = case
    judged = judge(found)
    assert judged[Condition.READY] == ready
    assert judged[Condition.RECONCILING] == reconciling


def test_the_first_part_in_the_way_is_the_one_that_is_told() -> None:
    """In the order of cause and effect: a claim that is missing is why there are no pods."""
    both = problem(Condition.WORKLOAD_READY) | problem(Condition.STORAGE_READY, Reason.CLAIM_LOST)
    found = findings(workload=NO_PODS, probe=None, problems=both)
    assert judge(found)[Condition.READY] == ("False", Reason.CLAIM_LOST)


def test_stalled_tells_the_problem_that_a_person_has_to_end() -> None:
    mixed = problem(Condition.STORAGE_READY, Reason.CLAIM_PENDING)
    mixed |= problem(Condition.WORKLOAD_READY, Reason.NAME_CONFLICT, stalled=True)
    verdict = conditions(findings(problems=mixed), {})[Condition.STALLED]
    assert verdict == ("True", Reason.NAME_CONFLICT, "about WorkloadReady")


def test_a_paused_registry_tells_what_it_would_change() -> None:
    found = findings({"reconciliation": "Paused"}, held=("Service images", "Deployment images"))
    assert conditions(found, {})[Condition.RECONCILING].message.endswith("Service images, Deployment images")


def every_combination() -> list[Findings]:
    """Problems, workloads, answers and specs, each with each."""
    steps = [
        Condition.STORAGE_READY,
        Condition.CERTIFICATE_READY,
        Condition.CREDENTIALS_READY,
        Condition.WORKLOAD_READY,
    ]
    problems: list[dict[Condition, Problem]] = [{}, problem(Condition.STALLED, stalled=True)]
    problems += [problem(step, stalled=stalled) for step in steps for stalled in (True, False)]
    workloads = [PODS, NO_PODS, replace(PODS, settled=False), replace(NO_PODS, exists=False)]
    answers = [None, GOOD, answered(upload=None), answered(upload=False), answered(stale_pods=("p",))]
    answers += [Answer(login, others_accepted=others) for login in Login for others in (True, False)]
    specs: list[dict[str, object]] = [{}, {**READ_ONLY}, {"auth": {"mode": "Disabled"}}, {"reconciliation": "Paused"}]
    return [
        findings(spec, problems=bad, workload=workload, probe=answer)
        for spec, bad, workload, answer in itertools.product(specs, problems, workloads, answers)
    ]


def consistent(verdicts: dict[Condition, Verdict]) -> None:
    """kstatus: never both on its way and stuck; what is finished and well is not on its way for nothing."""
    stalled, reconciling = verdicts[Condition.STALLED], verdicts[Condition.RECONCILING]
    assert not (stalled.status == "True" and reconciling.status == "True")
    assert {stalled.status, reconciling.status} <= {"True", "False"}
    ready = verdicts[Condition.READY]
    if ready.status == "False" and ready.reason is not Reason.DELETING:
        paused = reconciling.reason is Reason.PAUSED
        assert stalled.status == "True" or reconciling.status == "True" or paused, "unready, and nobody is at it"


@pytest.mark.parametrize("known", [{}, {Condition.REACHABLE: Verdict("True", Reason.LOGGED_IN)}], ids=["", "carried"])
def test_no_two_conditions_contradict_each_other(known: dict[Condition, Verdict]) -> None:
    for found in every_combination():
        verdicts = conditions(found, known)
        consistent(verdicts)
        if verdicts[Condition.READY].status == "True":
            assert found.workload.ready > 0
            assert verdicts[Condition.REACHABLE].status == "True"


def test_nothing_is_claimed_under_an_invalid_spec() -> None:
    verdicts = invalid("spec.version: must be 2 or 3")
    consistent(verdicts)
    assert verdicts[Condition.STALLED] == ("True", Reason.INVALID_SPEC, "spec.version: must be 2 or 3")
    assert {verdict.status for name, verdict in verdicts.items() if name in list(Condition)[3:]} == {"Unknown"}
    assert verdicts.keys() == set(Condition) - {Condition.MONITORED, Condition.UPSTREAM_READY}


def test_a_registry_on_its_way_out_is_neither_ready_nor_stuck() -> None:
    verdicts = deleting()
    consistent(verdicts)
    assert verdicts[Condition.READY][:2] == ("False", Reason.DELETING)
    assert verdicts[Condition.RECONCILING][:2] == ("True", Reason.DELETING)
