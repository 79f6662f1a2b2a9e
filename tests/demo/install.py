"""Installs the operator from its chart, as the documentation says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.cluster.kubectl import helm_path
from tests.cluster.machine import REPOSITORY
from tests.cluster.shell import run

OPERATOR = "registry-operator"


def options(settings: Iterable[str]) -> list[str]:
    """What stands after the chart's name; `settings` are `key=value`."""
    chosen = (word for setting in settings for word in ("--set", setting))
    return ["--namespace", OPERATOR, "--create-namespace", *chosen]


def install(kubeconfig: Path, settings: Iterable[str]) -> None:
    """Install or upgrade, and wait until the operator is ready."""
    chart = str(REPOSITORY / "charts" / OPERATOR)
    run(
        str(helm_path()), f"--kubeconfig={kubeconfig}", "upgrade", "--install", OPERATOR, chart,
        *options(settings), "--wait", "--timeout=3m", timeout=240,
    )  # fmt: skip
