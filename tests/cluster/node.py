"""The node's first process (PID 1 of its own namespaces): sets the machine up, keeps its programs running, reaps.

    python -m tests.cluster.node PLAN.json

Started by `machine.py`. When it ends, the kernel ends every process, mount, route and firewall rule of the node with
it: that is why a cluster leaves nothing behind, and why this is an init and not a script that somebody must undo.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.plan import Network, Plan, Process

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)  # before the first, second … restart; the last one for good


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, timeout=30)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def set_up(plan: Plan) -> None:
    """Make the fresh namespaces a machine of its own."""
    _own_files(plan)
    socket.sethostname(plan.hostname)
    if plan.network:
        _own_network(plan.network)


def _own_files(plan: Plan) -> None:
    """Whatever programs write outside the cluster's folder must vanish with the node, or land in that folder."""
    _run("mount", "--make-rshared", "/")  # shared among the node's containers; the host is no part of it
    for folder in ("/run", "/var/log"):
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    for target, source in plan.mounts.items():
        _run("mount", "--bind", source, target)
    for name in ("hosts", "resolv.conf"):
        file = Path("/etc") / name
        if file.exists():
            _run("mount", "--bind", str(Path(plan.folder) / name), str(file.resolve()))


def _own_network(network: Network) -> None:
    _run("ip", "link", "set", "lo", "up")
    end = time.monotonic() + 30
    while f"{network.device}:" not in Path("/proc/self/net/dev").read_text():
        if time.monotonic() > end:
            sys.exit(f"the host did not give this node its network device {network.device}")
        time.sleep(0.01)
    _run("ip", "addr", "add", f"{network.address}/{network.prefix}", "dev", network.device)
    _run("ip", "link", "set", network.device, "up")
    _run("ip", "route", "add", "default", "via", network.gateway)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


@dataclass
class Kept:
    """A program and how it fares."""

    process: Process
    pid: int = 0
    starts: int = 0
    next_start: float = 0.0
    started: float = field(default=0.0)

    def due(self) -> bool:
        if self.pid or time.monotonic() < self.next_start:
            return False
        return not self.process.after or Path(self.process.after).exists()

    def start(self, logs: Path) -> None:
        files = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (
                os.POSIX_SPAWN_OPEN,
                1,
                str(logs / f"{self.process.name}.log"),
                os.O_WRONLY | os.O_CREAT | os.O_APPEND,
                0o644,
            ),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        env = {**os.environ, **self.process.env}
        self.pid = os.posix_spawnp(self.process.argv[0], self.process.argv, env, file_actions=files, setsid=True)
        self.starts += 1
        self.started = time.monotonic()
        if self.starts > 1:
            _say(f"{self.process.name} started again (start {self.starts})")

    def ended(self, status: int) -> None:
        code = os.waitstatus_to_exitcode(status)
        _say(f"{self.process.name} ended: " + (f"signal {-code}" if code < 0 else f"exit code {code}"))
        self.pid = 0
        if time.monotonic() - self.started > 30:
            self.starts = min(self.starts, 1)  # it ran well: the next end is a new story
        self.next_start = time.monotonic() + PAUSES[min(self.starts, len(PAUSES)) - 1]


def supervise(plan: Plan) -> None:
    """Start what is due, reap what has ended, for ever."""
    logs = Path(plan.folder) / "logs"
    kept = [Kept(process) for process in plan.processes]
    while True:
        for program in kept:
            if program.due():
                program.start(logs)
        while (ended := _reap()) is not None:
            pid, status = ended
            for program in kept:
                if program.pid == pid:
                    program.ended(status)
        time.sleep(0.05)


def _reap() -> tuple[int, int] | None:
    """One ended child: ours, or an orphan that the kernel gave to PID 1."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def main(plan_file: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # PID 1 has no default handlers
    plan = Plan.read(plan_file)
    os.chdir(plan.folder)
    set_up(plan)
    supervise(plan)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
