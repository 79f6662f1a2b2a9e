"""Installing, upgrading and uninstalling on a real API server; and what we ship is accepted by one.

A control plane of its own: Helm must not meet the CRD that the other tests made by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.kubectl import helm_path, kubectl_path
from tests.cluster.local import LocalCluster
from tests.unit.render import CHART, NAMESPACE, ROOT, chart, kustomize, of_kind

SAMPLES = sorted(path for path in (ROOT / "manifests" / "samples").glob("*.yaml") if path.name != "kustomization.yaml")
CRD = "customresourcedefinition/registries.teamregistry.io"
pytestmark = pytest.mark.xdist_group("installation")


class Tools:
    """kubectl and helm, on one cluster only."""

    def __init__(self, kubeconfig: Path, home: Path) -> None:
        self._kubeconfig = kubeconfig
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECONFIG": str(kubeconfig),
        }

    def __call__(self, *command: str | Path, stdin: str = "", check: bool = True) -> str:
        done = subprocess.run(
            [*map(str, command)], input=stdin, text=True, capture_output=True, timeout=180, env=self._environment
        )
        assert not check or done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def kubectl(self, *arguments: str | Path, stdin: str = "", check: bool = True) -> str:
        return self(kubectl_path(), *arguments, stdin=stdin, check=check)

    def helm(self, *arguments: str | Path, check: bool = True) -> str:
        return self(helm_path(), *arguments, check=check)

    def get(self, what: str, namespace: str = "default") -> Any:
        return json.loads(self.kubectl("get", what, "-n", namespace, "-o", "json"))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    cluster = LocalCluster(f"installation-{os.getpid()}", control_plane_only=True, cert_manager=False)
    try:
        cluster.up()
        made = Tools(cluster.kubeconfig, tmp_path_factory.mktemp("home"))
        made.kubectl("create", "namespace", "team-a")
        made.kubectl("create", "namespace", "team-b")
        yield made
    finally:
        cluster.down()


@pytest.fixture
def installed(tools: Tools) -> Iterator[Tools]:
    """The chart's release, without waiting: nothing runs pods here."""
    tools.helm("upgrade", "--install", "registry-operator", CHART, "--namespace", NAMESPACE, "--create-namespace")
    tools.kubectl("wait", CRD, "--for=condition=Established", "--timeout=30s")
    yield tools
    tools.helm("uninstall", "registry-operator", "--namespace", NAMESPACE, "--ignore-not-found")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples_apply_as_they_are(installed: Tools, sample: Path) -> None:
    """Client-side and server-side, strictly: an unknown field is an error."""
    (given,) = yaml.safe_load_all(sample.read_text())
    for options in ([], ["--server-side"]):
        assert "Warning" not in installed.kubectl("apply", "-n", "team-a", "--validate=strict", *options, "-f", sample)
        made = installed.get(f"registry/{given['metadata']['name']}", "team-a")
        assert given["spec"].keys() <= made["spec"].keys()
        installed.kubectl("delete", "-n", "team-a", "-f", sample)


def test_an_uninstall_keeps_every_registry_and_the_next_installation_takes_over(installed: Tools) -> None:
    installed.kubectl("apply", "-n", "team-b", "-f", ROOT / "manifests" / "samples" / "registry.yaml")
    before = installed.get("registry/images", "team-b")["metadata"]["uid"]
    installed.helm("uninstall", "registry-operator", "--namespace", NAMESPACE)
    assert not installed.get("deployments", NAMESPACE)["items"]
    assert installed.get("registry/images", "team-b")["metadata"]["uid"] == before
    installed.helm("install", "registry-operator", CHART, "--namespace", NAMESPACE)
    assert installed.get("registry/images", "team-b")["metadata"]["uid"] == before


def test_an_upgrade_switches_between_the_modes(installed: Tools) -> None:
    """Nothing of the other mode's permissions may be left behind."""
    upgrade: list[str | Path] = ["upgrade", "registry-operator", CHART, "--namespace", NAMESPACE]
    installed.helm(*upgrade, "--set", "watchNamespaces={team-a,team-b}")
    bindings = installed.get("clusterrolebindings")["items"]
    assert "registry-operator" not in [one["metadata"]["name"] for one in bindings]
    assert installed.get("rolebinding/registry-operator", "team-b")["roleRef"]["name"] == "registry-operator"
    installed.helm(*upgrade, "--set", "watchNamespaces=null")
    assert installed.get("clusterrolebinding/registry-operator")
    assert not installed.get("rolebindings", "team-b")["items"]


def test_the_roles_of_the_cluster_reach_registries(installed: Tools) -> None:
    """As somebody with the cluster's own role in one namespace."""

    def may(role: str, verb: str, namespace: str) -> bool:
        asked = ["auth", "can-i", verb, "registries.teamregistry.io", "-n", namespace, "--as", f"{role}er"]
        return installed.kubectl(*asked, check=False).strip() == "yes"

    for role in ("view", "edit"):
        binding = ["create", "rolebinding", f"{role}er", f"--clusterrole={role}", f"--user={role}er", "-n", "team-a"]
        installed.kubectl(*binding, "--dry-run=client", "-o", "yaml")
        installed.kubectl("delete", "rolebinding", f"{role}er", "-n", "team-a", "--ignore-not-found")
        installed.kubectl(*binding)
    assert may("view", "get", "team-a")
    assert not may("view", "create", "team-a")
    assert may("edit", "create", "team-a")
    assert not may("edit", "get", "team-b")


@pytest.mark.parametrize("folder", ["manifests/cluster-wide", "manifests/namespaced"])
def test_the_manifests_are_accepted(installed: Tools, folder: str) -> None:
    said = installed.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-",
        stdin=yaml.safe_dump_all(kustomize(folder)),
    )  # fmt: skip
    assert "Warning" not in said


def test_the_operators_pod_is_admitted_where_only_restricted_ones_are(installed: Tools) -> None:
    """By the API server's own Pod Security admission, not only by our reading of it."""
    installed.kubectl("label", "namespace", "team-a", "pod-security.kubernetes.io/enforce=restricted", "--overwrite")
    template = of_kind(chart(), "Deployment")[0]["spec"]["template"]
    template["spec"]["serviceAccountName"] = "default"
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"]["name"] = "operator"
    installed.kubectl("create", "-n", "team-a", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    pod["spec"]["hostNetwork"] = True
    refused = installed.kubectl(
        "create", "-n", "team-a", "--dry-run=server", "-f", "-", stdin=json.dumps(pod), check=False
    )
    assert 'violates PodSecurity "restricted' in refused
