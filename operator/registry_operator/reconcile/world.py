"""All that a reconciliation reads: the Registries, their children, and what they refer to, from caches only.

The informers are filtered by our label where that is possible.  Claims and issuers are watched without a filter, since
users' own may be named in a spec.  Users' Secrets are watched as metadata; their content is read by `UserSecrets`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from registry_operator.api.registry import Registry
from registry_operator.engine.informer import Informer
from registry_operator.engine.references import References
from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.kube.kinds import Kind
from registry_operator.reconcile import gateway_views, projections, views
from registry_operator.reconcile.intrusions import Intrusions
from registry_operator.reconcile.projections import NOT_OURS, OURS, Child, Reference
from registry_operator.reconcile.registry_cache import Key, RegistryCache
from registry_operator.reconcile.user_secrets import UserSecrets

Enqueue = Callable[[Key], None]


class Watched(NamedTuple):
    """How a kind is watched: with which filter, as which projection, and whether the cluster may lack it."""

    kind: Kind
    selector: str
    project: Callable[[Mapping[str, Any]], Child]
    optional: bool = False


WATCHED: tuple[Watched, ...] = (
    Watched(kinds.DEPLOYMENT, OURS, views.deployment),
    Watched(kinds.REPLICA_SET, OURS, views.replica_set),
    Watched(kinds.POD, OURS, views.pod),
    Watched(kinds.SERVICE, OURS, views.service),
    Watched(kinds.POD_DISRUPTION_BUDGET, OURS, projections.plain),
    Watched(kinds.AUTOSCALER, OURS, views.autoscaler),
    Watched(kinds.SERVICE_ACCOUNT, OURS, projections.plain),
    Watched(kinds.SECRET, OURS, views.secret),
    Watched(kinds.CONFIG_MAP, OURS, views.config_map),
    Watched(kinds.PERSISTENT_VOLUME_CLAIM, "", views.claim),
    Watched(kinds.NETWORK_POLICY, OURS, projections.plain),
    Watched(kinds.INGRESS, OURS, gateway_views.ingress),
    Watched(kinds.HTTP_ROUTE, OURS, gateway_views.route, optional=True),
    Watched(kinds.TLS_ROUTE, OURS, gateway_views.route, optional=True),
    Watched(kinds.BACKEND_TLS_POLICY, OURS, gateway_views.policy, optional=True),
    Watched(kinds.POD_MONITOR, OURS, projections.plain, optional=True),
    Watched(kinds.CERTIFICATE, OURS, views.certificate, optional=True),
    Watched(kinds.ISSUER, "", views.issuer, optional=True),
)


class Referred(NamedTuple):
    """An object that a spec names: a user's Secret, a claim, an issuer."""

    kind: Kind
    namespace: str
    name: str


