"""At rest nothing is written: not while time goes by, not at a restart, not when the same is applied again."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from registry_operator.kube.kinds import REGISTRY
from tests.apiserver.registries import PLAIN, SELF_SIGNED, Subject
from tests.apiserver.test_create import FULL, make_references
from tests.cluster.kubectl import Kubectl
from tests.cluster.local import LocalCluster
from tests.stage.kube import Object
from tests.stage.stage import Stage, StagedOperator
from tests.stage.waiting import eventually, steady

PROVIDED = "provided"  # its name is in the certificate that it refers to
SPECS: dict[str, Object] = {
    "own-authority": {},
    "issuer": {"tls": {"certManager": {"issuerRef": {"name": "team"}}}},
    "self-signed": SELF_SIGNED,
    PROVIDED: {"tls": {"secretRef": {"name": "pair"}}},
    "plain": PLAIN,
    "ephemeral": {**SELF_SIGNED, "storage": {"emptyDir": {"sizeLimit": "1Gi"}}},
    "their-claim": {**SELF_SIGNED, "storage": {"existingClaim": {"claimName": "theirs"}}},
    "deletes": {**SELF_SIGNED, "storage": {"persistentVolumeClaim": {"whenDeleted": "Delete"}}},
    "anonymous": {**SELF_SIGNED, "auth": {"mode": "Disabled", "adminUser": "Disabled"}},
    "users": {**SELF_SIGNED, "auth": {"htpasswd": {"secretRef": {"name": "users", "key": "htpasswd"}}}},
    "passthrough": {
        **SELF_SIGNED,
        "expose": {"gateway": {"hostnames": ["r.example"], "parentRefs": [{"name": "g"}], "tls": "Passthrough"}},
    },
    "full": FULL,
}


def looks(operator: StagedOperator) -> int:
    """How often this process has looked at any Registry without an error."""
    _, text = operator.http("/metrics", metrics=True)
    found = re.findall(r'^controller_runtime_reconcile_total\{.*result="(?!error).*"\} (\S+)$', text, re.MULTILINE)
    return sum(int(float(number)) for number in found)


def test_nothing_is_written_at_rest_nor_at_a_restart(
    own_operator: Callable[..., StagedOperator], stage: Stage, namespace: str
) -> None:
    """Through a periodic look at each Registry, through probes, and through a new process that knows nothing."""
    operator = own_operator({"RESYNC_SECONDS": "10", "PROBE_INTERVAL_SECONDS": "5"}).start()
    subjects = [Subject(stage, namespace, name) for name in SPECS]
    make_references(Subject(stage, namespace, PROVIDED))
    for subject in subjects:
        subject.apply(SPECS[subject.name])
    for subject in subjects:
        subject.ready()
    steady(lambda: len(operator.proxy.writes()), quiet=1.5)

    mark, before = operator.proxy.mark, looks(operator)
    eventually(lambda: looks(operator) >= before + len(subjects), "a periodic look at each of them")
    steady(lambda: looks(operator), quiet=1.5)
    assert told(operator, mark) == []

    operator.kill()
    mark = operator.proxy.mark
    operator.start()
    # Once for being there, and once more when the first probe of this process has its answer.
    eventually(lambda: looks(operator) >= 2 * len(subjects), "two looks at each of them")
    steady(lambda: looks(operator), quiet=1.5)
    assert told(operator, mark) == []
    for subject in subjects:
        assert subject.is_current(), subject.seen()


def told(operator: StagedOperator, mark: int) -> list[str]:
    return [str(write) for write in operator.proxy.writes(mark)]


@pytest.mark.parametrize("name", ["own-authority", "full"])
def test_the_same_applied_again_changes_nothing(
    operator: StagedOperator, control_plane: LocalCluster, images: Subject, tmp_path: Path, name: str
) -> None:
    """By kubectl, as users do it: client-side, then server-side over it, each of them twice."""
    meta = {"namespace": images.namespace, "name": "images"}
    document = {"apiVersion": REGISTRY.api_version, "kind": "Registry", "metadata": meta, "spec": SPECS[name]}
    file = tmp_path / "registry.yaml"
    file.write_text(yaml.safe_dump(document))

    kubectl = Kubectl(control_plane.kubeconfig)
    kubectl("apply", f"--filename={file}")
    images.ready()
    for options in ([], ["--server-side", "--force-conflicts"], ["--server-side"]):
        steady(lambda: len(operator.proxy.writes(namespace=images.namespace)), quiet=1)
        mark, looked = operator.proxy.mark, looks(operator)
        kubectl("apply", *options, f"--filename={file}")
        images.touch()  # the operator shall look, also where the API server found nothing to change
        eventually(functools.partial(has_looked, operator, looked), "a look")
        steady(lambda: looks(operator), quiet=0.5)
        written = operator.proxy.writes(mark, namespace=images.namespace)
        assert [str(write) for write in written] == [], options
        assert_only_status_is_ours(images.ready())


def has_looked(operator: StagedOperator, before: int) -> bool:
    return looks(operator) > before


def assert_only_status_is_ours(registry: Object) -> None:
    """`managedFields` knows of no write to spec, labels, annotations or finalizers that was not a user's."""
    assert registry["metadata"]["generation"] == 1
    entries = registry["metadata"]["managedFields"]
    ours = [entry for entry in entries if entry["manager"] == "registry-operator"]
    assert ours, json.dumps(entries)
    for entry in ours:
        assert entry["subresource"] == "status"
        assert set(entry["fieldsV1"]) == {"f:status"}, entry
