"""What the operator asks of the API server for one Registry: recorded, and told again for others.

Recorded behind the proxy of `tests/stage`, with one Registry on an otherwise empty cluster. Told again by replacing
what belongs to that one: its name, its namespace, its UID, and the UIDs and versions of its children.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench import workloads
from tests.stage.traffic import Request

Object = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One request; in texts stand the recorded Registry's name, namespace and UID."""

    method: str
    path: str
    query: Mapping[str, str]
    content_type: str
    body: Any


@dataclass(frozen=True)
class Recording:
    """The requests for one Registry, in their order."""

    steps: tuple[Step, ...]
    uid: str  # of the recorded Registry

    @classmethod
    def of(cls, requests: Sequence[Request], uid: str) -> Recording:
        """Of all that was asked, what was about the recorded Registry."""
        steps = (Step(each.method, each.path, each.query, each.content_type, each.body) for each in about(requests))
        return cls(tuple(steps), uid)

    def counts(self) -> dict[str, int]:
        """How many reads and writes."""
        reads = sum(step.method == "GET" for step in self.steps)
        return {"reads": reads, "writes": len(self.steps) - reads}


def about(requests: Sequence[Request]) -> list[Request]:
    """Those that name an object in the recorded Registry's namespace."""
    team = workloads.namespace(workloads.RECORDED)
    return [request for request in requests if request.namespace == team and request.name and not request.watch]


@dataclass
class Teller:
    """The recording told again for one other Registry; `heard` gets each answer."""

    recording: Recording
    index: int
    uid: str
    _known: dict[str, Object] = field(default_factory=dict)  # path of an object → its metadata as last answered

    def request(self, step: Step) -> tuple[str, bytes | None]:
        """Path and body of the step for this Registry."""
        path = self._own(step.path)
        if step.body is None:
            return path, None
        body = json.loads(self._own(json.dumps(step.body, separators=(",", ":"))))
        known = self._known.get(_object_of(path))
        metadata = body.get("metadata") if isinstance(body, dict) else None
        if known and metadata:
            metadata |= {key: known[key] for key in ("uid", "resourceVersion") if key in metadata}
        return path, json.dumps(body, separators=(",", ":")).encode()

    def heard(self, path: str, answer: Object) -> None:
        """Remember the object that was answered: later requests name its UID and its version."""
        metadata = answer.get("metadata") or {}
        if "uid" in metadata:
            collection = _object_of(path).removesuffix(f"/{metadata['name']}")
            self._known[f"{collection}/{metadata['name']}"] = metadata

    def _own(self, text: str) -> str:
        return (
            text.replace(workloads.name(workloads.RECORDED), workloads.name(self.index))
            .replace(workloads.namespace(workloads.RECORDED), workloads.namespace(self.index))
            .replace(self.recording.uid, self.uid)
        )


def _object_of(path: str) -> str:
    return path.removesuffix("/status").removesuffix("/finalizers")
