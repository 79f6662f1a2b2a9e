"""Runs programs: bounded in time, with errors that show what the program said.

Nothing here leaves a pipe or a `Popen` object behind: the tests turn ResourceWarnings into failures.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.cluster.errors import ClusterError

Result = subprocess.CompletedProcess[str]
Words = str | os.PathLike[str]


def run(
    *argv: Words,
    check: bool = True,
    input: str | None = None,
    timeout: float = 60,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Result:
    """Run to the end and return what was printed; a failure raises with the program's last words."""
    words = [os.fspath(word) for word in argv]
    try:
        result = subprocess.run(
            words,
            check=False,
            text=True,
            capture_output=True,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            timeout=timeout,
            env=None if env is None else {**os.environ, **env},
            cwd=cwd,
        )
    except FileNotFoundError as error:
        raise ClusterError(f"the program {words[0]} is missing on this machine: install it") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"no end within {timeout:.0f} s: {' '.join(words)}") from error
    if check and result.returncode:
        said = (result.stderr.strip() or result.stdout.strip())[-2000:]
        raise ClusterError(f"exit code {result.returncode}: {' '.join(words)}\n{said}")
    return result


def spawn(argv: Sequence[Words], log: Path, env: Mapping[str, str]) -> int:
    """Start a program that outlives this process, in a session of its own, and return its process id."""
    files = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    words = [os.fspath(word) for word in argv]
    return os.posix_spawnp(words[0], words, dict(env), file_actions=files, setsid=True)


def reap(pid: int) -> None:
    """Collect a child that has ended, when it is a child of this process at all."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def wait_until(
    what: str, probe: Callable[[], bool], *, seconds: float = 60, hint: str = "", pause: float = 0.05
) -> None:
    """Ask until the answer is yes; after the given time say what did not come and where to look."""
    end = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > end:
            raise ClusterError(f"{what}: not within {seconds:.0f} s{'; ' if hint else ''}{hint}")
        time.sleep(pause)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
