"""A Docker client that reaches the Registry: which engine it uses, and by which name it calls the registry."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.choose import Cluster
from tests.cluster.docker_engine import DockerEngine
from tests.cluster.errors import ClusterError
from tests.cluster.kubectl import Kubectl, kubectl_path
from tests.cluster.local import LocalCluster
from tests.cluster.shell import Result, reap, run, spawn, wait_until

ENGINE = "demo"


@dataclass(frozen=True)
class Access:
    """What the Registry says about itself: the contents of its admin Secret and where its Service is."""

    host: str
    address: str
    username: str
    password: str
    ca: str


@dataclass(frozen=True)
class Client:
    """docker, with the environment that it needs and the registry's name as it sees it."""

    host: str
    environment: dict[str, str] = field(default_factory=dict)

    def docker(self, *argv: str, input: str | None = None) -> Result:
        return run("docker", *argv, input=input, env=self.environment, timeout=300)

    def exports(self) -> list[str]:
        return [f"export {name}={value}" for name, value in self.environment.items()]


@contextlib.contextmanager
def client(cluster: Cluster, access: Access, namespace: str, service: str) -> Iterator[Client]:
    """For a local cluster an engine of our own, which stays until `down`; else the user's engine through a tunnel."""
    if isinstance(cluster, LocalCluster):
        engine = DockerEngine(ENGINE)
        engine.up()
        engine.name_host(access.host, access.address)
        engine.trust(access.host, access.ca)
        yield Client(access.host, engine.environment)
        return
    with tempfile.TemporaryDirectory() as folder, _tunnel(cluster.kubeconfig, namespace, service, Path(folder)) as port:
        yield Client(f"localhost:{port}", {"DOCKER_CONFIG": f"{folder}/client"})


@contextlib.contextmanager
def _tunnel(kubeconfig: Path, namespace: str, service: str, folder: Path) -> Iterator[str]:
    """`kubectl port-forward`; Docker needs no certificate for a registry on localhost."""
    log = folder / "port-forward.log"
    argv = [
        str(kubectl_path()), f"--kubeconfig={kubeconfig}", f"--namespace={namespace}",
        "port-forward", f"service/{service}", ":443",
    ]  # fmt: skip
    process = spawn(argv, log, dict(os.environ))
    try:
        found: list[str] = []

        def forwarded() -> bool:
            found[:] = re.findall(r"127\.0\.0\.1:(\d+)", log.read_text())
            return bool(found)

        wait_until("the tunnel to the registry", forwarded, seconds=30)
        yield found[0]
    finally:
        os.kill(process, 15)
        time.sleep(0.2)
        reap(process)


def access(kubectl: Kubectl, namespace: str, name: str) -> Access:
    """Read the Secret that the operator made, and the Service's address."""
    secret = kubectl.get("secret", f"{name}-admin", f"--namespace={namespace}")
    values = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    missing = {"registry", "username", "password", "ca.crt"} - values.keys()
    if missing:
        raise ClusterError(f"the Secret {name}-admin lacks {', '.join(sorted(missing))}")
    service = kubectl.get("service", name, f"--namespace={namespace}")
    return Access(
        values["registry"], service["spec"]["clusterIP"], values["username"], values["password"], values["ca.crt"]
    )
