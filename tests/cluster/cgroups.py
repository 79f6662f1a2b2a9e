"""The control group of a cluster, under which kubelet puts its pods: made before the start, removed after the end."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from tests.cluster.errors import ClusterError

TREE = Path("/sys/fs/cgroup")


def _hierarchies() -> list[Path]:
    """One for each controller on cgroup v1 (and in hybrid mode one without controllers), a single one on v2."""
    if (TREE / "cgroup.controllers").exists():
        return [TREE]
    return [path for path in TREE.iterdir() if path.is_dir() and not path.is_symlink()]


def create(name: str) -> None:
    for hierarchy in _hierarchies():
        group = hierarchy / name
        try:
            group.mkdir(exist_ok=True)
            _inherit(hierarchy, group)
        except OSError as error:
            raise ClusterError(
                f"cannot make the control group {group}: {error}; is /sys/fs/cgroup writable?"
            ) from error


def _inherit(hierarchy: Path, group: Path) -> None:
    """Let the group control what its parent does: by name on v2; on v1 by copying, for a new cpuset is empty."""
    controllers = hierarchy / "cgroup.controllers"
    if controllers.exists() and controllers.read_text().strip():
        wanted = " ".join(f"+{controller}" for controller in controllers.read_text().split())
        for parent in (hierarchy, group):
            (parent / "cgroup.subtree_control").write_text(wanted)
    for setting in ("cpuset.cpus", "cpuset.mems"):
        source, target = hierarchy / setting, group / setting
        if source.exists() and target.exists() and not target.read_text().strip():
            target.write_text(source.read_text())


def remove(name: str) -> None:
    """Remove the groups, deepest first; the kernel takes a moment to see that the last process has gone."""
    for hierarchy in _hierarchies():
        group = hierarchy / name
        end = time.monotonic() + 10
        while group.exists() and time.monotonic() < end:
            for path in sorted(group.glob("**/"), key=lambda path: -len(path.parts)):
                with contextlib.suppress(OSError):
                    path.rmdir()
            if group.exists():
                time.sleep(0.1)
