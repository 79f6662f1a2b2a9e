"""What server-side apply knows to be ours in a live object.

`managedFields` is the only memory of what we wrote that survives a restart, tells a field that a former version of us
set and the present one no longer wants, and loses a field as soon as somebody else changes it.  So drift is one
comparison: the live fields under our name against the fields that we want.  A subset comparison would miss
removed fields; a digest in memory would rewrite everything at a restart; a digest in an annotation does not see
that somebody edited the object (docs/decisions/0002).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

FIELD_MANAGER = "registry-operator"


def owned(obj: Mapping[str, Any], manager: str = FIELD_MANAGER) -> dict[str, Any]:
    """The part of a live object that `manager` applied; empty if it never did.

    Values are the live ones.  A field that someone else took over is missing, so it differs from what is wanted.
    """
    for entry in obj.get("metadata", {}).get("managedFields", ()):
        ours = entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
        if ours:
            found = _select(entry.get("fieldsV1", {}), obj)
            return found if isinstance(found, dict) else {}
    return {}


def written_by_others(obj: Mapping[str, Any], manager: str = FIELD_MANAGER) -> bool:
    """Whether somebody else set more of an object than its status and annotations (where controllers keep notes)."""
    return any(
        entry.get("manager") != manager and not entry.get("subresource") and not _only_notes(entry.get("fieldsV1", {}))
        for entry in obj.get("metadata", {}).get("managedFields", ())
    )


def _only_notes(fields: Mapping[str, Any]) -> bool:
    return set(fields) <= {"f:metadata"} and set(fields.get("f:metadata", {})) <= {"f:annotations"}


def _select(fields: Mapping[str, Any], value: Any) -> Any:
    names = [name for name in fields if name != "."]
    if not names:
        return value
    if isinstance(value, _OBJECTS):
        return {name[2:]: _select(fields[name], value[name[2:]]) for name in names if name[2:] in value}
    if isinstance(value, list):
        return _select_items(fields, names, value)
    return value


def _select_items(fields: Mapping[str, Any], names: list[str], items: list[Any]) -> list[Any]:
    """Items of a list that is a map (`k:{…}` names the keys) or a set (`v:…` names the value), in the live order."""
    keys = [(json.loads(name[2:]), fields[name]) for name in names if name.startswith("k:")]
    values = [json.loads(name[2:]) for name in names if name.startswith("v:")]
    found: list[Any] = []
    for item in items:
        if item in values:
            found.append(item)
            continue
        for key, inner in keys:
            if isinstance(item, Mapping) and all(item.get(name) == wanted for name, wanted in key.items()):
                found.append(_select(inner, item))
                break
    return found


def digest(fields: Mapping[str, Any]) -> str:
    """A short hash of an object's fields that does not depend on the order of keys or of items that are objects.

    The identity of the object (apiVersion, kind, name, namespace, uid, resourceVersion) is left out: it is no field
    that apply can own.
    """
    rest = {key: value for key, value in fields.items() if key not in {"apiVersion", "kind"}}
    metadata = {key: value for key, value in rest.get("metadata", {}).items() if key not in _IDENTITY}
    rest.pop("metadata", None)
    if metadata:
        rest["metadata"] = metadata
    return hashlib.blake2b(_text(_ordered(rest)).encode(), digest_size=12).hexdigest()


_IDENTITY = frozenset({"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})


def _ordered(value: Any) -> Any:
    """Lists of objects sorted: server-side apply may reorder the items of a list that is a map.

    Most values are texts. To call this for each of them, or to ask whether it is a Mapping, takes twice the time.
    """
    if isinstance(value, _OBJECTS):
        return {key: inner if type(inner) is str else _ordered(inner) for key, inner in value.items()}
    if isinstance(value, _LISTS):
        items = [inner if type(inner) is str else _ordered(inner) for inner in value]
        if len(items) > 1 and all(type(item) is dict for item in items):
            items.sort(key=_text)
        return items
    return value


_text = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_LISTS = (list, tuple)
_OBJECTS = (dict, Mapping)
