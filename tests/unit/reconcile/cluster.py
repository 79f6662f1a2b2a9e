"""An API server in a dict: just enough of apply, create, merge and delete for the rules of writing.

What it holds and what the operator's caches hold are two things: the caches learn of changes by `deliver()` alone, so
that a test says itself how stale they are. Server-side apply is that of maps and of lists that are maps by `uid` or
`name`; every other list is atomic. The real one is asked in tests/apiserver.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

from registry_operator.kube.client import Applied
from registry_operator.kube.errors import AlreadyExists, Conflict, NotFound
from registry_operator.kube.kinds import SERVICE, Kind
from registry_operator.kube.managed_fields import FIELD_MANAGER

Object = dict[str, Any]
Path = tuple[str, ...]
WRITES = ("apply", "create", "merge", "delete")


class Cluster:
    """Stands in for `kube.client.Client`, and for everybody else who writes."""

    def __init__(self) -> None:
        self.objects: dict[tuple[Kind, str, str], Object] = {}
        self.calls: list[tuple[str, str, str]] = []
        """Every request of the operator: verb, kind, name."""
        self.errors: dict[tuple[str, str], Exception] = {}
        """What a verb on a kind is answered with, until it is taken out."""
        self.before_write: Callable[[], object] | None = None
        """Called once, between the operator's last look and its next write: what a race is made of."""
        self.version = 100

    @property
    def writes(self) -> list[tuple[str, str, str]]:
        return [call for call in self.calls if call[0] in WRITES]

    # ------------------------------------------------------------------ what others do
    def put(self, kind: Kind, obj: Mapping[str, Any], manager: str = "somebody") -> Object:
        """Make or replace an object as some other client would."""
        made = copy.deepcopy(dict(obj))
        metadata = made.setdefault("metadata", {})
        key = (kind, metadata.get("namespace", ""), metadata["name"])
        metadata.setdefault("uid", f"uid-{kind.plural}-{metadata['name']}-{self.version}")
        entries = [each for each in metadata.get("managedFields", ()) if each["manager"] != manager]
        metadata["managedFields"] = [*entries, _entry(manager, "Update", _leaves(made))]
        return self._store(key, made)

    def edit(self, kind: Kind, name: str, change: Callable[[Object], object], namespace: str = "team-a") -> Object:
        """Change an object in place; what is changed is no longer the operator's."""
        obj = copy.deepcopy(self.objects[kind, namespace, name])
        before = _leaves(obj)
        change(obj)
        after = _leaves(obj)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        for entry in obj["metadata"].get("managedFields", ()):
            entry["fieldsV1"] = _tree({path for path in _paths(entry["fieldsV1"]) if path not in changed})
        return self._store((kind, namespace, name), obj)

    def drop(self, kind: Kind, name: str, namespace: str = "team-a") -> None:
        del self.objects[kind, namespace, name]

    def find(self, kind: Kind, name: str, namespace: str = "team-a") -> Object | None:
        return self.objects.get((kind, namespace, name))

    def named(self, kind: Kind) -> set[str]:
        return {name for each, _, name in self.objects if each is kind}

    # ------------------------------------------------------------------ the operator's client
    async def get(self, kind: Kind, namespace: str | None, name: str, *, metadata_only: bool = False) -> Object:
        self._called("get", kind, name)
        if (found := self.objects.get((kind, namespace or "", name))) is None:
            raise NotFound(404, "NotFound", f'{kind.plural} "{name}" not found')
        return copy.deepcopy(found)

    async def create(self, kind: Kind, obj: Mapping[str, Any]) -> Object:
        metadata = obj["metadata"]
        self._called("create", kind, metadata["name"])
        if (kind, metadata["namespace"], metadata["name"]) in self.objects:
            raise AlreadyExists(409, "AlreadyExists", f'{kind.plural} "{metadata["name"]}" already exists')
        return copy.deepcopy(self.put(kind, obj, FIELD_MANAGER))

    async def apply(
        self,
        kind: Kind,
        obj: Mapping[str, Any],
        *,
        subresource: str | None = None,
        force: bool = True,
        manager: str | None = None,
    ) -> Applied:
        metadata = obj["metadata"]
        self._called("apply", kind, metadata["name"])
        key = (kind, metadata["namespace"], metadata["name"])
        live = self.objects.get(key)
        self._preconditions(live, metadata)
        if subresource:
            if live is None:
                raise NotFound(404, "NotFound", "not found")
            return Applied(copy.deepcopy(self._store(key, {**live, subresource: obj[subresource]})), created=False)
        merged = _merged(live or {"metadata": {}}, obj, force, manager or FIELD_MANAGER)
        if live is None:
            merged["metadata"]["uid"] = f"uid-{kind.plural}-{metadata['name']}-{self.version}"
        return Applied(copy.deepcopy(self._store(key, merged)), created=live is None)

    async def merge(
        self, kind: Kind, namespace: str | None, name: str, patch: Mapping[str, Any], *, subresource: str | None = None
    ) -> Object:
        self._called("merge", kind, name)
        key = (kind, namespace or "", name)
        if (live := self.objects.get(key)) is None:
            raise NotFound(404, "NotFound", "not found")
        self._preconditions(live, patch.get("metadata", {}))
        return copy.deepcopy(self._store(key, _patched(live, patch)))

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        self._called("delete", kind, name)
        if (live := self.objects.get((kind, namespace or "", name))) is None:
            raise NotFound(404, "NotFound", "not found")
        self._preconditions(live, {"uid": uid, "resourceVersion": resource_version})
        del self.objects[kind, namespace or "", name]

    # ------------------------------------------------------------------
    def _called(self, verb: str, kind: Kind, name: str) -> None:
        if verb in WRITES and self.before_write is not None:
            race, self.before_write = self.before_write, None
            race()
        self.calls.append((verb, kind.kind, name))
        if (error := self.errors.get((verb, kind.kind))) is not None:
            raise error

    @staticmethod
    def _preconditions(live: Object | None, wanted: Mapping[str, Any]) -> None:
        for field in ("uid", "resourceVersion"):
            if (value := wanted.get(field)) and (live is None or live["metadata"][field] != value):
                raise Conflict(409, "Conflict", f"Precondition failed: {field}")

    def _store(self, key: tuple[Kind, str, str], obj: Object) -> Object:
        known = self.objects.get(key)
        if key[0] is SERVICE:
            obj["spec"].setdefault("clusterIP", "10.0.0.1")
        if known is not None and _content(known) == _content(obj):
            return known
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.objects[key] = obj
        return obj


