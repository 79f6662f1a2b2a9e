"""The scheduler, the kubelet and the volume provisioner of a cluster that has none of them.

Level-triggered like what they stand in for: a change only names a pod, and what to do about it is decided from the
present state. The pods stay unbound to a node. (A node object would need a lease and a heartbeat, or the controllers
evict its pods; and the API server deletes an unbound pod at once, as a kubelet with nothing to stop would.)
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from registry_operator.kube.client import Client
from registry_operator.kube.errors import AlreadyExists, ApiError, NotFound
from registry_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM, POD, SECRET

from . import container, pods
from .container import Container
from .kube import PERSISTENT_VOLUME
from .mirror import Key, Mirror
from .pods import Fault

Object = dict[str, Any]
REGISTRY_LABEL = "teamregistry.io/registry"
OURS = "app.kubernetes.io/managed-by=registry-operator"
WORKERS = 16
RESTART_SECONDS = 1.0  # until a program that ended is started again
RELEASE: Key = ("", "")  # the key under which volumes are let go


class Actors:
    """Plays for all pods that carry the label of a Registry."""

    def __init__(self, client: Client) -> None:
        self.containers: dict[Key, Container] = {}  # started and ready ones, by namespace and pod
        self._by_registry: defaultdict[Key, set[Key]] = defaultdict(set)  # namespace and Registry → keys of containers
        self.faults: dict[Key, Fault] = {}  # by namespace and Registry
        self.held_claims: set[Key] = set()  # claims that get no volume
        self.stale_files: dict[Key, Object] = {}  # Secrets whose newer content kubelet has not brought yet
        self._client = client
        self._pods = Mirror(client, POD, self._add, selector=REGISTRY_LABEL)
        self._secrets = Mirror(client, SECRET, self._wake, selector=OURS)
        self._claims = Mirror(client, PERSISTENT_VOLUME_CLAIM, self._claim_changed)
        self._volumes: dict[str, str] = {}  # made here: claim's uid → volume's name
        self._queues: list[asyncio.Queue[Key]] = [asyncio.Queue() for _ in range(WORKERS)]  # a key has its own worker
        self._queued: set[Key] = set()
        self._waiting: defaultdict[str, set[Key]] = defaultdict(set)  # namespace → pods that lack something

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for mirror in (self._pods, self._secrets, self._claims):
                group.create_task(mirror.run())
            for queue in self._queues:
                group.create_task(self._work(queue))

    # ---------------------------------------------------------------- what runs
    def of(self, namespace: str, registry: str) -> Container | None:
        """The Registry's ready container; of several the youngest."""
        found = [self.containers[key] for key in self._by_registry[namespace, registry] if key in self.containers]
        return max(found, key=lambda container: container.age, default=None)

    def find(self, host: str) -> Container | None:
        """The registry that is reached by a host name: the Service's name, or any that its certificate is for."""
        name, _, rest = host.partition(".")
        namespace, _, zone = rest.partition(".")
        if zone == "svc" or zone.startswith("svc."):
            return self.of(namespace, name)
        return next((container for container in self.containers.values() if host in container.names), None)

    # ---------------------------------------------------------------- knobs (called in the stage's loop)
    def set_fault(self, namespace: str, registry: str, fault: Fault | None) -> None:
        """From now on the Registry's pods suffer from `fault`; None heals them."""
        if fault is None:
            self.faults.pop((namespace, registry), None)
        else:
            self.faults[namespace, registry] = fault
        for key, pod in self._pods.items.items():
            if key[0] == namespace and pod["metadata"]["labels"].get(REGISTRY_LABEL) == registry:
                self._add(key)

    def hold_claim(self, namespace: str, claim: str, held: bool) -> None:
        """Whether the provisioner leaves the claim unbound."""
        (self.held_claims.add if held else self.held_claims.discard)((namespace, claim))
        self._wake((namespace, claim))

    def hold_secret(self, namespace: str, secret: str, held: bool) -> None:
        """Whether pods keep seeing the Secret as it is now: kubelet may take a minute to bring a newer one."""
        present = self._secrets.get(namespace, secret)
        if held and present:
            self.stale_files[namespace, secret] = present
        else:
            self.stale_files.pop((namespace, secret), None)

    # ---------------------------------------------------------------- the queue
    def _add(self, key: Key) -> None:
        if key not in self._queued:
            self._queued.add(key)
            self._queues[hash(key) % WORKERS].put_nowait(key)

    def _wake(self, key: Key) -> None:
        """Something in the namespace changed: look again at the pods that wait there."""
        for pod in self._waiting.pop(key[0], ()):
            self._add(pod)

    def _claim_changed(self, key: Key) -> None:
        self._wake(key)
        if key not in self._claims.items:
            self._add(RELEASE)

    async def _work(self, queue: asyncio.Queue[Key]) -> None:
        while True:
            key = await queue.get()
            self._queued.discard(key)
            try:
                await (self._release() if key == RELEASE else self._play(key))
            except NotFound:
                pass
            except ApiError:
                await asyncio.sleep(0.05)
                self._add(key)

    # ---------------------------------------------------------------- the play
    async def _play(self, key: Key) -> None:
        pod = self._pods.get(*key)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            self._end(key)
            return
        status = await self._status(key, pod)
        if not _contains(pod.get("status", {}), status):
            await self._client.merge(POD, *key, {"status": status}, subresource="status")

    async def _status(self, key: Key, pod: Object) -> Object:
        fault = self.faults.get((key[0], pod["metadata"]["labels"][REGISTRY_LABEL]))
        if fault is Fault.NO_ROOM and key in self.containers:
            fault = None
        if fault is not None:
            self._end(key)
        if fault in (Fault.UNSCHEDULABLE, Fault.NO_ROOM):
            return pods.unscheduled("0/1 nodes are available: 1 Insufficient memory.")
        if missing := await self._unbound_claim(key, pod):
            self._waiting[key[0]].add(key)
            return pods.unscheduled(missing)
        if fault is Fault.IMAGE_PULL:
            return pods.pulling_fails(pod)
        if fault is Fault.CRASH_LOOP:
            return pods.crashing(pod)
        return self._start(key, pod, ready=fault is not Fault.NEVER_READY)

    def _start(self, key: Key, pod: Object, *, ready: bool) -> Object:
        present = self.containers.get(key)
        if present is None or present.pod != pod["metadata"]["uid"]:
            try:
                started = container.start(pod, lambda name: self._file(key[0], name))
            except container.NotMounted as problem:
                self._waiting[key[0]].add(key)
                return pods.creating(pod, str(problem))
            except container.Broken as problem:
                self._waiting[key[0]].add(key)
                asyncio.get_running_loop().call_later(RESTART_SECONDS, self._add, key)
                return pods.crashing(pod, str(problem))
            if ready:
                self.containers[key] = started
                self._by_registry[key[0], started.registry].add(key)
        return pods.running(pod, ready=ready)

    def _end(self, key: Key) -> None:
        if ended := self.containers.pop(key, None):
            self._by_registry[key[0], ended.registry].discard(key)

    def _file(self, namespace: str, name: str) -> Object | None:
        return self.stale_files.get((namespace, name)) or self._secrets.get(namespace, name)

    # ---------------------------------------------------------------- volumes
    async def _unbound_claim(self, key: Key, pod: Object) -> str:
        """What the scheduler says while a claim of the pod has no volume; makes the volume (WaitForFirstConsumer)."""
        for volume in pod["spec"].get("volumes", []):
            name = volume.get("persistentVolumeClaim", {}).get("claimName")
            if not name:
                continue
            claim = self._claims.get(key[0], name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if claim.get("status", {}).get("phase") != "Bound":
                if (key[0], name) not in self.held_claims and not claim["metadata"].get("deletionTimestamp"):
                    await self._provide(claim)
                return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    async def _provide(self, claim: Object) -> None:
        """Make a volume that is meant for the claim; the real controller binds the two."""
        meta, spec = claim["metadata"], claim["spec"]
        if meta["uid"] in self._volumes:
            return
        volume: Object = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"stage-{meta['uid']}"},
            "spec": {
                "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                "accessModes": spec["accessModes"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": spec.get("storageClassName", ""),
                "claimRef": {"namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
                "hostPath": {"path": f"/tmp/stage/{meta['uid']}"},
            },
        }
        self._volumes[meta["uid"]] = volume["metadata"]["name"]
        try:
            await self._client.create(PERSISTENT_VOLUME, volume)
        except AlreadyExists:
            pass
        except ApiError:
            del self._volumes[meta["uid"]]
            raise

    async def _release(self) -> None:
        """Delete the volumes made here whose claim is gone."""
        alive = {claim["metadata"]["uid"] for claim in self._claims.items.values()}
        for uid in self._volumes.keys() - alive:
            await self._client.delete(PERSISTENT_VOLUME, None, self._volumes.pop(uid))


def _contains(present: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there already; lists must be equal in length."""
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(
            _contains(present.get(key, {}), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(present, list)
            and len(present) == len(wanted)
            and all(_contains(*pair) for pair in zip(present, wanted, strict=True))
        )
    return bool(present == wanted)
