"""The only hand that writes children, under the house's rules of writing.

* First contact: a child that the cache lacks is read live before the first apply, since a filtered cache cannot see
  foreign objects and a forced apply would silently merge into one. That first apply is not forced, and is taken back
  where it changed an object instead of making one.
* Every later apply carries the uid, so it can never make or touch a successor.
* What nobody may ever overwrite (generated values) is made by POST only.
* Nothing is written that is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from registry_operator.api.registry import Registry
from registry_operator.desired.meta import encode
from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.kube.errors import AlreadyExists, ApiError, Conflict, NotFound
from registry_operator.kube.kinds import Kind
from registry_operator.kube.managed_fields import FIELD_MANAGER, digest, owned
from registry_operator.reconcile.certainty import Certainty
from registry_operator.reconcile.ownership import Ownership, ownership
from registry_operator.reconcile.projections import Child, decoded
from registry_operator.reconcile.refusals import RETRY_SECONDS, Raced, refused
from registry_operator.reconcile.views import SecretView
from registry_operator.reconcile.world import World
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason

Object = Mapping[str, Any]
Values = Mapping[str, str]


class Writer:
    """Writes for one Registry, in one reconciliation."""

    def __init__(self, client: Client, world: World, registry: Registry) -> None:
        self._client = client
        self._world = world
        self._registry = registry
        self.paused = registry.spec.reconciliation == "Paused"
        self.sure = Certainty(client, world, registry)
        self.held: list[str] = []
        """What a paused Registry would have changed, for its status."""

    async def ensure(self, kind: Kind, desired: Object) -> Child:
        """Make the child be as desired; returns it as it is now. Raises Blocked, Raced or ApiError."""
        found = await self._found(kind, desired)
        if found is not None and found.applied == digest(desired):
            return found
        return await self._apply(kind, desired, found)

    async def exchange(self, kind: Kind, found: Child, change: Callable[[dict[str, Any]], None]) -> Child:
        """Change one thing about a child and leave the rest as it was last applied, whatever is desired now."""
        what = f"{kind.kind} {found.name}"
        try:
            fields = owned(await self._client.get(kind, found.namespace, found.name))
        except NotFound as error:
            raise Raced(f"{what}: {error}") from error
        except ApiError as error:
            raise refused(error, what) from error
        change(fields)
        identity = {"namespace": found.namespace, "name": found.name}
        return await self._apply(kind, {**fields, "metadata": {**fields.get("metadata", {}), **identity}}, found)

    async def _apply(self, kind: Kind, desired: Object, found: Child | None) -> Child:
        what = _what(kind, desired)
        if self.paused:
            return self._hold(what, found)
        if found is None:
            await self.sure.to_make(what)
        elif kind is kinds.DEPLOYMENT:
            await self.sure.to_roll(what)
        elif found.controller is None and desired["metadata"].get("ownerReferences"):
            await self.sure.to_adopt(what)
        body = desired if found is None else _with_uid(desired, found.uid)
        try:
            with self._writing(kind, desired) as answered:
                applied = await self._client.apply(kind, body, force=found is not None)
                if found is not None or applied.created:
                    return answered(applied.obj)
            await self._world.intrusions.step_back(kind, applied.obj)
            raise Raced(f"{what}: somebody else made it at the same moment")
        except Conflict as error:
            raise Raced(f"{what}: {error}") from error
        except ApiError as error:
            raise self.sure.learnt(refused(error, what)) from error

    def _writing(self, kind: Kind, obj: Object) -> AbstractContextManager[Callable[[dict[str, Any]], Child]]:
        return self._world.writing(kind, obj["metadata"]["namespace"], obj["metadata"]["name"])

    async def generated(
        self,
        name: str,
        compose: Callable[[Values], Object],
        generate: Callable[[], Values],
        keys: frozenset[str],
        *,
        whole: bool = False,
    ) -> Child:
        """A Secret with generated values under `keys`: each one written once, when it is missing, and never again.

        `generate` is called only then. `whole`: the values belong together, so that they are made anew only where all
        of them are missing.
        """
        found = await self._made(name, lambda: compose(generate()))
        assert isinstance(found.view, SecretView)
        missing = [key for key in sorted(keys) if not found.view.data.get(key)]
        if not missing or (whole and len(missing) < len(keys)):
            return found
        if self.paused:
            return self._hold(f"Secret {found.name}, {', '.join(missing)}", None)
        values = generate()
        return await self.renew(found, encode({key: values[key] for key in missing}))

    async def kept(self, found: Child, compose: Callable[[Values], Object], keys: frozenset[str]) -> Child:
        """A Secret with generated values under `keys`, whose other values follow from those, and are kept so.

        `compose(values)` gives the whole object for the values that it has.
        """
        assert isinstance(found.view, SecretView)
        has = {key: value.decode(errors="replace") for key, value in found.view.data.items()}
        wanted = compose(has)
        rest = {key: value for key, value in wanted["data"].items() if key not in keys}
        body = {key: value for key, value in wanted.items() if key != "data"} | ({"data": rest} if rest else {})
        return found if _holds(found, body) else await self._apply(kinds.SECRET, body, found)

    async def addressed(self, desired: Object) -> Child:
        """An immutable Secret that is named after its content: there or not, but never different."""
        found = await self._made(desired["metadata"]["name"], lambda: desired)
        return found if _holds(found, desired) else await self._apply(kinds.SECRET, desired, found)

    async def _made(self, name: str, make: Callable[[], Object]) -> Child:
        """The Secret of that name, made by POST if there is none. A POST changes nothing that exists, so that it needs
        no look at the API server before it: whoever was first is looked at after it."""
        namespace, what = self._registry.namespace, f"Secret {name}"
        found = self._world.child(kinds.SECRET, namespace, name)
        if found is None and self.paused:
            found = await self._first_contact(kinds.SECRET, namespace, name)
            if found is None:
                return self._hold(what, None)
        try:
            if found is None:
                await self.sure.to_make(what)
                desired = make()
                with self._writing(kinds.SECRET, desired) as answered:
                    return answered(await self._client.create(kinds.SECRET, desired))
        except AlreadyExists as error:
            found = await self._first_contact(kinds.SECRET, namespace, name)
            if found is None:
                raise Raced(f"{what}: {error}") from error
        except ApiError as error:
            raise self.sure.learnt(refused(error, what)) from error
        self._check(kinds.SECRET, found)
        return found

    async def renew(self, found: Child, data: Mapping[str, str | None]) -> Child:
        """Replace or remove (None) values of a Secret, if it is still in the version that was looked at."""
        what = f"Secret {found.name}"
        if self.paused:
            return self._hold(what, found)
        patch = {"metadata": {"uid": found.uid, "resourceVersion": found.resource_version}, "data": dict(data)}
        try:
            with self._world.writing(kinds.SECRET, found.namespace, found.name) as answered:
                return answered(await self._client.merge(kinds.SECRET, found.namespace, found.name, patch))
        except (Conflict, NotFound) as error:
            raise Raced(f"{what}: {error}") from error
        except ApiError as error:
            raise refused(error, what) from error

    async def share(self, kind: Kind, name: str, fields: Object) -> None:
        """Make a second owner of fields as they are, so that they stay when we no longer apply them."""
        what = f"{kind.kind} {name}"
        found = self._world.child(kind, self._registry.namespace, name)
        if found is None or self.paused:
            return
        body = {"metadata": {"namespace": found.namespace, "name": name, "uid": found.uid}, **fields}
        try:
            await self._client.apply(kind, body, force=False, manager=f"{FIELD_MANAGER}-handover")
        except (Conflict, NotFound) as error:
            raise Raced(f"{what}: {error}") from error
        except ApiError as error:
            raise refused(error, what) from error

    async def remove(self, kind: Kind, found: Child) -> None:
        """Delete a child that is ours and no longer wanted; anything else is left alone.

        Only in the version that was looked at: somebody may have taken it for himself since.
        """
        if found.deleting or ownership(self._registry, found, self._world.child) is not Ownership.OURS:
            return
        if self.paused:
            self._held(f"{kind.kind} {found.name} (to be deleted)")
            return
        version = found.resource_version
        try:
            await self._client.delete(kind, found.namespace, found.name, uid=found.uid, resource_version=version)
            self._world.removed(kind, found)
        except NotFound:
            self._world.removed(kind, found)
        except Conflict as error:
            raise Raced(str(error)) from error
        except ApiError as error:
            raise refused(error, f"{kind.kind} {found.name}") from error

    async def may_take(self, kind: Kind, name: str) -> bool:
        """Whether a name is free or already ours, for what somebody else will write on our behalf."""
        found = await self._look(kind, self._registry.namespace, name)
        return found is None or ownership(self._registry, found, self._world.child) is not Ownership.FOREIGN

    async def _found(self, kind: Kind, desired: Object) -> Child | None:
        """The live child if it is ours; None if there is none. Raises Blocked if it is somebody else's."""
        found = await self._look(kind, desired["metadata"]["namespace"], desired["metadata"]["name"])
        if found is not None:
            self._check(kind, found)
        return found

    async def _look(self, kind: Kind, namespace: str, name: str) -> Child | None:
        """The object of that name, whosever it is."""
        await self._world.intrusions.settle(kind, namespace, name)
        return self._world.child(kind, namespace, name) or await self._first_contact(kind, namespace, name)

    async def _first_contact(self, kind: Kind, namespace: str, name: str) -> Child | None:
        try:
            obj = await self._client.get(kind, namespace, name)
        except NotFound:
            return None
        except ApiError as error:
            raise refused(error, f"{kind.kind} {name}") from error
        return self._world.projected(kind, obj)

    def _check(self, kind: Kind, found: Child) -> None:
        whose = ownership(self._registry, found, self._world.child)
        what = f"{kind.kind} {found.name}"
        if whose is Ownership.FOREIGN:
            message = (
                f"{what} exists and is not this Registry's: rename or delete it, or give the Registry another name"
            )
            raise blocked(Reason.NAME_CONFLICT, message, stalled=True, retry=RETRY_SECONDS)
        if whose is Ownership.STALE:
            message = f"{what} still belongs to a deleted Registry of this name; waiting until it is collected"
            raise blocked(Reason.OWNER_GONE, message, retry=2)
        if found.deleting:
            raise blocked(Reason.WAITING, f"{what} is being deleted; it is made again when it is gone", retry=2)

    def _held(self, what: str) -> None:
        if what not in self.held:
            self.held.append(what)

    def _hold(self, what: str, found: Child | None) -> Child:
        self._held(what)
        if found is None:
            raise blocked(Reason.PAUSED, f"{what} is missing and reconciliation is Paused: set it to Active")
        return found


def _holds(found: Child, desired: Object) -> bool:
    """Whether a Secret has all of the labels, owners and values that are desired, whoever wrote them."""
    view = found.view
    assert isinstance(view, SecretView)
    metadata = desired["metadata"]
    owners = {(owner["kind"], owner["uid"]) for owner in metadata.get("ownerReferences", ())}
    return (
        metadata.get("labels", {}).items() <= view.labels.items()
        and owners <= set(view.owners)
        and all(view.data.get(key) == decoded(value) for key, value in desired.get("data", {}).items())
    )


def _with_uid(desired: Object, uid: str) -> dict[str, Any]:
    return {**desired, "metadata": {**desired["metadata"], "uid": uid}}


def _what(kind: Kind, desired: Object) -> str:
    return f"{kind.kind} {desired['metadata']['name']}"
