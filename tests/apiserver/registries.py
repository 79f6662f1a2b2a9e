"""A Registry as a test drives and watches it."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass
from typing import Any

from registry_operator.kube.kinds import (
    AUTOSCALER,
    BACKEND_TLS_POLICY,
    CERTIFICATE,
    CONFIG_MAP,
    DEPLOYMENT,
    HTTP_ROUTE,
    INGRESS,
    ISSUER,
    NETWORK_POLICY,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    POD_DISRUPTION_BUDGET,
    POD_MONITOR,
    REGISTRY,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    TLS_ROUTE,
    Kind,
)
from tests.stage.container import Container
from tests.stage.kube import Object
from tests.stage.stage import Stage
from tests.stage.waiting import eventually

Child = tuple[Kind, str]
CHILD_KINDS = (
    DEPLOYMENT,
    SERVICE,
    SERVICE_ACCOUNT,
    PERSISTENT_VOLUME_CLAIM,
    SECRET,
    CONFIG_MAP,
    NETWORK_POLICY,
    POD_DISRUPTION_BUDGET,
    AUTOSCALER,
    INGRESS,
    HTTP_ROUTE,
    POD_MONITOR,
    TLS_ROUTE,
    BACKEND_TLS_POLICY,
    CERTIFICATE,
    ISSUER,
)
SELF_SIGNED: Object = {"tls": {"selfSigned": {}}}
PLAIN: Object = {"tls": {"disabled": {}}}


@dataclass(frozen=True)
class Subject:
    """One Registry of one namespace; `stage` plays the cluster around it."""

    stage: Stage
    namespace: str
    name: str

    # ---------------------------------------------------------------- what a user does
    def apply(self, spec: Object | None = None, **metadata: Any) -> Object:
        """Server-side apply of the whole spec."""
        meta = {"namespace": self.namespace, "name": self.name, **metadata}
        return self.stage.kube.apply(REGISTRY, {"metadata": meta, "spec": spec or {}})

    def edit(self, spec: Object) -> Object:
        """A merge patch of the spec."""
        return self.stage.kube.patch(REGISTRY, self.namespace, self.name, {"spec": spec})

    def touch(self) -> None:
        """Make the operator look again now, as an impatient user does."""
        note = {"metadata": {"annotations": {"example.org/touched": uuid.uuid4().hex}}}
        self.stage.kube.patch(REGISTRY, self.namespace, self.name, note)

    def delete(self, *, cascade: str = "Background") -> None:
        self.stage.kube.delete(REGISTRY, self.namespace, self.name, cascade=cascade)

    def user_secret(
        self, name: str, data: dict[str, str], *, kind: str = "Opaque", labels: dict[str, str] | None = None
    ) -> None:
        """Make or change a Secret of the user's."""
        meta = {"namespace": self.namespace, "name": name, "labels": labels or {}}
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self.stage.kube.apply(SECRET, {"metadata": meta, "type": kind, "data": encoded})

    def evict(self) -> None:
        """Delete the pods, as a drain does."""
        for pod in self.pods():
            self.stage.kube.delete(POD, self.namespace, pod["metadata"]["name"], missing=True)

    # ---------------------------------------------------------------- what there is
    def get(self) -> Object:
        return self.stage.kube.get(REGISTRY, self.namespace, self.name)

    def find(self) -> Object | None:
        return self.stage.kube.find(REGISTRY, self.namespace, self.name)

    def child(self, kind: Kind, suffix: str = "") -> Object:
        return self.stage.kube.get(kind, self.namespace, f"{self.name}{suffix}")

    def children(self) -> dict[tuple[str, str], Object]:
        """All objects that carry the Registry's label, cert-manager's Secrets included; by kind and name."""
        label = f"teamregistry.io/registry={self.name}"
        return {
            (kind.kind, item["metadata"]["name"]): item
            for kind in CHILD_KINDS
            for item in self.stage.kube.list(kind, self.namespace, selector=label)
        }

    def pods(self) -> list[Object]:
        return self.stage.kube.list(POD, self.namespace, selector=f"teamregistry.io/registry={self.name}")

    def secret(self, suffix: str, key: str) -> str:
        """A value of one of the Registry's Secrets."""
        return base64.b64decode(self.child(SECRET, suffix)["data"][key]).decode()

    def child_keys(self, suffix: str) -> list[str]:
        """The keys of one of the Registry's Secrets."""
        return list(self.child(SECRET, suffix)["data"])

    def mounted(self, part: str) -> str:
        """The Secret that the pods mount as `part`: config, tls or htpasswd."""
        volumes = self.child(DEPLOYMENT)["spec"]["template"]["spec"]["volumes"]
        return str(next(volume["secret"]["secretName"] for volume in volumes if volume["name"] == part))

    @property
    def container(self) -> Container | None:
        """What runs."""
        return self.stage.container(self.namespace, self.name)

    def admits(self, user: str, password: str) -> bool:
        """Whether the running registry lets them in."""
        return self.container is not None and self.container.admits(user, password)

    # ---------------------------------------------------------------- what must come true
    def condition(self, kind: str) -> Object:
        """The condition as judged for the present spec; empty before that."""
        registry = self.get()
        generation = registry["metadata"]["generation"]
        for condition in registry.get("status", {}).get("conditions", []):
            if condition["type"] == kind and condition["observedGeneration"] == generation:
                found: Object = condition
                return found
        return {}

    def expect(self, kind: str, status: str, reason: str | None = None) -> str:
        """Wait for a condition; its message."""

        def holds() -> bool:
            condition = self.condition(kind)
            return condition.get("status") == status and reason in (None, condition["reason"])

        eventually(holds, f"{kind}={status} {reason or ''}", seen=self.seen)
        return str(self.condition(kind).get("message", ""))

    def ready(self) -> Object:
        """Wait until it is ready and nothing is left to do; the Registry."""
        eventually(self.is_current, f"{self.name}: Ready", seen=self.seen)
        return self.get()

    def is_current(self) -> bool:
        return all(
            self.condition(kind).get("status") == status
            for kind, status in (("Ready", "True"), ("Reconciling", "False"), ("Stalled", "False"))
        )

    def gone(self) -> None:
        eventually(lambda: self.find() is None, f"the end of {self.name}", seen=self.seen)

    def seen(self) -> str:
        """The conditions in short, for messages."""
        registry = self.find() or {}
        generation = registry.get("metadata", {}).get("generation")
        lines = [
            f"{c['type']}={c['status']} {c['reason']} ({c['observedGeneration']}): {c['message']}"
            for c in registry.get("status", {}).get("conditions", [])
        ]
        return f"generation {generation}\n" + "\n".join(lines)


def essence(document: Object) -> str:
    """An object without what changes by itself; for "the same as before"."""
    copy = json.loads(json.dumps(document))
    for field in ("managedFields", "resourceVersion"):
        copy["metadata"].pop(field, None)
    copy.pop("status", None)
    return json.dumps(copy, sort_keys=True)
