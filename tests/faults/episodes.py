"""What other people and the cluster do around a Registry: each episode begins before the act, or after it, and ends.

An episode is chosen by the plan's sweep. `before` prepares it; `strike` happens when the act has come to rest, and is
the last of what disturbs: from then on the Registry has to come right.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import json
from collections.abc import Callable

from tests.faults.objects import Found, collection, edits, essence, find, refusing
from tests.faults.oracles import Finding
from tests.faults.run import Run
from tests.faults.witness import Seen
from tests.stage.kube import (
    MERGE,
    RESOURCE_QUOTA,
    ApiFailure,
    Kube,
    Object,
)
from tests.stage.traffic import Request
from tests.stage.waiting import eventually

DRIFTS = ("deleted", "stuck", "edited", "unlabelled", "disowned", "unannotated")
REFUSALS = ("quota", "policy", "webhook")
_GENERATED = 32  # characters of a password
_OTHER = "T" * _GENERATED
_STUCK = "example.com/stuck"


class Episode:
    """Nothing happens."""

    def __init__(self, run: Run, crash: Callable[[], object]) -> None:
        self.run = run
        self.crash = crash
        self.kube: Kube = run.stage.kube

    def before(self) -> None:
        """Before the act."""

    def meet(self, request: Request) -> None:
        """When the write that the plan names is on its way."""

    def strike(self) -> None:
        """After it."""


class Drift(Episode):
    """Somebody changes or deletes a child."""

    def strike(self) -> None:
        found = find(self.run, self.run.plan.where)
        path, what = found.path, self.run.plan.what
        if what in ("deleted", "stuck"):
            self.run.taken.add(found.document["metadata"]["uid"])
        if what == "deleted":
            self.kube.request("DELETE", path, {"propagationPolicy": "Background"})
        elif what == "stuck":
            self.kube.request("PATCH", path, {"metadata": {"finalizers": [_STUCK]}}, content_type=MERGE)
            self.kube.request("DELETE", path, {"propagationPolicy": "Background"})
            with contextlib.suppress(AssertionError):
                eventually(lambda: False, within=3)
            with contextlib.suppress(ApiFailure):
                self.kube.request("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
        elif patch := self._patch(what, found):
            self.kube.request("PATCH", path, patch, content_type=MERGE)

    def _patch(self, what: str, found: Found) -> Object | None:
        meta = found.document["metadata"]
        if what == "unlabelled":
            return {"metadata": {"labels": dict.fromkeys(meta.get("labels", {}))}}
        if what == "disowned":
            return {"metadata": {"ownerReferences": None}} if meta.get("ownerReferences") else None
        if what == "unannotated":
            ours = [key for key in meta.get("annotations", {}) if key.startswith("teamregistry.io/")]
            return {"metadata": {"annotations": dict.fromkeys(ours)}} if ours else None
        return next((patch for patch in edits(found.document) if self._takes(found.path, patch, found.document)), None)

    def _takes(self, path: str, patch: Object, document: Object) -> bool:
        """Whether the API server accepts the change, and whether it is one."""
        try:
            after = self.kube.request("PATCH", path, patch, content_type=MERGE, query={"dryRun": "All"})
        except ApiFailure:
            return False
        return any(after.get(key) != document.get(key) for key in patch)


class Foreign(Episode):
    """An object of somebody else's has the name of a child; it must stay as it is, and be told of."""

    theirs: Object | None = None

    @property
    def child(self) -> str:
        return self.run.plan.where

    def before(self) -> None:
        self.take()

    def _lasting(self, seen: list[Seen]) -> list[Seen]:
        """The versions that must be as it was made."""
        return seen

    def take(self) -> None:
        """Make the foreign object."""
        assert self.run.reference is not None
        sample, resource = self.run.reference.samples[self.child], self.child.partition(" ")[0]
        text = json.dumps(sample).replace("{namespace}", self.run.namespace)
        name, body = json.loads(text)["name"], json.loads(text)["body"]
        if resource == "deployments":
            body["spec"]["replicas"] = 0
        meta = {"namespace": self.run.namespace, "name": name, "annotations": {"example.com/mine": "yes"}}
        path = collection(body["apiVersion"], self.run.namespace, resource)
        self.theirs = self.kube.request("POST", path, {**body, "metadata": meta})

    def strike(self) -> None:
        if self.theirs is None:
            return
        resource, _, name = self.child.partition(" ")
        uid, first = self.theirs["metadata"]["uid"], essence(self.theirs)
        seen = [v for v in self.run.chronicle.objects[resource, name] if v.object["metadata"]["uid"] == uid]
        if any(version.gone for version in seen) or any(essence(v.object) != first for v in self._lasting(seen)):
            self.run.problems.append(Finding("safety", f"{self.child}, which is foreign, was changed"))
        told = self.run.chronicle.present().get(("registries", "images"), {}).get("status", {}).get("conditions", ())
        if not any(c["type"] == "Stalled" and c["status"] == "True" and name in c["message"] for c in told):
            text = f"{self.child} is in the way and Stalled does not say so: {self.run.images.seen()[:500]}"
            self.run.problems.append(Finding("status", text))
        path = collection(self.theirs["apiVersion"], self.run.namespace, resource)
        with contextlib.suppress(ApiFailure):
            self.kube.request("DELETE", f"{path}/{name}", {"propagationPolicy": "Background"})


