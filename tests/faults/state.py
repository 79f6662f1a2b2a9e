"""What a namespace holds, in a form that can be compared with what another run left in another namespace."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.faults.labels import stable
from tests.faults.witness import Chronicle, Id
from tests.stage.kube import Object

Flat = dict[str, str]  # path → value
State = dict[str, Flat]  # object → its fields

# What the cluster's own controllers make: its names and numbers are theirs to choose.
_OTHERS = {"pods", "replicasets", "certificaterequests", "orders", "challenges", "resourcequotas"}
_GIVEN = {("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default")}
_DROPPED = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "deletionTimestamp")


_REVISION = "metadata.annotations.deployment.kubernetes.io/revision"


def state(chronicle: Chronicle, namespace: str, *, loose: bool = False) -> State:
    """The namespace as it is now. Of objects that differ only in the hash of their name the youngest comes first.

    `loose`: without what tells how many steps were taken: older ones of those objects, and the Deployment's revision.
    """
    found: State = {}
    numbers: defaultdict[str, int] = defaultdict(int)
    present = [(key, document) for key, document in chronicle.present().items() if compared(key, document)]
    for (resource, name), document in sorted(present, key=lambda pair: _age(pair[1]), reverse=True):
        key = f"{resource} {stable(name)}"
        numbers[key] += 1
        if numbers[key] == 1 or not loose:
            found[key if numbers[key] == 1 else f"{key} ({numbers[key]})"] = _flat_of(resource, document, namespace)
            if loose:
                found[key].pop(_REVISION, None)
    return found


def compared(key: Id, document: Object) -> bool:
    """Whether an object belongs to what is compared; cert-manager keeps keys under way in Secrets of random names."""
    labels = document["metadata"].get("labels") or {}
    return key[0] not in _OTHERS and key not in _GIVEN and "cert-manager.io/next-private-key" not in labels


def loosened(end: State) -> State:
    """A state as `loose` would have given it."""
    kept = {key: fields for key, fields in end.items() if not key.endswith(")")}
    return {key: {path: value for path, value in fields.items() if path != _REVISION} for key, fields in kept.items()}


def differences(wanted: State, mask: Mapping[str, list[str]], found: State) -> list[str]:
    """What is otherwise than wanted; `mask` has the fields (or "" for all) in which undisturbed runs differ."""
    told = [f"{key} is missing" for key in wanted if key not in found and "" not in mask.get(key, ())]
    told += [f"{key} should not be there" for key in found if key not in wanted and "" not in mask.get(key, ())]
    for key in wanted.keys() & found.keys():
        hidden = set(mask.get(key, ()))
        theirs, ours = wanted[key], found[key]
        for path in sorted(theirs.keys() | ours.keys()):
            if path not in hidden and theirs.get(path) != ours.get(path):
                told.append(f"{key} {path}: {theirs.get(path, 'nothing')!s} became {ours.get(path, 'nothing')!s}")
    return told


def mask_of(one: State, other: State) -> dict[str, list[str]]:
    """The fields in which two undisturbed runs differ; "" for objects that only one of them has."""
    mask = {key: [""] for key in one.keys() ^ other.keys()}
    for key in one.keys() & other.keys():
        a, b = one[key], other[key]
        if unequal := sorted(path for path in a.keys() | b.keys() if a.get(path) != b.get(path)):
            mask[key] = unequal
    return mask


def values(document: Object) -> dict[str, str]:
    """The data of a Secret or ConfigMap: key → digest, so that nothing secret gets into a result."""
    data = document.get("data") or {}
    return {key: hashlib.sha256(str(value).encode()).hexdigest()[:16] for key, value in data.items()}


def _age(document: Object) -> tuple[str, str]:
    return document["metadata"]["creationTimestamp"], document["metadata"]["uid"]


def _flat_of(resource: str, document: Object, namespace: str) -> Flat:
    body = {key: value for key, value in document.items() if key not in ("apiVersion", "kind")}
    meta = {key: value for key, value in body["metadata"].items() if key not in _DROPPED}
    meta["ownerReferences"] = [
        {key: value for key, value in owner.items() if key != "uid"} for owner in meta.get("ownerReferences", ())
    ]
    body["metadata"] = meta
    if document["metadata"].get("deletionTimestamp"):
        meta["deleting"] = True
    if resource in ("secrets", "configmaps"):
        body["data"] = values(document)
    if resource != "registries":
        body.pop("status", None)
    return {path: stable(value, namespace) for path, value in _flat(body, "") if not path.endswith("TransitionTime")}


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key in value:
            yield from _flat(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            label = item.get("type") or item.get("name") if isinstance(item, dict) else None
            yield from _flat(item, f"{path}[{label or number}]")
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)
