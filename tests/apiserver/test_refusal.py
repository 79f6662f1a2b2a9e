"""Edits that are refused, held back or denied: it is told, and what runs runs on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from registry_operator.kube.kinds import DEPLOYMENT, NETWORK_POLICY, REGISTRY, SERVICE
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.apiserver.test_edit import container
from tests.stage.kube import (
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    ApiFailure,
    Kube,
)
from tests.stage.pairs import make_pair
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually


def test_a_spec_that_only_the_api_server_can_judge_stalls_and_what_runs_runs_on(
    operator: StagedOperator, kube: Kube, images: Subject
) -> None:
    """No schema knows which node ports are taken."""
    port = {"port": 80, "nodePort": 30123}
    meta = {"namespace": images.namespace, "name": "theirs"}
    kube.create(SERVICE, {"metadata": meta, "spec": {"type": "NodePort", "ports": [port]}})
    images.apply(SELF_SIGNED)
    images.ready()
    images.edit({"service": {"type": "NodePort", "nodePort": 30123}})
    assert "30123" in images.expect("Stalled", "True", "Refused")
    images.evict()
    images.expect("Ready", "True")
    images.edit({"service": {"nodePort": None}})
    images.ready()


def test_what_a_policy_of_the_cluster_denies_is_told_and_what_runs_runs_on(
    operator: StagedOperator, kube: Kube, images: Subject
) -> None:
    images.apply(SELF_SIGNED)
    images.ready()
    before = images.child(DEPLOYMENT)["spec"]
    with denied(kube, images.namespace, "object.spec.template.spec.containers.all(c, !has(c.resources.limits))"):
        images.edit({"pod": {"resources": {"limits": {"memory": "1Gi"}}}})
        assert "no limits here" in images.expect("WorkloadReady", "False", "AdmissionDenied")
        images.evict()
        images.expect("Ready", "True")
        assert images.child(DEPLOYMENT)["spec"] == before
        images.edit({"pod": {"resources": None}})
        images.ready()


@contextlib.contextmanager
def denied(kube: Kube, namespace: str, expression: str) -> Iterator[None]:
    """A policy for the Deployments of one namespace, in force."""
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    where = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"namespaceSelector": where, "resourceRules": [rule]},
        "validations": [{"expression": expression, "message": "no limits here"}],
    }
    name = {"metadata": {"name": namespace}}
    kube.create(VALIDATING_ADMISSION_POLICY, {**name, "spec": policy})
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    kube.create(VALIDATING_ADMISSION_POLICY_BINDING, {**name, "spec": binding})
    try:
        eventually(lambda: refuses(kube, namespace), "the policy's being in force")
        yield
    finally:
        kube.delete(VALIDATING_ADMISSION_POLICY_BINDING, None, namespace)
        kube.delete(VALIDATING_ADMISSION_POLICY, None, namespace)


def refuses(kube: Kube, namespace: str) -> bool:
    limited = {"name": "c", "image": "i", "resources": {"limits": {"memory": "1Gi"}}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [limited]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    try:
        kube.apply(DEPLOYMENT, {"metadata": {"namespace": namespace, "name": "try"}, "spec": spec}, dry_run=True)
    except ApiFailure as failure:
        return "no limits here" in failure.message
    return False


def test_a_downgrade_is_refused_unless_it_is_forced(operator: StagedOperator, images: Subject) -> None:
    images.apply({**SELF_SIGNED, "version": "3"})
    images.ready()
    images.edit({"version": "2"})
    message = images.expect("Stalled", "True", "DowngradeRefused")
    assert "3" in container(images)["image"]
    annotation = next(word.strip("\"',;.:=") for word in message.split() if "teamregistry.io/" in word)
    key, _, value = annotation.partition("=")
    images.stage.kube.patch(REGISTRY, images.namespace, "images", {"metadata": {"annotations": {key: value or "true"}}})
    images.ready()


def test_paused_leaves_the_children_alone(operator: StagedOperator, images: Subject) -> None:
    images.apply(SELF_SIGNED)
    images.ready()
    before = images.child(DEPLOYMENT)["spec"]
    images.edit({"reconciliation": "Paused", "log": {"level": "debug"}})
    message = images.expect("Reconciling", "False", "Paused")
    assert "would change" in message
    assert images.get()["status"]["observedGeneration"] == images.get()["metadata"]["generation"]
    assert images.child(DEPLOYMENT)["spec"] == before
    images.edit({"reconciliation": "Active"})
    images.ready()
    assert images.child(DEPLOYMENT)["spec"] != before


def test_paused_reports_a_due_certificate_and_a_missing_child_and_does_nothing(
    operator: StagedOperator, kube: Kube, images: Subject
) -> None:
    names = [f"images.{images.namespace}.svc"]
    images.user_secret("pair", make_pair(names).data, kind="kubernetes.io/tls")
    images.apply({"tls": {"secretRef": {"name": "pair"}}})
    images.ready()
    mounted = images.mounted("tls")
    images.edit({"reconciliation": "Paused"})
    images.expect("Reconciling", "False", "Paused")

    images.user_secret("pair", make_pair(names).data, kind="kubernetes.io/tls")
    kube.delete(NETWORK_POLICY, images.namespace, "images")
    eventually(
        lambda: all(what in images.condition("Reconciling")["message"] for what in ("Secret", "NetworkPolicy images")),
        "what it would do",
        seen=images.seen,
    )
    images.expect("Ready", "True")
    assert images.mounted("tls") == mounted
    assert kube.find(NETWORK_POLICY, images.namespace, "images") is None

    images.edit({"reconciliation": "Active"})
    eventually(lambda: images.mounted("tls") != mounted, "the new certificate", seen=images.seen)
    images.ready()
    assert kube.find(NETWORK_POLICY, images.namespace, "images") is not None
