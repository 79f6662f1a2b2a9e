"""A reconciler with everything around it played: the API server, the controllers of a cluster, the probes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from registry_operator.api.parse import parse
from registry_operator.desired.names import Names
from registry_operator.engine.informer import Informer
from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.reconcile.context import Defaults, Run
from registry_operator.reconcile.elsewhere import Elsewhere
from registry_operator.reconcile.ensured import Ensured
from registry_operator.reconcile.pace import Pace
from registry_operator.reconcile.probing import Prober
from registry_operator.reconcile.projections import OURS
from registry_operator.reconcile.refusals import Raced
from registry_operator.reconcile.registries import RegistryReconciler
from registry_operator.reconcile.registry_cache import Key
from registry_operator.reconcile.reporting import Reporter
from registry_operator.reconcile.world import World
from registry_operator.registry import s3, upstream
from registry_operator.status.findings import Answer, Login
from tests.unit.reconcile.cluster import Cluster, Object

NOW = datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)
KEY = Key("team-a", "images")
NAMES = Names("images")
SELF_SIGNED: Object = {"tls": {"selfSigned": {}}}
GOOD = Answer(Login.ACCEPTED, upload=True)
MANAGED_BY = "app.kubernetes.io/managed-by"


class StubProber:
    """Remembers what it was to ask, and answers what the test says."""

    def __init__(self) -> None:
        self.followed: Ensured | None = None
        self.says: Answer | None = GOOD

    def follow(self, run: Run, ensured: Ensured) -> None:
        self.followed = ensured

    def drop(self, key: Key) -> None:
        self.followed = None

    def answer(self, key: Key) -> Answer | None:
        return self.says if self.followed else None

    def asking(self, key: Key) -> bool:
        return self.followed is not None


class Hasty(Pace):
    """Holds nothing back: what a status says is looked at step by step. (test_pace.py holds it to its times.)"""

    def wait(self, key: Key, old: Mapping[str, Any], new: Mapping[str, Any]) -> float | None:
        return None


class StubLooks:
    """Remembers what was to be tried, and answers what the test says (None: nothing yet)."""

    def __init__(self, says: Any) -> None:
        self.asked: Any = None
        self.says = says

    def answer(self, key: Key, question: Any, *, calm: bool) -> Any:
        self.asked = question
        return self.says

    def drop(self, key: Key) -> None:
        self.asked = None


class StubElsewhere:
    """All is as it should be elsewhere."""

    def __init__(self) -> None:
        self.buckets = StubLooks(s3.Answer(s3.Access.OPEN))
        self.upstreams = StubLooks(upstream.Answer(upstream.Access.OPEN))

    def drop(self, key: Key) -> None:
        self.buckets.drop(key)
        self.upstreams.drop(key)


class Told:
    """Recorder and meter."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []
        self.metered: dict[tuple[str, str], Mapping[str, Any]] = {}

    def event(self, regarding: Mapping[str, Any], type: str, reason: str, action: str, note: str) -> None:
        self.events.append((type, str(reason), note))

    def reported(self, namespace: str, name: str, status: Mapping[str, Any]) -> None:
        self.metered[namespace, name] = status

    def forget(self, namespace: str, name: str) -> None:
        self.metered.pop((namespace, name), None)


