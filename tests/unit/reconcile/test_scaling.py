"""The number of pods: whose it is, and what stands beside several of them."""

from __future__ import annotations

from registry_operator.kube import kinds
from tests.unit.reconcile.subject import SELF_SIGNED, Subject

SHARED = {**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"accessModes": ["ReadWriteMany"]}}}
SCALED = {**SHARED, "autoscaling": {"maxReplicas": 5}}


def replicas(subject: Subject) -> int | None:
    found = subject.cluster.find(kinds.DEPLOYMENT, "images")
    assert found is not None
    number: int | None = found["spec"].get("replicas")
    return number


async def test_the_number_stays_when_the_autoscaler_takes_over() -> None:
    """A field that its only owner leaves out of an apply is removed, and the API server would say 1 again."""
    subject = Subject({**SHARED, "replicas": 3})
    await subject.settle()
    subject.cluster.calls.clear()
    subject.respec(SCALED)
    await subject.settle()
    assert replicas(subject) == 3
    order = [(verb, kind) for verb, kind, _ in subject.cluster.writes if kind != "Registry"]
    assert order == [("apply", "Deployment"), ("apply", "Deployment"), ("apply", "HorizontalPodAutoscaler")]
    subject.cluster.edit(kinds.DEPLOYMENT, "images", lambda obj: obj["spec"].update(replicas=4))
    subject.deliver()
    subject.cluster.calls.clear()
    await subject.reconcile()
    assert [call for call in subject.cluster.writes if call[1] != "Registry"] == []
    assert replicas(subject) == 4


async def test_the_number_is_the_specs_again_without_an_autoscaler() -> None:
    subject = Subject(SCALED)
    await subject.settle()
    assert replicas(subject) is None
    assert subject.cluster.named(kinds.AUTOSCALER) == subject.cluster.named(kinds.POD_DISRUPTION_BUDGET) == {"images"}
    subject.cluster.calls.clear()
    subject.respec(SHARED)
    await subject.settle()
    assert replicas(subject) == 1
    order = [(verb, kind) for verb, kind, _ in subject.cluster.writes if kind != "Registry"]
    assert order[:2] == [("delete", "HorizontalPodAutoscaler"), ("apply", "Deployment")]
    assert subject.cluster.named(kinds.AUTOSCALER) == subject.cluster.named(kinds.POD_DISRUPTION_BUDGET) == set()


async def test_somebody_elses_autoscaler_is_left_alone() -> None:
    subject = Subject(SHARED)
    theirs = {"metadata": {"namespace": "team-a", "name": "images"}, "spec": {"maxReplicas": 9}}
    subject.cluster.put(kinds.AUTOSCALER, theirs)
    subject.respec(SCALED)
    await subject.settle()
    assert subject.condition("WorkloadReady") == ("False", "NameConflict")
    found = subject.cluster.find(kinds.AUTOSCALER, "images")
    assert found is not None
    assert found["spec"] == {"maxReplicas": 9}
