"""As much of a client of the API server as bringing a cluster up needs: is it ready, does this object say that."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from tests.cluster.addresses import Addresses
from tests.cluster.kubectl import kubectl_path
from tests.cluster.layout import Layout
from tests.cluster.shell import run


class Api:
    """GET by path; a connection that fails is an answer of status 0."""

    def __init__(self, layout: Layout, addresses: Addresses) -> None:
        self._node = addresses.node
        self._context = ssl.create_default_context(cafile=layout.pki / "ca.crt")
        self._context.load_cert_chain(layout.pki / "apiserver-client.crt", layout.pki / "apiserver-client.key")

    def get(self, path: str) -> tuple[int, Any]:
        connection = http.client.HTTPSConnection(self._node, 6443, timeout=5, context=self._context)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()
        try:
            return answer.status, json.loads(body)
        except ValueError:
            return answer.status, None

    def ready(self) -> bool:
        return self.get("/readyz")[0] == 200


def apply(layout: Layout, *, files: list[str] | None = None, objects: list[dict[str, Any]] | None = None) -> None:
    """Server-side apply of files or of objects."""
    sources = [word for file in files or [] for word in ("-f", file)] or ["-f", "-"]
    items = None if files else json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    run(
        str(kubectl_path()), f"--kubeconfig={layout.kubeconfig}", f"--cache-dir={layout.folder}/kubectl-cache",
        "apply", "--server-side", "--force-conflicts", "--field-manager=test-cluster", *sources,
        input=items, timeout=120,
    )  # fmt: skip
