"""What must hold, judged by what the API server showed: no oracle knows how the operator works.

The letters are those of the catalogue in docs/reliability.md: end state, history, liveness, quiet, safety, truth of the
status, log, secrecy, deletion, events.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.faults.reference import History
from tests.faults.witness import Chronicle, Seen
from tests.stage.kube import Object

_OPEN = ("BEGIN CERTIFICATE",)


@dataclass(frozen=True)
class Finding:
    """Something that must not be."""

    oracle: str
    text: str


def compare_history(reference: History, found: History) -> list[Finding]:
    """Nothing is made, deleted or generated more often than in an undisturbed run, and nothing made less often."""
    told = []
    for what, limit, had in (
        ("was made", reference.created, found.created),
        ("was deleted", reference.deleted, found.deleted),
        ("had values", reference.values, found.values),
    ):
        for key, count in had.items():
            allowed = limit.get(key, 0)
            if count > allowed and not (what == "had values" and (key not in limit or count == 1)):
                told.append(Finding("history", f"{key} {what} {count} times instead of {allowed}"))
    for key, count in reference.surely.items():
        if found.created.get(key, 0) < count:
            told.append(Finding("history", f"{key} was made {found.created.get(key, 0)} times instead of {count}"))
    return told


def safety(chronicle: Chronicle, taken: set[str]) -> list[Finding]:
    """Claims do not shrink, pods start only on what exists, and what they mount stays; `taken`: the uids of what
    somebody else has deleted."""
    told = []
    for name, seen in chronicle.of("persistentvolumeclaims").items():
        sizes = [_size(version.object) for version in seen]
        uids = {version.object["metadata"]["uid"] for version in seen}
        if len(uids) == 1 and sizes != sorted(sizes):
            told.append(Finding("safety", f"claim {name} shrank: {sizes}"))
    secrets = chronicle.of("secrets")
    for name, seen in chronicle.of("deployments").items():
        for version in seen:
            if version.gone or not _alive(chronicle, version.object, version.revision):
                continue
            told += [
                Finding("safety", f"deployment {name} names Secret {secret} before it exists")
                for secret in sorted(_mounted(version.object["spec"]["template"]))
                if not _existed(secrets.get(secret, []), version.revision)
            ]
    for name, seen in chronicle.of("pods").items():
        told += _orphaned_mounts(chronicle, name, seen, taken)
    return list(dict.fromkeys(told))


def _alive(chronicle: Chronicle, document: Object, revision: int) -> bool:
    """Whether the owner was there and not on its way out: afterwards the cluster's collector is at work."""
    owners = {owner["uid"] for owner in document["metadata"].get("ownerReferences", ())}
    for seen in chronicle.of("registries").values():
        before = [version for version in seen if version.revision <= revision]
        if before and not before[-1].gone and not before[-1].object["metadata"].get("deletionTimestamp"):
            return before[-1].object["metadata"]["uid"] in owners
    return False


def _orphaned_mounts(chronicle: Chronicle, name: str, seen: list[Seen], taken: set[str]) -> list[Finding]:
    """Secrets that went while a pod that mounts them stayed, without anybody deleting the pod."""
    end = next((v.revision for v in seen if v.gone or v.object["metadata"].get("deletionTimestamp")), None)
    told = []
    for secret in _mounted(seen[0].object) if seen else ():
        for version in chronicle.of("secrets").get(secret, []):
            during = version.revision > seen[0].revision and (end is None or version.revision < end)
            theirs = version.object["metadata"]["uid"] in taken
            if version.gone and during and not theirs and _alive(chronicle, version.object, version.revision):
                told.append(Finding("safety", f"Secret {secret} was deleted while pod {name} mounts it"))
    return told


def _mounted(template: Object) -> set[str]:
    names = set()
    for volume in template["spec"].get("volumes", ()):
        if "secret" in volume and not volume["secret"].get("optional"):
            names.add(volume["secret"]["secretName"])
    return names


def _existed(seen: list[Seen], revision: int) -> bool:
    before = [version for version in seen if version.revision <= revision]
    return bool(before) and not before[-1].gone


