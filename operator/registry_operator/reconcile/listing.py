"""What surrounds kopf's watch of the Registries: whether there can be one, and the net under it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.kube.errors import ApiError, Forbidden, NotFound
from registry_operator.reconcile.registry_cache import Key, RegistryCache

log = logging.getLogger(__name__)

_NOBODY = "teamregistry.io/nobody"
"""A label that no object has: the answer is a list, and empty."""


async def defined(client: Client, namespaces: Sequence[str] | None) -> bool:
    """Whether the cluster has our CRD; where all may be refused that is not known, and taken for a yes."""
    for namespace in namespaces or (None,):
        try:
            await client.list(
                kinds.REGISTRY, namespace, label_selector=_NOBODY, metadata_only=True, resource_version="0"
            )
        except NotFound:
            return False
        except Forbidden:
            continue
        return True
    return True


async def relist(
    client: Client, registries: RegistryCache, namespaces: Sequence[str] | None, enqueue: Callable[[Key], None]
) -> None:
    """Put the cache right, for each namespace by itself: one that is gone or refuses says nothing of the others."""
    for namespace in namespaces or (None,):
        mark = registries.mark()
        try:
            listed = await client.list(kinds.REGISTRY, namespace)
        except ApiError as error:
            place = f" of namespace {namespace}" if namespace else ""
            log.warning("the periodic listing of the Registries%s failed: %s", place, error)
            continue
        version = int(listed["metadata"]["resourceVersion"])
        for key in registries.replaced(listed["items"], version, namespace, mark):
            enqueue(key)
