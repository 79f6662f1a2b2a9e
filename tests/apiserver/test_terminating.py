"""A namespace on its way out whose Registry may not go yet: it takes nothing new, and the operator does not insist."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from registry_operator.kube.kinds import NAMESPACE, REGISTRY
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import (
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    ApiFailure,
    Kube,
)
from tests.stage.stage import Stage, StagedOperator
from tests.stage.waiting import eventually, steady

PROTECTED = "Registries of this namespace are protected"


@contextlib.contextmanager
def protected(kube: Kube, namespace: str) -> Iterator[None]:
    """A policy of the cluster's that lets nobody delete the namespace's Registries, in force."""
    rule = {
        "apiGroups": [REGISTRY.group],
        "apiVersions": ["*"],
        "operations": ["DELETE"],
        "resources": [REGISTRY.plural],
    }
    where = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"namespaceSelector": where, "resourceRules": [rule]},
        "validations": [{"expression": "false", "message": PROTECTED}],
    }
    name = {"metadata": {"name": namespace}}
    kube.create(VALIDATING_ADMISSION_POLICY, {**name, "spec": policy})
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    kube.create(VALIDATING_ADMISSION_POLICY_BINDING, {**name, "spec": binding})
    try:
        eventually(lambda: _refused(kube, namespace), "the policy's being in force")
        yield
    finally:
        kube.delete(VALIDATING_ADMISSION_POLICY_BINDING, None, namespace)
        kube.delete(VALIDATING_ADMISSION_POLICY, None, namespace)


def _refused(kube: Kube, namespace: str) -> bool:
    """Whether a deletion of the Registry is refused; it is tried only."""
    try:
        kube.request("DELETE", REGISTRY.path(namespace, "images"), {"dryRun": ["All"]})
    except ApiFailure as failure:
        return PROTECTED in failure.message
    return False


def test_a_registry_that_outlives_its_children(
    operator: StagedOperator, stage: Stage, kube: Kube, images: Subject
) -> None:
    """Its children are deleted before it. What is refused for good is neither tried again and again nor an error."""
    other = Subject(stage, f"{images.namespace}-other", "images")
    kube.create(NAMESPACE, {"metadata": {"name": other.namespace}})
    images.apply(SELF_SIGNED)
    images.ready()
    with protected(kube, images.namespace):
        mark = operator.proxy.mark
        kube.delete(NAMESPACE, None, images.namespace)
        message = images.expect("Ready", "False", "NamespaceTerminating")
        assert "being deleted" in message
        eventually(lambda: not images.children(), "the end of the children", seen=lambda: list(images.children()))
        steady(lambda: len(operator.proxy.writes(mark, namespace=images.namespace)), quiet=5)
        assert len(operator.proxy.writes(mark, namespace=images.namespace)) < 30
        mark = operator.proxy.mark
        images.touch()
        other.apply(SELF_SIGNED)
        other.ready()
        assert len(operator.proxy.writes(mark, namespace=images.namespace)) < 5, "of one look"
    kube.delete(NAMESPACE, None, images.namespace, missing=True)
    eventually(lambda: kube.find(NAMESPACE, None, images.namespace) is None, "the namespace's end", seen=images.seen)
    kube.delete(NAMESPACE, None, other.namespace)
    noise = [line for line in operator.log().splitlines() if images.namespace in line and "WARNING" in line]
    assert noise == []