def _size(claim: Object) -> float:
    text = claim["spec"]["resources"]["requests"]["storage"]
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    return float(text[:-2]) * units[text[-2:]] if text[-2:] in units else float(text)


# ---------------------------------------------------------------- status
def generations(chronicle: Chronicle) -> list[Finding]:
    """What status says to have observed exists, and never goes back."""
    told = []
    for name, seen in chronicle.of("registries").items():
        last: dict[str, int] = {}
        for version in seen:
            meta, status = version.object["metadata"], version.object.get("status", {})
            observed = status.get("observedGeneration", 0)
            if observed > meta["generation"]:
                told.append(Finding("status", f"{name}: observedGeneration {observed} of {meta['generation']}"))
            if observed < last.get(meta["uid"], observed):
                told.append(Finding("status", f"{name}: observedGeneration went back to {observed}"))
            last[meta["uid"]] = observed
    return told


def settled(registry: Object) -> bool:
    """Whether status says that the spec of now has been brought about."""
    status = registry.get("status", {})
    generation = registry["metadata"]["generation"]
    found = {c["type"]: c["status"] for c in status.get("conditions", ()) if c["observedGeneration"] == generation}
    return (found.get("Ready"), found.get("Reconciling"), found.get("Stalled")) == ("True", "False", "False")


def truth(chronicle: Chronicle, since: int) -> list[Finding]:
    """Where status first tells that the last spec is brought about, the Deployment is as it stays afterwards."""
    for name, seen in chronicle.of("registries").items():
        if seen[-1].gone or not settled(seen[-1].object):
            continue
        generation, uid = seen[-1].object["metadata"]["generation"], seen[-1].object["metadata"]["uid"]
        first = next(
            version
            for version in seen
            if (version.object["metadata"]["generation"], version.object["metadata"]["uid"]) == (generation, uid)
            and settled(version.object)
        )
        if first.revision <= since:
            continue
        for versions in chronicle.of("deployments").values():
            before = [version for version in versions if version.revision <= first.revision]
            if versions[-1].gone:
                continue
            if not before or _wished(chronicle, before[-1]) != _wished(chronicle, versions[-1]):
                return [Finding("status", f"{name} was called ready before its Deployment was as it should be")]
    return []


def _wished(chronicle: Chronicle, deployment: Seen) -> Object:
    """What the operator wishes of a Deployment: the number of pods is an autoscaler's to say, if there is one."""
    spec: Object = deployment.object["spec"]
    scaled = any(not seen[-1].gone for seen in chronicle.of("horizontalpodautoscalers").values())
    return {key: value for key, value in spec.items() if key != "replicas" or not scaled}


# ---------------------------------------------------------------- what is said
def secrecy(chronicle: Chronicle, namespace: str, texts: Iterable[str]) -> list[Finding]:
    """No value of a Secret stands in a log, an Event, a status or an annotation; what a spec says is no secret."""
    said = "\n".join(texts)
    public = json.dumps([seen[-1].object.get("spec") for seen in chronicle.of("registries").values()])
    told = []
    for name, seen in chronicle.of("secrets").items():
        for version in seen[-1:]:
            for key, value in (version.object.get("data") or {}).items():
                text = base64.b64decode(value).decode(errors="replace").strip()
                # Names and certificates are public.
                known = namespace in text or text in public or any(mark in text for mark in _OPEN)
                if len(text) >= 16 and not known and text in said:
                    told.append(Finding("secrecy", f"the value of {key} of Secret {name} is readable"))
    return told


def events(found: list[Object], minutes: float) -> list[Finding]:
    """No storm: at most one Warning of a kind each minute."""
    counted = Counter(
        (event["regarding"].get("name"), event["reason"], event.get("note"))
        for event in found
        if event["type"] == "Warning" and event["regarding"].get("kind") == "Registry"
    )
    return [
        Finding("events", f"{count} Warnings {reason} of {name} in {minutes:.1f} minutes")
        for (name, reason, _), count in counted.items()
        if count > 1 + minutes
    ]
