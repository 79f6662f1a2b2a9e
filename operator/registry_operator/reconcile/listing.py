"""The net under the watch of the Registries: now and then they are listed, and what the watch lost is noticed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.kube.errors import ApiError
from registry_operator.reconcile.registry_cache import Key, RegistryCache

log = logging.getLogger(__name__)


async def relist(
    client: Client, registries: RegistryCache, namespaces: Sequence[str] | None, enqueue: Callable[[Key], None]
) -> None:
    """Put the cache right, for each namespace by itself: one that is gone or refuses says nothing of the others."""
    for namespace in namespaces or (None,):
        try:
            listed = await client.list(kinds.REGISTRY, namespace)
        except ApiError as error:
            place = f" of namespace {namespace}" if namespace else ""
            log.warning("the periodic listing of the Registries%s failed: %s", place, error)
            continue
        version = int(listed["metadata"]["resourceVersion"])
        for key in registries.replaced(listed["items"], version, namespace):
            enqueue(key)
