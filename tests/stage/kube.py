"""A small synchronous API client for drivers and oracles.

Not the product's own client, on purpose: an oracle that reads through the code under test would share its mistakes.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

from registry_operator.kube.kinds import Kind

Object = dict[str, Any]

PERSISTENT_VOLUME = Kind("v1", "PersistentVolume", "persistentvolumes", namespaced=False)
STORAGE_CLASS = Kind("storage.k8s.io/v1", "StorageClass", "storageclasses", namespaced=False)
RESOURCE_QUOTA = Kind("v1", "ResourceQuota", "resourcequotas")
LIMIT_RANGE = Kind("v1", "LimitRange", "limitranges")
CUSTOM_RESOURCE_DEFINITION = Kind(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
VALIDATING_ADMISSION_POLICY = Kind(
    "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", namespaced=False
)
VALIDATING_ADMISSION_POLICY_BINDING = Kind(
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
    namespaced=False,
)
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
CLUSTER_ROLE = Kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING = Kind(
    "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False
)
_OF_FILES = {
    kind.kind: kind for kind in (CUSTOM_RESOURCE_DEFINITION, ROLE, ROLE_BINDING, CLUSTER_ROLE, CLUSTER_ROLE_BINDING)
}

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
_IDLE = 20.0  # a connection unused for longer is made anew: the server may have closed it meanwhile


class ApiFailure(Exception):
    """An answer of 400 or above."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.reason = str(document.get("reason", ""))
        self.message = str(document.get("message", ""))
        super().__init__(f"{status} {self.reason}: {self.message}")


class Kube:
    """Requests as whoever the kubeconfig names (client certificate or token)."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        self.cluster: Object = config["clusters"][0]["cluster"]
        self.user: Object = config["users"][0]["user"] if config.get("users") else {}
        self.server = urlsplit(self.cluster["server"])
        self.context = client_context(self.cluster, self.user) if self.server.scheme == "https" else None
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        """End every thread's connection."""
        while self._connections:
            self._connections.pop().close()

    # ---------------------------------------------------------------- verbs
    def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        return self.request("GET", kind.path(namespace, name))

    def find(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """The object, or None where there is none."""
        try:
            return self.get(kind, namespace, name)
        except ApiFailure as failure:
            if failure.status == 404:
                return None
            raise

    def list(self, kind: Kind, namespace: str | None, *, selector: str = "") -> list[Object]:
        query = {"labelSelector": selector} if selector else {}
        items: list[Object] = self.request("GET", kind.path(namespace), query=query)["items"]
        return items

    def serves(self, kind: Kind) -> bool:
        """Whether the API has the kind (yet)."""
        try:
            self.list(kind, None)
        except ApiFailure as failure:
            if failure.status in (404, 429):  # 429: the API of a fresh CRD is being set up
                return False
            raise
        return True

    def create(self, kind: Kind, document: Object) -> Object:
        return self.request("POST", kind.path(document["metadata"].get("namespace")), _typed(kind, document))

    def apply(self, kind: Kind, document: Object, *, manager: str = "user", dry_run: bool = False) -> Object:
        """Server-side apply, as a user's `kubectl apply --server-side` does it."""
        meta = document["metadata"]
        query = {"fieldManager": manager, "force": "true"} | ({"dryRun": "All"} if dry_run else {})
        path = kind.path(meta.get("namespace"), meta["name"])
        return self.request("PATCH", path, _typed(kind, document), content_type=APPLY, query=query)

    def apply_file(self, text: str) -> None:
        """Apply the documents of a YAML file (of the kinds that an installation is made of)."""
        for document in filter(None, yaml.safe_load_all(text)):  # one that is all comment is none
            self.apply(_OF_FILES[document["kind"]], document, manager="installer")

    def patch(
        self, kind: Kind, namespace: str | None, name: str, change: Object, *, subresource: str | None = None
    ) -> Object:
        """A merge patch."""
        return self.request("PATCH", kind.path(namespace, name, subresource), change, content_type=MERGE)

    def delete(
        self, kind: Kind, namespace: str | None, name: str, *, cascade: str = "Background", missing: bool = False
    ) -> None:
        """Ask for deletion; `missing` says that an object that is gone already is fine."""
        try:
            self.request("DELETE", kind.path(namespace, name), {"propagationPolicy": cascade})
        except ApiFailure as failure:
            if not (missing and failure.status == 404):
                raise

    # ---------------------------------------------------------------- the wire
    def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Object:
        target = f"{self.server.path.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json"}
        if "token" in self.user:
            headers["Authorization"] = f"Bearer {self.user['token']}"
        if body is not None:
            headers["Content-Type"] = content_type
        connection = self._connection()
        try:
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            document = _document(answer.read())
        except BaseException:
            connection.close()
            self._local.used = 0.0
            raise
        self._local.used = time.monotonic()
        if answer.status >= 400:
            raise ApiFailure(answer.status, document)
        return document

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's connection."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None and time.monotonic() - self._local.used < _IDLE:
            return connection
        if connection is not None:
            connection.close()
            self._connections.remove(connection)
        host, port = self.server.hostname or "", self.server.port or (443 if self.context else 80)
        if self.context:
            connection = http.client.HTTPSConnection(host, port, context=self.context, timeout=60)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=60)
        self._local.connection, self._local.used = connection, time.monotonic()
        self._connections.append(connection)
        return connection


def client_context(cluster: Object, user: Object) -> ssl.SSLContext:
    """TLS as the kubeconfig wants it; the certificate may stand in the file or beside it."""
    authority = _pem(cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority) if authority else ssl.create_default_context()
    certificate = _pem(user, "client-certificate")
    if certificate:
        with tempfile.TemporaryDirectory() as folder:
            pair = Path(folder, "pair.pem")
            pair.touch(mode=0o600)
            pair.write_text(certificate + _pem(user, "client-key"))
            context.load_cert_chain(pair)
    return context


def _pem(section: Object, field: str) -> str:
    if f"{field}-data" in section:
        return base64.b64decode(section[f"{field}-data"]).decode()
    return Path(section[field]).read_text() if field in section else ""


def _typed(kind: Kind, document: Object) -> Object:
    return {"apiVersion": kind.api_version, "kind": kind.kind, **document}


def _document(raw: bytes) -> Object:
    try:
        document: Object = json.loads(raw)
    except ValueError:
        return {"message": raw.decode(errors="replace")[:500]}
    return document
