"""The CRDs of the Gateway API, as its Go module brings them: proxy and checksum database make the pin binding."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from tests.cluster.programs import SOURCES, go
from tests.cluster.shell import run

MODULE = "sigs.k8s.io/gateway-api"
VERSION = "v1.5.0"
"""The newest that the Go of `programs/go.mod` can read; TLSRoute is v1 since then."""
KINDS = ("httproutes", "tlsroutes", "backendtlspolicies")


@functools.cache
def crds() -> tuple[Path, ...]:
    """The files with the kinds that the operator writes; of the standard channel."""
    answer = run(go(), "mod", "download", "-json", f"{MODULE}@{VERSION}", cwd=SOURCES, timeout=300)
    folder = Path(json.loads(answer.stdout)["Dir"]) / "config" / "crd" / "standard"
    return tuple(folder / f"gateway.networking.k8s.io_{kind}.yaml" for kind in KINDS)
