"""What a first apply has left in an object of somebody else's, until it has been taken back.

First contact looks before it writes, and somebody may be faster still: then our fields, our owner among them, are
merged into his object. As long as they are in there everybody would call it ours, the garbage collector included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from registry_operator.kube.client import Client
from registry_operator.kube.errors import ApiError, Conflict, NotFound
from registry_operator.kube.kinds import Kind
from registry_operator.kube.managed_fields import written_by_others
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.refusals import refused

Writing = Callable[[Kind, str, str], AbstractContextManager[Callable[[dict[str, Any]], Child]]]
"""See `World.writing`: the answer replaces what the cache may have seen of our fields in that object."""


class Intrusions:
    """Those of this process. One that could not be taken back is the first thing to do at the next look."""

    def __init__(self, client: Client, writing: Writing) -> None:
        self._client = client
        self._writing = writing
        self._left: dict[tuple[Kind, str, str], Mapping[str, Any]] = {}

    async def step_back(self, kind: Kind, obj: Mapping[str, Any]) -> None:
        """Give up what a first apply put into an object that came into being between our look and our write.

        That apply was not forced, so it overwrote nothing and its owner finds the object as it was; the next look
        judges whose it is. What another instance of this operator made in that moment is left as it is.
        """
        if written_by_others(obj):
            identity = {key: obj["metadata"][key] for key in ("namespace", "name", "uid")}
            at = kind, identity["namespace"], identity["name"]
            self._left[at] = {"metadata": identity}
            await self.settle(*at)

    async def settle(self, kind: Kind, namespace: str, name: str) -> None:
        """Take back what is left in that object, if anything is. Raises Blocked or ApiError where that fails."""
        body = self._left.get((kind, namespace, name))
        if body is None:
            return
        try:
            with self._writing(kind, namespace, name) as answered:
                answered((await self._client.apply(kind, body)).obj)
        except (Conflict, NotFound):
            pass  # that object is gone
        except ApiError as error:
            raise refused(error, f"{kind.kind} {name}") from error
        del self._left[kind, namespace, name]
