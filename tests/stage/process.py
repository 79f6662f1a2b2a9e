"""The operator as its own process, as a pod would run it: started, asked whether it is ready, ended or killed."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import yaml

from tests.ports import free_port

from .waiting import eventually

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "operator"
COMMAND = (sys.executable, "-m", "registry_operator")
UNHANDLED = "Traceback (most recent call last)"


class Operator:
    """One operator process after the other, with the same settings and one log."""

    def __init__(
        self,
        kubeconfig: Path,
        folder: Path,
        settings: Mapping[str, str],
        *,
        command: tuple[str, ...] = COMMAND,
        source: Path = SOURCE,
    ) -> None:
        """`source`: the folder with the package, for an operator that is not the one of this repository."""
        folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / "operator.log"
        self.health_port, self.metrics_port = free_port(), free_port()
        self._command = command
        self._environment = _environment(kubeconfig, source) | {
            f"REGISTRY_OPERATOR_{name}": value
            for name, value in {
                "LEADER_ELECTION": "Disabled",
                "HEALTH_PORT": str(self.health_port),
                "METRICS_PORT": str(self.metrics_port),
                **settings,
            }.items()
        }
        self._process: subprocess.Popen[bytes] | None = None

    # ---------------------------------------------------------------- life
    def start(self, *, wait: bool = True) -> Self:
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        eventually(self.ready, "the operator's readiness", seen=self.tail)

    def stop(self) -> int:
        """SIGTERM, as kubelet does it; the exit code. Killed where it takes more than the grace period."""
        process = self._running()
        process.terminate()
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the operator did not end within 30 s of SIGTERM\n{self.tail()}") from None
        finally:
            self._process = None

    def kill(self) -> None:
        """SIGKILL: what a crash, the OOM killer or a lost node look like."""
        process = self._running()
        process.kill()
        process.wait()
        self._process = None

    def crash(self) -> None:
        """SIGKILL without waiting for its effect; nothing where it is gone already."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def end(self) -> None:
        """Whatever state it is in, it is gone afterwards."""
        if self.alive:
            self.stop()

    def restart(self) -> Self:
        self.end()
        return self.start()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._running().pid

    def exited(self) -> int | None:
        """The exit code of a process that ended by itself."""
        return self._process.poll() if self._process else None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise AssertionError("the operator was not started")
        return self._process

    # ---------------------------------------------------------------- what it says
    def ready(self) -> bool:
        """What its readiness probe gets; fails where the process is gone, instead of waiting in vain."""
        if (code := self.exited()) is not None:
            raise RuntimeError(f"the operator exited with {code}\n{self.tail()}")
        return self.http("/readyz")[0] == 200

    def http(self, path: str, *, metrics: bool = False) -> tuple[int, str]:
        """Status and text of one of its pages; 0 where nothing answers."""
        port = self.metrics_port if metrics else self.health_port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log().splitlines()[-lines:])

    def unhandled(self) -> list[str]:
        """Log lines that tell of exceptions nobody expected."""
        return [line[:2000] for line in self.log().splitlines() if UNHANDLED in line]


def plain_kubeconfig(path: Path, server: str) -> Path:
    """A kubeconfig without credentials, for the proxy's plain address."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "stage",
                "clusters": [{"name": "stage", "cluster": {"server": server}}],
                "users": [{"name": "stage", "user": {}}],
                "contexts": [{"name": "stage", "context": {"cluster": "stage", "user": "stage"}}],
            }
        )
    )
    return path


def _environment(kubeconfig: Path, source: Path) -> dict[str, str]:
    """Nothing of the caller's settings; coverage where the tests themselves are measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_OPERATOR_", "KUBE"))}
    kept |= {"KUBECONFIG": str(kubeconfig), "PYTHONPATH": f"{source}{os.pathsep}{ROOT}"}
    if _measured():
        kept["COVERAGE_PROCESS_START"] = str(ROOT / "pyproject.toml")
    return kept


def _measured() -> bool:
    """Whether coverage is at work in this process."""
    coverage = sys.modules.get("coverage")
    return coverage is not None and coverage.Coverage.current() is not None
