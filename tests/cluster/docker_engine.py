"""A private, real Docker engine: what a person has on a laptop, without touching the one that may be there.

It runs in namespaces of its own (own /etc/docker, /etc/hosts and /run) on the host's network, from where it reaches
the Services of a local cluster by their addresses, as any outside client would. Never reach a registry over loopback in
a test of trust: the engine checks no certificate there.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.cluster import cgroups, machine, packages, preconditions, trust
from tests.cluster.errors import ClusterError
from tests.cluster.layout import Layout
from tests.cluster.local import NAME
from tests.cluster.plan import Plan, Process
from tests.cluster.shell import Result, run, wait_until

ROOT = Path("/var/lib/registry-operator-engines")
SETTINGS = Path("/etc/docker")  # compiled into the engine; a folder of ours is mounted over it


class DockerEngine:
    """An engine, known by its name."""

    def __init__(self, name: str = "default") -> None:
        if not NAME.fullmatch(name):
            raise ClusterError(f"{name!r} is no name for an engine: use at most 32 of a-z, 0-9 and -")
        self.layout = Layout(ROOT / name)

    @property
    def environment(self) -> dict[str, str]:
        """What a docker client needs to talk to this engine, with a log-in store of its own."""
        return {
            "DOCKER_HOST": f"unix://{self.layout.folder}/docker.sock",
            "DOCKER_CONFIG": f"{self.layout.folder}/client",
        }

    def up(self) -> None:
        """Start the engine; keep one that runs."""
        preconditions.check_system()
        packages.require(packages.CLIENTS)
        if machine.pid(self.layout) is not None and self._answers():
            return
        self.down()
        self._write()
        cgroups.create(self.layout.cgroup)
        try:
            machine.start(self.layout, network=False)
            hint = f"see {self.layout.logs}/dockerd.log"
            wait_until("the Docker engine", self._answers, seconds=60, hint=hint, pause=0.1)
        except BaseException:
            self._stop()
            raise

    def down(self) -> None:
        """End it and delete its images, containers and log-ins."""
        if not self.layout.folder.exists():
            return
        self._stop()
        shutil.rmtree(self.layout.folder)
        for folder in (ROOT, SETTINGS):
            with contextlib.suppress(OSError):  # others are there
                folder.rmdir()

    def trust(self, host: str, ca: str) -> None:
        """Trust a registry's CA, without a restart."""
        trust.docker(self.layout.folder / "etc-docker" / "certs.d", host, ca)

    def name_host(self, host: str, address: str) -> None:
        """Let the engine find a registry by a name that only the cluster's DNS knows."""
        trust.name_host(self.layout.hosts, host, address)

    def docker(self, *argv: str, input: str | None = None, check: bool = True, timeout: float = 120) -> Result:
        """Run the docker client against this engine."""
        return run("docker", *argv, input=input, check=check, timeout=timeout, env=self.environment)

    def login(self, host: str, username: str, password: str, *, check: bool = True) -> Result:
        return self.docker("login", "--username", username, "--password-stdin", host, input=password, check=check)

    def load(self, archive: Path) -> None:
        self.docker("load", "--quiet", "--input", str(archive))

    def _answers(self) -> bool:
        return not self.docker("version", check=False).returncode

    def _write(self) -> None:
        folder = self.layout.folder
        for name in ("logs", "client", "etc-docker/certs.d"):
            (folder / name).mkdir(parents=True)
        SETTINGS.mkdir(exist_ok=True)
        (folder / "daemon.json").write_text("{}")
        self.layout.hosts.write_text(Path("/etc/hosts").read_text())
        self.layout.resolv_conf.write_text(Path("/etc/resolv.conf").read_text())
        argv = [
            "dockerd",
            f"--config-file={folder}/daemon.json",
            f"--data-root={folder}/data",
            f"--exec-root={folder}/exec",
            f"--pidfile={folder}/dockerd.pid",
            f"--host=unix://{folder}/docker.sock",
            f"--cgroup-parent=/{self.layout.cgroup}",
            "--exec-opt=native.cgroupdriver=cgroupfs",
            "--group=root",
            "--bridge=none",  # nothing of the host's network is changed
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
        ]
        plan = Plan(
            folder=str(folder),
            hostname="docker",
            mounts={str(SETTINGS): f"{folder}/etc-docker"},
            processes=[Process("dockerd", argv)],
        )
        plan.write(self.layout.plan)

    def _stop(self) -> None:
        machine.stop(self.layout)
        cgroups.remove(self.layout.cgroup)


@contextlib.contextmanager
def running(name: str) -> Iterator[DockerEngine]:
    """An engine for the length of a `with`."""
    engine = DockerEngine(name)
    engine.up()
    try:
        yield engine
    finally:
        engine.down()
