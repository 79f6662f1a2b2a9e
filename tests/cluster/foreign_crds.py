"""CRDs of others that the operator writes objects of, as their Go modules bring them: proxy and checksum database make
the pins binding."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from tests.cluster.programs import SOURCES, go
from tests.cluster.shell import run


def gateway_api() -> tuple[Path, ...]:
    """Of the standard channel; the newest that the Go of `programs/go.mod` can read, since which TLSRoute is v1."""
    folder = _module("sigs.k8s.io/gateway-api", "v1.5.0") / "config" / "crd" / "standard"
    kinds = ("httproutes", "tlsroutes", "backendtlspolicies")
    return tuple(folder / f"gateway.networking.k8s.io_{kind}.yaml" for kind in kinds)


def prometheus_operator() -> tuple[Path, ...]:
    """What the operator and its chart use of the Prometheus operator."""
    folder = _module("github.com/prometheus-operator/prometheus-operator", "v0.85.0")
    kinds = ("podmonitors", "servicemonitors", "prometheusrules")
    return tuple(
        folder / "example" / "prometheus-operator-crd" / f"monitoring.coreos.com_{kind}.yaml" for kind in kinds
    )


@functools.cache
def _module(name: str, version: str) -> Path:
    answer = run(go(), "mod", "download", "-json", f"{name}@{version}", cwd=SOURCES, timeout=300)
    return Path(json.loads(answer.stdout)["Dir"])
