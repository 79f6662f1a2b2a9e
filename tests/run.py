"""Runs the stages of the tests one after the other and closes with one line that counts them all.

    python -m tests.run [check] [unit] [apiserver] [e2e]

A stage that fails does not keep the next one from running: one run tells all that is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.prepare import STAGES

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / ".junit"

# Stage → folders and the number of parallel workers. There is one node for all of e2e.
PYTEST: dict[str, tuple[list[str], int]] = {
    "unit": (["tests/unit", "tests/golden"], 2),
    "apiserver": (["tests/apiserver"], 2),
    "e2e": (["tests/e2e"], 1),
}

CHECKS: tuple[tuple[str, list[str]], ...] = (
    ("format", ["ruff", "format", "--check", "--quiet", "crds", "operator", "tests"]),
    ("lint", ["ruff", "check", "--quiet", "crds", "operator", "tests"]),
    ("types", ["mypy"]),
    ("layers", ["lint-imports", "--no-cache"]),
    ("dead code", ["vulture", "operator", "tests/whitelist.py", "--min-confidence", "60"]),
)


@dataclass
class Count:
    """How many tests passed, failed (errors included) and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: Count) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def tool(name: str) -> str:
    """The path of a tool of the environment that runs this file."""
    return str(Path(sys.executable).parent / name)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'operator'}{os.pathsep}{ROOT}"}


def check() -> Count:
    """Every static check; one that fails counts as a failed test."""
    count = Count()
    for name, command in CHECKS:
        done = subprocess.run(
            [tool(command[0]), *command[1:]], cwd=ROOT, env=environment(), text=True, capture_output=True
        )
        if done.returncode:
            print(f"check {name}: FAILED\n{done.stdout}{done.stderr}", flush=True)
            count.failed += 1
        else:
            print(f"check {name}: ok", flush=True)
            count.passed += 1
    return count


def counted(report: Path) -> Count:
    """The numbers of a JUnit report; a report that is missing is one failure."""
    if not report.exists():
        return Count(failed=1)
    suite = ElementTree.parse(report).getroot()[0].attrib
    failed = int(suite["failures"]) + int(suite["errors"])
    skipped = int(suite["skipped"])
    return Count(passed=int(suite["tests"]) - failed - skipped, failed=failed, skipped=skipped)


def pytest(stage: str) -> Count:
    """The tests of a stage; what they need and cannot get is one failure that says what to do."""
    try:
        STAGES[stage]()
    except ClusterError as error:
        print(f"error: {error}", flush=True)
        return Count(failed=1)
    folders, workers = PYTEST[stage]
    report = REPORTS / f"{stage}.xml"
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    present = [folder for folder in folders if (ROOT / folder).is_dir()]
    command = [sys.executable, "-m", "pytest", *present, f"--junitxml={report}", "-q", "--cov", "--cov-report="]
    if workers > 1:
        command += ["-n", str(workers), "--dist", "loadgroup"]
    measured = {**environment(), "COVERAGE_FILE": str(ROOT / f".coverage.{stage}")}  # each stage would erase the last
    code = subprocess.run(command, cwd=ROOT, env=measured).returncode
    count = counted(report)
    if code not in (0, 1) and not count.failed:
        count.failed += 1  # pytest itself failed: interrupted, usage, nothing collected
    return count


def coverage() -> None:
    """Put the stages' measurements together and print what is not covered."""
    subprocess.run([tool("coverage"), "combine", "--quiet"], cwd=ROOT, capture_output=True)
    subprocess.run([tool("coverage"), "report"], cwd=ROOT)


def main(stages: list[str]) -> int:
    unknown = [stage for stage in stages if stage != "check" and stage not in PYTEST]
    if unknown or not stages:
        print(__doc__, file=sys.stderr)
        return 2
    total = Count()
    for stage in stages:
        start = time.monotonic()
        print(f"\n=== {stage}", flush=True)
        count = check() if stage == "check" else pytest(stage)
        total.add(count)
        print(
            f"=== {stage}: {count.passed} passed, {count.failed} failed, {count.skipped} skipped "
            f"in {time.monotonic() - start:.0f} s",
            flush=True,
        )
    if any(stage != "check" for stage in stages):
        coverage()
    print(f"\n{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
