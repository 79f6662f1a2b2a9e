"""The rest of the cluster in a process of its own: what it costs must not be counted to anybody else.

    python -m tests.bench.players KUBECONFIG FOLDER

Tells the address of the stub registry on its first line, plays until its input ends.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.stage.stage import Stage

ROOT = Path(__file__).parents[2]


class Players:
    """`with` starts the process; `resolver` is where the operator's probes go."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self._command = [sys.executable, "-m", "tests.bench.players", str(kubeconfig), str(folder)]
        self._log = folder / "players.log"

    def __enter__(self) -> Players:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        self.resolver = self._process.stdout.readline().strip()
        if not self.resolver:
            raise RuntimeError(f"the players did not start: {self._log.read_text()[-2000:]}")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid


def main(kubeconfig: str, folder: str) -> None:
    with Stage(Path(kubeconfig), Path(folder)) as stage:
        print(stage.resolver, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