def _content(obj: Object) -> Object:
    ignored = {"resourceVersion"}
    return {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key not in ignored}}


# ---------------------------------------------------------------------- fields
_IDENTITY = {"name", "namespace", "uid", "resourceVersion", "managedFields", "creationTimestamp", "deletionTimestamp"}
_IDENTITY |= {"generation", "finalizers"}


def _leaves(obj: Mapping[str, Any]) -> dict[Path, Any]:
    """Path → value of every field that a manager can own, in the spelling of `managedFields`."""
    found: dict[Path, Any] = {}

    def walk(value: Any, path: Path) -> None:
        if isinstance(value, Mapping) and value:
            for key, inner in value.items():
                walk(inner, (*path, f"f:{key}"))
        elif isinstance(value, list) and (key := _key_of(value)):
            for item in value:
                walk(item, (*path, f"k:{json.dumps({key: item[key]}, separators=(',', ':'))}"))
        else:
            found[path] = value

    metadata = {key: value for key, value in obj.get("metadata", {}).items() if key not in _IDENTITY}
    content = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "status", "metadata")}
    walk({**content, **({"metadata": metadata} if metadata else {})}, ())
    return {path: value for path, value in found.items() if path}


def _key_of(items: list[Any]) -> str | None:
    for key in ("uid", "name"):
        if items and all(isinstance(item, Mapping) and key in item for item in items):
            return key
    return None


def _tree(paths: set[Path]) -> Object:
    tree: Object = {}
    for path in paths:
        inner = tree
        for part in path:
            inner = inner.setdefault(part, {})
    return tree


def _paths(tree: Mapping[str, Any], before: Path = ()) -> set[Path]:
    if not tree:
        return {before} if before else set()
    return {path for part, inner in tree.items() for path in _paths(inner, (*before, part))}


def _entry(manager: str, operation: str, leaves: Mapping[Path, Any]) -> Object:
    return {"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": _tree(set(leaves))}


_KEYS = ("f:name", "f:uid")  # what an item is found by is removed last


def _merged(live: Mapping[str, Any], obj: Mapping[str, Any], force: bool, manager: str) -> Object:
    merged = copy.deepcopy(dict(live))
    wanted, present = _leaves(obj), _leaves(live)
    entries = merged["metadata"].pop("managedFields", [])
    ours = [each for each in entries if (each["manager"], each["operation"]) == (manager, "Apply")]
    others = [each for each in entries if each not in ours]
    taken = {path for each in others for path in _paths(each["fieldsV1"])}
    disputed = {path for path in taken & wanted.keys() if present.get(path) != wanted[path]}
    if disputed and not force:
        raise Conflict(409, "Conflict", "Apply failed with 1 conflict")
    for each in others:
        each["fieldsV1"] = _tree(_paths(each["fieldsV1"]) - disputed)
    dropped = {path for each in ours for path in _paths(each["fieldsV1"])} - wanted.keys() - taken
    for path in sorted(dropped, key=lambda path: ("", "f:name", "f:uid").index(path[-1] if path[-1] in _KEYS else "")):
        _remove(merged, path)
    for path, value in wanted.items():
        _set(merged, path, copy.deepcopy(value))
    for field in ("name", "namespace"):
        merged["metadata"][field] = obj["metadata"][field]
    mine = [_entry(manager, "Apply", wanted)] if wanted else []
    merged["metadata"]["managedFields"] = [*mine, *others]
    return merged


def _set(obj: Object, path: Path, value: Any) -> None:
    """Lists that are maps come into being on the way."""
    inner: Any = obj
    for index, part in enumerate(path):
        last = index == len(path) - 1
        if part.startswith("k:"):
            key = json.loads(part[2:])
            item = next((each for each in inner if key.items() <= each.items()), None)
            if item is None:
                item = dict(key)
                inner.append(item)
            inner = item
        elif last:
            inner[part[2:]] = value
        else:
            inner = inner.setdefault(part[2:], [] if path[index + 1].startswith("k:") else {})


def _remove(obj: Any, path: Path) -> None:
    part, rest = path[0], path[1:]
    if part.startswith("k:"):
        key = json.loads(part[2:])
        for item in [each for each in obj if key.items() <= each.items()]:
            _remove(item, rest)
            if not item:
                obj.remove(item)
    elif not rest:
        obj.pop(part[2:], None)
    elif part[2:] in obj:
        _remove(obj[part[2:]], rest)
        if not obj[part[2:]]:
            del obj[part[2:]]


def _patched(live: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    result: Object = dict(copy.deepcopy(live)) if isinstance(live, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _patched(result.get(key), value)
    return result
