"""What is asked of the API server itself before a cache is acted on: few questions, where being wrong is dear.

Caches lag, by milliseconds as a rule and by minutes behind a stalled watch, and a second operator may be at work that
knows more (a process that was paused, replicas without a Lease). Most of what a stale decision writes is put right by
the next one. A claim made for a Registry that is gone is not, nor are pods that were rolled to what was wished a moment
ago: while two operators took turns at that, they were rolled three times for one edit.
"""

from __future__ import annotations

import asyncio

from registry_operator.api.registry import Registry
from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.kube.errors import NotFound
from registry_operator.reconcile.refusals import Raced
from registry_operator.reconcile.registry_cache import Key
from registry_operator.reconcile.world import World
from registry_operator.status.problems import Blocked
from registry_operator.status.reasons import Reason


class Certainty:
    """The questions of one reconciliation. Each raises Raced where the answer differs from what was decided on."""

    def __init__(self, client: Client, world: World, registry: Registry) -> None:
        self._client = client
        self._world = world
        self._registry = registry
        self._asked = False
        self._ending: Blocked | None = None
        self._inputs: dict[str, str] = {}

    def rests_on(self, secret: str, version: str) -> None:
        """What pods are started on follows from this Secret in this version."""
        self._inputs[secret] = version

    async def to_make(self, what: str) -> None:
        """Ask once in a walk whether the Registry stays and is of this spec, before anything is made for it.

        A deletion that nobody told of (a watch that was down) is noticed by the children's vanishing: to make them
        again would leave a claim without a Registry behind, and passwords that live for a second. After a start a list
        may be from before an edit: to make what that took away would open a way from outside for a moment.
        """
        if self._ending is not None:
            raise self._ending
        if not self._asked:
            await self._wished(what)
            self._asked = True

    def learnt(self, refusal: Exception) -> Exception:
        """Note what a refusal tells of all that is still to be made: a namespace that ends takes nothing new."""
        if isinstance(refusal, Blocked) and refusal.problem.reason is Reason.NAMESPACE_TERMINATING:
            self._ending = refusal
        return refusal

    async def to_adopt(self, what: str) -> None:
        """Always, before something without an owner gets the Registry as one.

        `kubectl delete --cascade=orphan` takes the owner from each child; a cache that does not know of the deletion
        yet would give it back, and the collector would then delete the child and its password with the Registry.
        """
        await self._stays(what)

    async def to_roll(self, what: str) -> None:
        """Always, before pods are replaced: is this what is wished now, and what follows from the Secrets of now?

        All questions at once: an edit waits for them.
        """
        inputs = [self._unchanged(what, name, version) for name, version in self._inputs.items()]
        await asyncio.gather(self._wished(what), *inputs)

    async def _wished(self, what: str) -> None:
        if await self._stays(what) != self._registry.generation:
            raise Raced(f"{what}: the Registry has a newer spec")

    async def _unchanged(self, what: str, name: str, version: str) -> None:
        try:
            live = await self._client.get(kinds.SECRET, self._registry.namespace, name, metadata_only=True)
        except NotFound as error:
            raise Raced(f"{what}: Secret {name} is gone") from error
        if live["metadata"]["resourceVersion"] != version:
            raise Raced(f"{what}: Secret {name} has changed")

    async def _stays(self, what: str) -> int:
        """The generation of the spec, if the Registry is there and stays."""
        registry = self._registry
        try:
            live = (await self._client.get(kinds.REGISTRY, registry.namespace, registry.name))["metadata"]
        except NotFound as error:
            self._world.registries.lost(Key(registry.namespace, registry.name), registry.uid)
            raise Raced(f"{what}: the Registry is gone") from error
        if live["uid"] != registry.uid or "deletionTimestamp" in live:
            raise Raced(f"{what}: the Registry is being deleted")
        return int(live["generation"])