class Subject:
    """The Registry `images` of namespace `team-a`, reconciled step by step."""

    def __init__(
        self,
        spec: Object | None = None,
        *,
        cert_manager: bool = False,
        cluster: Cluster | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.pace = pace or Hasty()
        self.cluster = cluster or Cluster()
        self.cert_manager = cert_manager
        self.now = NOW
        self.start()
        if spec is not None:
            self.make(spec)

    def start(self) -> None:
        """A new operator process: it knows nothing but what the API server holds."""
        self.woken: list[Key] = []
        self.told = Told()
        self.prober = StubProber()
        client = cast(Client, self.cluster)
        self.world = World(client, None, self.woken.append)
        prober = cast(Prober, self.prober)
        reporter = Reporter(client, self.world, prober, self.told, self.told, self.pace)
        defaults = Defaults(images={"2": "registry:2.8.3", "3": "registry:3.1.1"})
        stub = StubElsewhere()
        self.buckets, self.upstreams = stub.buckets, stub.upstreams
        elsewhere = cast(Elsewhere, stub)
        self.reconciler = RegistryReconciler(
            client, self.world, prober, reporter, defaults, elsewhere, lambda: self.now
        )
        self.deliver()

    # ------------------------------------------------------------------ the user
    def make(self, spec: Object, *, uid: str = "u-1", **metadata: Any) -> None:
        known = {"namespace": "team-a", "name": "images", "uid": uid, "generation": 1, **metadata}
        self.cluster.put(kinds.REGISTRY, {"metadata": known, "spec": spec})
        self.deliver()

    def respec(self, spec: Object, **metadata: Any) -> None:
        def change(obj: Object) -> None:
            obj["spec"] = spec
            obj["metadata"] |= {"generation": obj["metadata"]["generation"] + 1, **metadata}

        self.cluster.edit(kinds.REGISTRY, "images", change)
        self.deliver()

    # ------------------------------------------------------------------ what the operator learns, and does
    def deliver(self) -> None:
        """Let the caches see what the API server holds."""
        version = self.cluster.version
        registries = [obj for (kind, _, _), obj in self.cluster.objects.items() if kind is kinds.REGISTRY]
        known = self.world.registries
        known.replaced(registries, version, None, known.mark())
        for informer in self.world.informers:
            self._fill(informer, version)

    def _fill(self, informer: Informer[Any], version: int) -> None:
        reflector = informer._reflectors[None]
        reflector.listed, reflector.passed = True, version
        reflector.missing = not self.cert_manager and informer.kind.group == "cert-manager.io"
        held = [obj for (kind, _, _), obj in self.cluster.objects.items() if kind is informer.kind]
        listed = [informer.store.listed(obj) for obj in held if _selected(informer, obj)]
        for change in informer.store.replace(None, listed, version, 2**60):
            informer.report(change)

    def run(self) -> Run:
        """What one reconciliation begins with."""
        body = self.world.registries.get(KEY)
        assert body is not None
        return self.reconciler._run(parse(body))

    async def reconcile(self) -> float | None:
        return await self.reconciler(KEY)

    async def settle(self, rounds: int = 12) -> float | None:
        """Reconcile and play the cluster until nothing is written any more."""
        for _ in range(rounds):
            before = self.cluster.version
            try:
                again = await self.reconcile()
            except Raced:
                again = 0.0
            self.play()
            self.deliver()
            if self.cluster.version == before and again != 0.0:
                return again
        raise AssertionError(f"does not settle: {self.cluster.writes[-12:]}")

    # ------------------------------------------------------------------ the rest of the cluster
    def play(self) -> None:
        """What controllers would do: a volume, a pod of the newest template."""
        found = self.cluster.find
        if (claim := found(kinds.PERSISTENT_VOLUME_CLAIM, "images-data")) and "status" not in claim:
            status = {"phase": "Bound", "capacity": {"storage": "20Gi"}}
            self.cluster.edit(kinds.PERSISTENT_VOLUME_CLAIM, "images-data", lambda obj: obj.update(status=status))
        if deployment := found(kinds.DEPLOYMENT, "images"):
            self.roll(deployment)

    def roll(self, deployment: Object) -> None:
        template = deployment["spec"]["template"]
        labels = template["metadata"]["labels"]
        metadata = {"namespace": "team-a", "labels": labels}
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "images", "controller": True}
        owner["uid"] = deployment["metadata"]["uid"]
        pod = {
            "metadata": {**metadata, "name": "images-pod", "uid": "p-1"},
            "spec": template["spec"],
            "status": {"podIP": "10.1.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
        }
        replica_set = {"metadata": {**metadata, "name": "images-set", "uid": "r-1", "ownerReferences": [owner]}}
        self.cluster.put(kinds.POD, pod)
        self.cluster.put(kinds.REPLICA_SET, {**replica_set, "spec": {"template": template}})
        status = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}
        self.cluster.edit(kinds.DEPLOYMENT, "images", lambda obj: obj.update(status=status))

    # ------------------------------------------------------------------ what came of it
    @property
    def status(self) -> Object:
        found = self.cluster.find(kinds.REGISTRY, "images")
        assert found is not None
        status: Object = found.get("status", {})
        return status

    def condition(self, name: str) -> tuple[str, str]:
        entry = next(each for each in self.status["conditions"] if each["type"] == name)
        return entry["status"], entry["reason"]

    def message(self, name: str) -> str:
        text: str = next(each for each in self.status["conditions"] if each["type"] == name)["message"]
        return text

    def secret(self, name: str) -> dict[str, str]:
        found = self.cluster.find(kinds.SECRET, name)
        assert found is not None, f"no Secret {name}"
        return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


def encoded(data: Mapping[str, str | bytes]) -> dict[str, str]:
    raw = {key: value if isinstance(value, bytes) else value.encode() for key, value in data.items()}
    return {key: base64.b64encode(value).decode() for key, value in raw.items()}


def secret(name: str, data: Mapping[str, str | bytes], **metadata: Any) -> Object:
    """A user's Secret."""
    return {"metadata": {"namespace": "team-a", "name": name, **metadata}, "type": "Opaque", "data": encoded(data)}


def _selected(informer: Informer[Any], obj: Object) -> bool:
    ours = obj["metadata"].get("labels", {}).get(MANAGED_BY) == "registry-operator"
    return not informer.selector or ours == (informer.selector == OURS)
