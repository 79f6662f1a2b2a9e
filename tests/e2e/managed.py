"""A Registry on the real node, as its users see it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry_operator.kube.kinds import DEPLOYMENT, POD, REGISTRY
from tests.cluster import images
from tests.cluster.kubectl import Kubectl
from tests.cluster.shell import Result, run
from tests.demo.client import Access, access
from tests.stage.kube import Kube, Object
from tests.stage.waiting import eventually

PATIENCE = 180.0  # kubelet brings a changed Secret within a minute or so


@dataclass(frozen=True)
class Managed:
    """One Registry of one namespace."""

    kube: Kube
    kubectl: Kubectl
    namespace: str
    name: str = "images"

    # ---------------------------------------------------------------- what its owner does
    def apply(self, spec: Object | None = None) -> Managed:
        body = {"metadata": {"namespace": self.namespace, "name": self.name}, "spec": spec or {}}
        self.kube.apply(REGISTRY, body)
        return self

    def delete(self) -> None:
        """Delete it and wait until its Deployment and pods are gone, too."""
        self.kube.delete(REGISTRY, self.namespace, self.name)
        eventually(lambda: self.kube.find(REGISTRY, self.namespace, self.name) is None, "its end", within=PATIENCE)
        eventually(lambda: not self.deployment(), "the end of its Deployment", within=PATIENCE)
        eventually(lambda: not self.pods(), "the end of its pods", within=PATIENCE)

    def evict(self) -> None:
        for pod in self.pods():
            self.kube.delete(POD, self.namespace, pod["metadata"]["name"], missing=True)

    # ---------------------------------------------------------------- what is there
    def get(self) -> Object:
        return self.kube.get(REGISTRY, self.namespace, self.name)

    def deployment(self) -> Object | None:
        return self.kube.find(DEPLOYMENT, self.namespace, self.name)

    def pods(self) -> list[Object]:
        return self.kube.list(POD, self.namespace, selector=f"teamregistry.io/registry={self.name}")

    def conditions(self) -> dict[str, tuple[str, str, str]]:
        """Status, reason and message of each condition that is about the present spec."""
        found = self.get()
        return {
            each["type"]: (each["status"], each["reason"], each["message"])
            for each in found.get("status", {}).get("conditions", [])
            if each["observedGeneration"] == found["metadata"]["generation"]
        }

    def wait(self, condition: str, status: str, reason: str | None = None) -> None:
        def holds() -> bool:
            found = self.conditions().get(condition)
            return found is not None and found[0] == status and reason in (None, found[1])

        wish = f"{self.namespace}/{self.name}: {condition}={status} {reason or ''}"
        eventually(holds, wish, within=PATIENCE, seen=self.conditions)

    def ready(self) -> Managed:
        """Wait until it is ready and nothing is left to do."""
        self.wait("Reconciling", "False")
        self.wait("Ready", "True")
        return self

    def access(self) -> Access:
        return access(self.kubectl, self.namespace, self.name)

    # ---------------------------------------------------------------- what a client does, by the Service's address
    def skopeo(self, *argv: str, check: bool = True, account: tuple[str, str] | None = None) -> Result:
        """`{}` in an argument stands for the registry's address; the CA is the one that the Registry publishes."""
        reached = self.access()
        user, password = account or (reached.username, reached.password)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "ca.crt").write_text(reached.ca)
            verb, *rest = (word.replace("{}", reached.address) for word in argv)
            side = {"copy-to": "--dest-", "copy-from": "--src-"}.get(verb, "--")
            trusted = [f"{side}cert-dir={folder}", f"{side}creds={user}:{password}"]
            return run("skopeo", verb.partition("-")[0], *trusted, *rest, check=check, timeout=120)

    def push(self, what: str, *, check: bool = True, account: tuple[str, str] | None = None) -> Result:
        archive = images.archive("client")
        return self.skopeo(
            "copy-to", f"docker-archive:{archive}", f"docker://{{}}/{what}", check=check, account=account
        )

    def digest(self, what: str, *, check: bool = True, account: tuple[str, str] | None = None) -> Any:
        """The digest of an image; None if the registry does not let it be seen."""
        found = self.skopeo("inspect", "--format={{.Digest}}", f"docker://{{}}/{what}", check=check, account=account)
        return found.stdout.strip() if not found.returncode else None

    def admits(self, user: str, password: str) -> bool:
        """Whether the account may see the image hello:1, which must be there."""
        return self.digest("hello:1", check=False, account=(user, password)) is not None
