"""The real registry program as a process on a loopback port: what the operator knows of it is held against it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from registry_operator.registry import config
from tests.cluster import packages
from tests.cluster.programs import program
from tests.ports import free_port

LINES: tuple[config.Line, ...] = ("2", "3")
LOOPBACK = "127.0.0.1"
START_SECONDS = 20


@dataclass
class Running:
    """A started registry; `log` is what it wrote so far."""

    port: int
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def wait_for_log(self, text: str) -> None:
        """An access is logged after it was answered."""
        end = time.monotonic() + START_SECONDS
        while text not in self.log:
            if time.monotonic() > end:
                pytest.fail(f"the registry never logs {text!r}:\n{self.log}")
            time.sleep(0.02)


def binary(line: config.Line) -> str:
    """The program of a line: Debian's package, and the build that the tests' cluster uses."""
    if line == "3":
        return str(program("registry"))
    packages.require(packages.REGISTRY)
    return str(packages.find("docker-registry"))


@contextmanager
def running(options: config.Options, folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """The registry with these options, on a port of its own; a volume is one of its own, too. Killed at the end."""
    port = free_port()
    storage = config.filesystem(str(folder / "data")) if "filesystem" in options.storage else options.storage
    text = config.render(replace(options, port=port, storage=storage))
    with started(options.line, text, folder, port, env) as result:
        yield result


@contextmanager
def started(
    line: config.Line, text: str, folder: Path, port: int, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """The registry with this configuration file, which lets it listen on the port; killed at the end."""
    path, log_file = folder / "config.yml", folder / "registry.log"
    path.write_text(text)
    command = [binary(line), "serve", str(path)]
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={"OTEL_TRACES_EXPORTER": "none", **(env or {})})
    try:
        result = Running(port, process, log_file)
        listening(result, port)
        yield result
    finally:
        process.kill()
        process.wait(10)


def listening(registry: Running, port: int) -> None:
    """Wait for a port of the registry: it opens that of the metrics beside its own, in no order."""
    end = time.monotonic() + START_SECONDS
    while registry.process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"the registry does not listen (exit code {registry.process.poll()}):\n{registry.log}")