class Rival(Foreign):
    """The foreign object comes between the operator's look and its write; where the child was there, it is gone."""

    @property
    def child(self) -> str:
        return self.run.plan.where.partition(" ")[2]

    def before(self) -> None:
        """It comes when the write is on its way."""

    def _lasting(self, seen: list[Seen]) -> list[Seen]:
        """What was put into it unknowingly may be taken back at once."""
        return seen[-1:]

    def meet(self, request: Request) -> None:
        path = f"{request.path}/{request.name}" if request.method == "POST" else request.path
        with contextlib.suppress(ApiFailure):
            self.run.taken.add(self.kube.request("GET", path)["metadata"]["uid"])
            self.kube.request("DELETE", path, {"propagationPolicy": "Background"})
            eventually(lambda: self._gone(path), within=10)
        self.take()

    def _gone(self, path: str) -> bool:
        try:
            self.kube.request("GET", path)
        except ApiFailure as failure:
            return failure.status == 404
        return False


class Twin(Rival):
    """Another instance of the operator has made the same Secret, with values of its own, a moment earlier."""

    def meet(self, request: Request) -> None:
        body = copy.deepcopy(request.body)
        said = {key: base64.b64decode(value).decode() for key, value in body["data"].items()}
        for password in [text for text in said.values() if len(text) == _GENERATED]:
            user = said.get("username", "")
            old, new = (base64.b64encode(f"{user}:{one}".encode()).decode() for one in (password, _OTHER))
            said = {key: text.replace(password, _OTHER).replace(old, new) for key, text in said.items()}
        body["data"] = {key: base64.b64encode(text.encode()).decode() for key, text in said.items()}
        self.kube.request("POST", request.path, body)

    def strike(self) -> None:
        """It stays."""


class Restart(Episode):
    """The operator is killed and started again when all is done: it has nothing to write."""

    def strike(self) -> None:
        self.crash()


class Refusal(Episode):
    """A quota, a policy or a webhook of the cluster refuses a kind of objects until somebody ends it."""

    def before(self) -> None:
        resource, what, namespace = self.run.plan.where, self.run.plan.what, self.run.namespace
        group = self.run.plan.extra["group"]
        if what == "quota":
            hard = {f"count/{resource}.{group}" if group else f"count/{resource}": "0"}
            self.kube.create(
                RESOURCE_QUOTA, {"metadata": {"namespace": namespace, "name": "none"}, "spec": {"hard": hard}}
            )
            eventually(lambda: self.kube.get(RESOURCE_QUOTA, namespace, "none").get("status", {}).get("hard"))
        else:
            for kind, document in refusing(what, namespace, group, resource):
                self.kube.create(kind, document)
            with contextlib.suppress(AssertionError):
                eventually(lambda: False, within=3)  # the API server takes a moment to heed them

    def strike(self) -> None:
        if self.run.plan.what == "quota":
            self.kube.delete(RESOURCE_QUOTA, self.run.namespace, "none", missing=True)
        else:
            resource, group = self.run.plan.where, self.run.plan.extra["group"]
            for kind, document in refusing(self.run.plan.what, self.run.namespace, group, resource):
                self.kube.delete(kind, None, document["metadata"]["name"], missing=True)


EPISODES: dict[str, type[Episode]] = {
    "drift": Drift,
    "foreign": Foreign,
    "rivals": Rival,
    "twin": Twin,
    "refusals": Refusal,
    "restarts": Restart,
}


def episode(run: Run, crash: Callable[[], object]) -> Episode:
    return EPISODES.get(run.plan.sweep, Episode)(run, crash)
