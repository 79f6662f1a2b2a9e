"""The content of users' Secrets that a spec names: read once for each version, and only those."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.kube.errors import NotFound
from registry_operator.reconcile.projections import decoded


@dataclass(frozen=True, slots=True)
class UserSecret:
    """A Secret's content, its labels, and the version they are of."""

    resource_version: str
    data: Mapping[str, bytes]
    labels: Mapping[str, str]


class UserSecrets:
    """Content by namespace and name, kept while the metadata says that the version is the same."""

    def __init__(self, client: Client, known: Callable[[str, str], str | None]) -> None:
        """`known` gives the resourceVersion of a Secret as the caches have it."""
        self._client = client
        self._known = known
        self._content: dict[tuple[str, str], UserSecret] = {}

    async def get(self, namespace: str, name: str) -> UserSecret | None:
        """The Secret, or None if there is none. Raises ApiError when it cannot be read."""
        version = self._known(namespace, name)
        if version is None:
            self.forget(namespace, name)
            return None
        content = self._content.get((namespace, name))
        if content is None or content.resource_version != version:
            try:
                obj = await self._client.get(kinds.SECRET, namespace, name)
            except NotFound:
                self.forget(namespace, name)
                return None
            content = UserSecret(
                obj["metadata"]["resourceVersion"],
                {key: decoded(value) for key, value in (obj.get("data") or {}).items()},
                obj["metadata"].get("labels") or {},
            )
            self._content[namespace, name] = content
        return content

    def forget(self, namespace: str, name: str) -> None:
        """Drop the content; it is read again when it is asked for."""
        self._content.pop((namespace, name), None)