class World:
    """The caches, and the way from a change in any of them to the keys that it concerns."""

    def __init__(self, client: Client, namespaces: Sequence[str] | None, enqueue: Enqueue) -> None:
        self._enqueue = enqueue
        self.registries = RegistryCache()
        self.references: References[Key, Referred] = References()
        self.intrusions = Intrusions(client, self.writing)
        self._informers: dict[Kind, Informer[Child]] = {
            watched.kind: self._informer(client, namespaces, watched) for watched in WATCHED
        }
        if namespaces is None:  # a namespaced operator may not read at cluster scope
            watched = Watched(kinds.CLUSTER_ISSUER, "", views.issuer, optional=True)
            self._informers[kinds.CLUSTER_ISSUER] = self._informer(client, None, watched)
        self._user_secrets: Informer[Reference] = Informer(
            client,
            kinds.SECRET,
            namespaces,
            selector=NOT_OURS,
            metadata_only=True,
            project=projections.reference,
            changed=self._user_secret_changed,
        )
        self.user_secrets = UserSecrets(client, self._secret_version)

    def _informer(self, client: Client, namespaces: Sequence[str] | None, watched: Watched) -> Informer[Child]:
        def changed(old: Child | None, new: Child | None) -> None:
            self._child_changed(watched.kind, old, new)

        return Informer(
            client,
            watched.kind,
            namespaces,
            selector=watched.selector,
            project=watched.project,
            changed=changed,
            index=_registry_of,
            optional=watched.optional,
        )

    # ------------------------------------------------------------------ reading
    @property
    def informers(self) -> tuple[Informer[Any], ...]:
        """Every informer, to be run and asked for their health."""
        return (*self._informers.values(), self._user_secrets)

    def child(self, kind: Kind, namespace: str, name: str) -> Child | None:
        """The cached object of that name, whosever it is."""
        informer = self._informers.get(kind)
        return informer.get(namespace, name) if informer else None

    def children(self, kind: Kind, registry: Registry) -> list[Child]:
        """The objects of a kind that carry the Registry's labels or are controlled by it."""
        informer = self._informers.get(kind)
        return list(informer.by_index((registry.namespace, registry.name))) if informer else []

    def served(self, kind: Kind) -> bool:
        """Whether the cluster has the kind; one that we may not read counts as missing."""
        informer = self._informers.get(kind)
        return informer is not None and not informer.missing

    def has_secret(self, namespace: str, name: str) -> bool:
        """Whether there is such a Secret, whosever; its content is not read for that."""
        return (
            self.child(kinds.SECRET, namespace, name) is not None or self._user_secrets.get(namespace, name) is not None
        )

    def whole(self, namespace: str, *kinds: Kind) -> bool:
        """Whether the caches of these kinds hold all of the namespace, so that what they lack is not there."""
        return all(self._informers[kind].ready(namespace) for kind in kinds)

    def projected(self, kind: Kind, obj: Mapping[str, Any]) -> Child:
        """The projection of an object that was read or written just now."""
        for watched in WATCHED:
            if watched.kind is kind:
                return watched.project(obj)
        return projections.plain(obj)

    def refer(self, key: Key, refs: Iterable[Referred]) -> None:
        """From now on that Registry refers to exactly these; the content of what nobody names any more is forgotten."""
        for freed in self.references.set(key, refs):
            if freed.kind is kinds.SECRET:
                self.user_secrets.forget(freed.namespace, freed.name)

    def _secret_version(self, namespace: str, name: str) -> str | None:
        """The version of a Secret that a spec names. Some tools copy our labels onto what is the user's."""
        found = self._user_secrets.get(namespace, name) or self.child(kinds.SECRET, namespace, name)
        return found.resource_version if found is not None else None

    # ------------------------------------------------------------------ learning
    @contextlib.contextmanager
    def writing(self, kind: Kind, namespace: str, name: str) -> Iterator[Callable[[dict[str, Any]], Child]]:
        """Around a write of ours. What it yields takes the answer into the cache, so that the next look sees it and its
        event wakes nobody, and returns the projection of it."""
        informer = self._informers.get(kind)
        if informer is None:
            yield lambda obj: self.projected(kind, obj)
            return
        with informer.writing(namespace, name) as answered:

            def taken(obj: dict[str, Any]) -> Child:
                answered(obj)
                return self.projected(kind, obj)

            yield taken

    def removed(self, kind: Kind, child: Child) -> None:
        """A deletion of ours was answered: that version of the child is no longer to be built on."""
        if (informer := self._informers.get(kind)) is not None:
            informer.observe_deletion(child.namespace, child.name, child.resource_version)

    @contextlib.contextmanager
    def writing_registry(self, key: Key) -> Iterator[Callable[[dict[str, Any]], None]]:
        """The same around a write to a Registry, which has a cache of its own."""
        self.registries.expect(key)
        version: int | None = None

        def answered(obj: dict[str, Any]) -> None:
            nonlocal version
            version = int(obj["metadata"]["resourceVersion"])
            self.registries.seen(obj)

        try:
            yield answered
        finally:
            if self.registries.settle(key, version):
                self._enqueue(key)

    def _child_changed(self, kind: Kind, old: Child | None, new: Child | None) -> None:
        if old is not None and new is not None and old == replace(new, resource_version=old.resource_version):
            return  # most events tell of fields that nobody here looks at
        for key in {key for seen in (old, new) if seen is not None for key in self._concerned(kind, seen)}:
            self._enqueue(key)

    def _concerned(self, kind: Kind, seen: Child) -> Iterator[Key]:
        owner = _registry_of(seen)
        if owner is not None:
            yield Key(*owner)
        yield from self.references.keys_for(Referred(kind, seen.namespace, seen.name))

    def _user_secret_changed(self, old: Reference | None, new: Reference | None) -> None:
        seen = new or old
        if seen is None:
            return
        if new is None:
            self.user_secrets.forget(seen.namespace, seen.name)
        for key in self.references.keys_for(Referred(kinds.SECRET, seen.namespace, seen.name)):
            self._enqueue(key)


def _registry_of(seen: Child) -> tuple[str, str] | None:
    """Namespace and name of the Registry that an object belongs to, by its label or by its controller."""
    if seen.registry is not None:
        return seen.namespace, seen.registry
    owner = seen.controller
    if owner is not None and owner.kind == kinds.REGISTRY.kind and owner.api_version == kinds.REGISTRY.api_version:
        return seen.namespace, owner.name
    return None
