"""What stands between a user and the API: specs go in by three ways, and come back or are refused."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry_operator.kube.kinds import REGISTRY
from tests.cluster.kubectl import kubectl_path
from tests.stage.kube import ApiFailure, Kube, Object

SCALARS: Object = {
    "version": "2",
    "replicas": 1,
    "rollout": "Recreate",
    "access": "ReadWrite",
    "reconciliation": "Active",
}
"""What is stored of an empty spec."""


class Refused(Exception):
    """The API server's or kubectl's words."""


@dataclass(frozen=True)
class Door:
    kube: Kube
    kubeconfig: Path
    namespace: str

    def check(self, spec: Object, *, name: str = "images") -> Object:
        """The spec as it would be stored."""
        return self._apply(spec, name, dry_run=True)

    def apply(self, spec: Object, *, name: str = "images", manager: str = "user") -> Object:
        """Server-side apply with force, as GitOps tools do it."""
        return self._apply(spec, name, manager=manager)

    def kubectl(self, spec: Object, *, name: str, server_side: bool = False) -> Object:
        """`kubectl apply`, by the client or by the server, without force."""
        document = {
            "apiVersion": REGISTRY.api_version,
            "kind": REGISTRY.kind,
            "metadata": self._metadata(name),
            "spec": spec,
        }
        flags = ["--server-side"] if server_side else []
        done = subprocess.run(
            [kubectl_path(), f"--kubeconfig={self.kubeconfig}", "apply", *flags, "--filename=-", "--output=json"],
            input=json.dumps(document),
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode:
            raise Refused(done.stderr)
        stored: Object = json.loads(done.stdout)["spec"]
        return stored

    def stored(self, name: str) -> Object:
        spec: Object = self.kube.get(REGISTRY, self.namespace, name)["spec"]
        return spec

    @contextlib.contextmanager
    def registry(self, spec: Object, *, name: str = "images") -> Iterator[None]:
        """A stored Registry, for what is asked of changes."""
        self.apply(spec, name=name)
        try:
            yield
        finally:
            self.delete(name)

    def delete(self, name: str) -> None:
        self.kube.delete(REGISTRY, self.namespace, name, missing=True)

    def _apply(self, spec: Object, name: str, **options: Any) -> Object:
        try:
            answer = self.kube.apply(REGISTRY, {"metadata": self._metadata(name), "spec": spec}, **options)
        except ApiFailure as failure:
            raise Refused(failure.message) from failure
        stored: Object = answer["spec"]
        return stored

    def _metadata(self, name: str) -> Object:
        return {"namespace": self.namespace, "name": name}


def nested(path: str, value: Any) -> Object:
    """{"a": {"b": value}} of "a.b"."""
    for part in reversed(path.split(".")):
        value = {part: value}
    result: Object = value
    return result
