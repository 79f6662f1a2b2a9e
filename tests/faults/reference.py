"""What an undisturbed run of a workload leaves and does: the measure of all others, and the source of the plans."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.labels import label, stable
from tests.faults.state import State, compared, mask_of, values
from tests.faults.witness import Chronicle, Seen
from tests.stage.kube import Object
from tests.stage.traffic import Request


@dataclass
class History:
    """How often what happened; by object, or by object and key of its data."""

    created: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    """How many values a key of a Secret has had in one object's life."""
    surely: dict[str, int] = field(default_factory=dict)
    """Of a limit: how often each object is made at least. One that is made less often was taken over from before."""

    def without(self, things: Collection[str]) -> History:
        """All but what happened to these objects."""
        created, deleted, surely = (
            {k: v for k, v in each.items() if k not in things} for each in (self.created, self.deleted, self.surely)
        )
        values = {k: v for k, v in self.values.items() if k.rpartition(" ")[0] not in things}
        return History(created, deleted, values, surely)

    def limit(self, other: History) -> History:
        """What either run did at most, and what both made."""
        both = {key: min(count, other.created.get(key, 0)) for key, count in self.created.items() if "*" not in key}
        return History(
            _most(self.created, other.created),
            _most(self.deleted, other.deleted),
            _most(self.values, other.values),
            {key: count for key, count in both.items() if count},
        )


def _most(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {key: max(one.get(key, 0), other.get(key, 0)) for key in one.keys() | other.keys()}


Recorded = tuple[State, History, dict[str, int]]
"""What one run left and did: end, history, writes."""


@dataclass
class Reference:
    """Of one workload."""

    workload: str
    end: State
    mask: dict[str, list[str]]
    history: History
    writes: dict[str, int]
    samples: dict[str, Object]
    """Each object of the operator's as it could be made by somebody else."""

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, document: dict[str, Any]) -> Reference:
        return cls(**{**document, "history": History(**document["history"])})


def history(chronicle: Chronicle, since: int) -> History:
    """What happened after the revision `since`."""
    made: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    had: dict[str, int] = {}
    for (resource, name), seen in dict(chronicle.objects).items():
        if not seen or not compared((resource, name), seen[0].object):
            continue
        key = f"{resource} {stable(name)}"
        late = [version for version in seen if version.revision > since]
        uids = {version.object["metadata"]["uid"] for version in seen if version.revision <= since}
        made[key] += len({version.object["metadata"]["uid"] for version in late} - uids)
        gone[key] += sum(version.gone for version in late)
        if resource == "secrets":
            for uid in {version.object["metadata"]["uid"] for version in seen}:
                for part, count in _values_had(seen, uid).items():
                    had[f"{key} {part}"] = max(had.get(f"{key} {part}", 0), count)
    return History({k: v for k, v in made.items() if v}, {k: v for k, v in gone.items() if v}, had)


def _values_had(seen: list[Seen], uid: str) -> Counter[str]:
    had: dict[str, set[str]] = {}
    for version in seen:
        if version.object["metadata"]["uid"] == uid:
            for key, value in values(version.object).items():
                had.setdefault(key, set()).add(value)
    return Counter({key: len(found) for key, found in had.items()})


def writes(requests: Iterable[Request]) -> dict[str, int]:
    """The writes that a fault can strike: those that were done."""
    return dict(Counter(label(request) for request in requests if request.write and 200 <= request.status < 300))


def common(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    """What surely happens again."""
    return {key: min(count, other[key]) for key, count in one.items() if key in other}


def agreed(workload: str, runs: list[Recorded], samples: dict[str, Object], mask: dict[str, list[str]]) -> Reference:
    """The reference that follows from two runs; `mask` is what would differ in a third one, in another process."""
    (end, first, wrote), (other, second, rewrote) = runs
    unequal = mask_of(end, other)
    return Reference(
        workload,
        end,
        unequal | {key: [*unequal.get(key, ()), *paths] for key, paths in mask.items()},
        first.limit(second),
        common(wrote, rewrote),
        samples,
    )


def samples(chronicle: Chronicle, namespace: str) -> dict[str, Object]:
    """The operator's objects without owners, labels and content that is secret: as somebody else would make them."""
    found = {}
    for (resource, name), document in chronicle.present().items():
        labels = document["metadata"].get("labels") or {}
        ours = "teamregistry.io/registry" in labels and compared((resource, name), document)
        if not ours or resource == "registries":
            continue
        body = {key: value for key, value in document.items() if key not in ("metadata", "status")}
        if resource in ("secrets", "configmaps"):
            body["data"] = {"theirs": "eA=="}
            body.pop("immutable", None)
            body.pop("type", None)
        for given in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "volumeName", "healthCheckNodePort"):
            body.get("spec", {}).pop(given, None)
        for port in body.get("spec", {}).get("ports", ()):
            port.pop("nodePort", None)
        text = json.dumps({"name": name, "body": body}).replace(namespace, "{namespace}")
        found[f"{resource} {stable(name)}"] = json.loads(text)
    return found


def save(references: dict[str, Reference], path: Path, digest: str) -> None:
    document = {"digest": digest, "references": {name: each.dump() for name, each in references.items()}}
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def load(path: Path, digest: str) -> dict[str, Reference]:
    """The stored ones, if they were made by the same operator and the same workloads."""
    if not path.exists():
        return {}
    document = json.loads(path.read_text())
    if document["digest"] != digest:
        return {}
    return {name: Reference.load(each) for name, each in document["references"].items()}
