"""CPU time and memory of processes, from /proc."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "cert-manager")


def cpu_seconds(pid: int) -> float:
    """What the process has used, in user and system mode; 0 of one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mib(pid: int) -> dict[str, float]:
    """Resident memory now, and the most there ever was."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    found = dict(line.split(":", 1) for line in lines)
    names = {"rss_mib": "VmRSS", "peak_mib": "VmHWM"}
    return {ours: round(int(found[theirs].split()[0]) / 1024, 1) for ours, theirs in names.items() if theirs in found}


def control_plane(first: int) -> dict[str, int]:
    """The programs of the node whose first process this is: name → process id."""
    found = {}
    for child in Path(f"/proc/{first}/task/{first}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        for program in _PROGRAMS:
            if program in words or words[0].endswith(f"/{program}"):
                found[program] = int(child)
    return found


class Stopwatch:
    """Wall time, and the CPU time that named processes used meanwhile."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = dict(processes)
        self._used = {name: cpu_seconds(pid) for name, pid in self._processes.items()}
        self._since = time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._since, 2)

    def cpu(self) -> dict[str, float]:
        return {name: round(cpu_seconds(pid) - self._used[name], 2) for name, pid in self._processes.items()}


def machine() -> dict[str, str | int | float]:
    """What the figures depend on most."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    return {
        "cpus": os.cpu_count() or 0,
        "cpu": model,
        "memory_gib": round(memory, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }
