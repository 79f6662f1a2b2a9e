"""Starts, reaches and ends the namespaces that are a node."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.layout import Layout
from tests.cluster.shell import reap, spawn, tail, wait_until

REPOSITORY = Path(__file__).parent.parent.parent
NAMESPACES = ("--pid", "--mount-proc", "--mount", "--uts", "--ipc")


def _birth(pid: int) -> str:
    """When a process started, in ticks: with it, a process id is never mistaken for a later owner of the number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def start(layout: Layout, *, network: bool = True) -> int:
    """Start the node's first process and return its process id on the host."""
    argv = [
        "unshare",
        "--fork",
        "--kill-child",
        *NAMESPACES,
        *(["--net"] if network else []),
        sys.executable,
        "-m",
        "tests.cluster.node",
        str(layout.plan),
    ]
    env = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": str(REPOSITORY),
        "HOME": str(layout.folder),
        "LANG": "C.UTF-8",
    }
    log = layout.logs / "node.log"
    outer = spawn(argv, log, env)
    children = Path(f"/proc/{outer}/task/{outer}/children")

    def child() -> str:
        with contextlib.suppress(OSError):
            return children.read_text().split(" ")[0].strip()
        reap(outer)
        raise ClusterError(f"the node's namespaces did not start ({log}):\n{tail(log)}")

    wait_until("the node's first process", lambda: bool(child()), seconds=10, hint=f"see {log}")
    inner = int(child())
    layout.pid.write_text(f"{inner} {_birth(inner)} {outer} {_birth(outer)}")
    return inner


def _recorded(layout: Layout) -> list[tuple[int, str]]:
    try:
        words = layout.pid.read_text().split()
        return [(int(words[0]), words[1]), (int(words[2]), words[3])]
    except (FileNotFoundError, ValueError, IndexError):
        return []


def pid(layout: Layout) -> int | None:
    """The running node's first process, or None."""
    for number, birth in _recorded(layout)[:1]:
        if birth and _birth(number) == birth:
            return number
    return None


def stop(layout: Layout) -> None:
    """End the node's first process; the kernel ends the rest. Returns when nothing of it is left."""
    recorded = _recorded(layout)
    for number, birth in recorded[:1]:
        if birth and _birth(number) == birth:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    def gone() -> bool:
        for number, _ in recorded:
            reap(number)
        return not any(birth and _birth(number) == birth and not _zombie(number) for number, birth in recorded)

    wait_until("the end of the node's processes", gone, seconds=60, hint=f"process ids: {recorded}")


def _zombie(number: int) -> bool:
    """An ended process whose parent has not noticed: as good as gone."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def inside(layout: Layout, *argv: str) -> list[str]:
    """The command line that runs something on the node."""
    number = pid(layout)
    if number is None:
        raise ClusterError("this cluster is not running: `python -m tests.cluster up` starts it")
    return ["nsenter", "--target", str(number), "--all", "--", *argv]
