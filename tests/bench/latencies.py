"""The phases that measure one thing many times: an edit, a deleted child, certificates that are due, a lost leader."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from registry_operator.kube.kinds import DEPLOYMENT, LEASE, NAMESPACE, Kind
from tests.bench.arena import HOME, THREADS, WATCHED, Arena
from tests.bench.audit import count
from tests.bench.phases import Subject, busy, summary
from tests.bench.watcher import GaveUp
from tests.bench.workloads import is_ready
from tests.stage.kube import RESOURCE_QUOTA
from tests.stage.waiting import eventually

Object = dict[str, Any]
Key = tuple[str, str]
PATIENCE = 60.0  # seconds for one sample
RENEWALS = 200
NOISY = 20  # neighbours that fail for ever
KILLS = 3


def edit(subject: Subject, samples: int) -> Object:
    """One edit among many idle ones → its Deployment patched; then the Registry is let come to rest again."""
    return _repeat(subject, samples, lambda key, mark: _edit(subject.arena, key, mark))


def deleted_child(subject: Subject, samples: int) -> Object:
    """A child is deleted (each of the watched kinds in turn) → it is there again."""
    kinds = iter(WATCHED * samples)
    return _repeat(subject, samples, lambda key, _: _delete_child(subject.arena, key, next(kinds)))


def _repeat(subject: Subject, samples: int, once: Callable[[Key, str], float]) -> Object:
    chosen = random.Random(1)
    keys = subject.arena.keys(subject.size)
    times, failures, end = [], 0, time.monotonic() + subject.limit
    for number in range(samples):
        try:
            times.append(once(chosen.choice(keys), f"{number}-{time.time_ns()}"))
        except GaveUp:
            failures += 1
        if time.monotonic() > end:
            break
    return summary(times, failures)


def _edit(arena: Arena, key: Key, mark: str, within: float = PATIENCE) -> float:
    """Seconds from the request to the sight of the patched Deployment."""

    def patched(found: Object | None) -> bool:
        template: Object = (found or {}).get("spec", {}).get("template", {})
        annotations: Object = template.get("metadata", {}).get("annotations", {})
        return bool(annotations.get("bench.example.org/mark") == mark)

    sight = arena.watcher.sight(DEPLOYMENT, key, patched)
    began = time.monotonic()
    change: Object = {"spec": {"pod": {"annotations": {"bench.example.org/mark": mark}}}}
    generation = arena.kube.patch(arena.workload.kind, *key, change)["metadata"]["generation"]
    seconds = sight.wait(within, f"the edit of {key[1]}") - began
    _settle(arena, key, generation)
    return seconds


def _delete_child(arena: Arena, key: Key, kind: Kind) -> float:
    """Seconds from the request to the sight of the new object."""
    found = next((each, item) for each, item in arena.watcher.items(kind).items() if _is_child(item, key))
    child, uid = found[0], found[1]["metadata"]["uid"]
    sight = arena.watcher.sight(kind, child, lambda new: new is not None and new["metadata"]["uid"] != uid)
    began = time.monotonic()
    arena.kube.delete(kind, *child)
    seconds = sight.wait(PATIENCE, f"the new {kind.kind} {child[1]}") - began
    _settle(arena, key, 0)
    return seconds


def _is_child(item: Object, key: Key) -> bool:
    metadata = item["metadata"]
    return bool((metadata["namespace"], metadata["labels"].get("teamregistry.io/registry")) == key)


def _settle(arena: Arena, key: Key, generation: int) -> None:
    """Wait until the Registry is Ready and stays so for a moment: the next sample finds an idle operator."""
    end = time.monotonic() + PATIENCE
    since = time.monotonic()
    while time.monotonic() - since < 0.3:
        found = arena.watcher.get(arena.workload.kind, key)
        deployment = arena.watcher.get(DEPLOYMENT, key) or {}
        available = deployment.get("status", {}).get("availableReplicas")
        if not (found and found["metadata"]["generation"] >= generation and is_ready(found) and available):
            since = time.monotonic()
        if time.monotonic() > end:
            raise GaveUp(f"{key[1]} was not Ready again within {PATIENCE:.0f} s")
        time.sleep(0.02)


def renewals(subject: Subject) -> Object:
    """Many certificates are due at once → all served; and how often the pods of each were rolled."""
    arena, number = subject.arena, min(RENEWALS, subject.size)
    keys = arena.keys(number)
    before = {key: _generation(arena, key) for key in keys}
    fingerprints = {key: _fingerprint(arena.watcher.get(arena.workload.kind, key)) for key in keys}
    kind = arena.workload.kind
    served = [arena.watcher.sight(kind, key, partial(_serves_other_than, fingerprints[key])) for key in keys]
    watch = subject.begin()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda key: arena.workload.renew(arena.kube, *key), keys))
    result: Object = {"renewed": number, "due_seconds": watch.seconds}
    end = time.monotonic() + subject.limit
    late = 0
    for sight in served:
        try:
            sight.wait(max(0.0, end - time.monotonic()), "the new certificate")
        except GaveUp:
            late += 1
    result |= {"seconds": watch.seconds, "cpu_seconds": watch.cpu()["operator"]}
    if late:
        result["gave_up"] = f"{late} of {number} did not serve the new certificate within {subject.limit:.0f} s"
    subject.rest(subject.limit)
    rolls = [_generation(arena, key) - before[key] for key in keys]
    return result | {"rolls_most": max(rolls), "rolls_mean": round(sum(rolls) / number, 3)}


def _serves_other_than(fingerprint: str, registry: Object | None) -> bool:
    return is_ready(registry) and _fingerprint(registry) != fingerprint


def _generation(arena: Arena, key: Key) -> int:
    return int((arena.watcher.get(DEPLOYMENT, key) or {"metadata": {"generation": 0}})["metadata"]["generation"])


def _fingerprint(registry: Object | None) -> str:
    return str((registry or {}).get("status", {}).get("certificate", {}).get("fingerprint", ""))


def noisy_neighbour(subject: Subject, samples: int) -> Object:
    """Registries that can never be made (their namespace may hold no Secret) and are touched all the time."""
    arena, team = subject.arena, "noisy"
    arena.kube.apply(NAMESPACE, {"metadata": {"name": team}})
    quota = {"metadata": {"namespace": team, "name": "none"}, "spec": {"hard": {"count/secrets": "0"}}}
    arena.kube.apply(RESOURCE_QUOTA, quota)
    eventually(lambda: arena.kube.get(RESOURCE_QUOTA, team, "none").get("status", {}).get("hard"), "the quota")
    names = [f"noisy-{number}" for number in range(NOISY)]
    for name in names:
        body = arena.workload.body(0) | {"metadata": {"namespace": team, "name": name}}
        arena.kube.create(arena.workload.kind, body)
    over = threading.Event()

    def touch() -> None:
        while not over.wait(0.1):
            note = {"metadata": {"annotations": {"example.org/touched": str(time.time_ns())}}}
            arena.kube.patch(arena.workload.kind, team, random.choice(names), note)

    toucher = threading.Thread(target=touch)
    watch = subject.begin()
    toucher.start()
    try:
        result = edit(subject, samples)
    finally:
        over.set()
        toucher.join()
    asked = [entry for entry in subject.look() if busy(entry) and entry.namespace == team]
    seconds = watch.seconds
    arena.kube.delete(NAMESPACE, None, team)
    return result | {
        "neighbours": NOISY,
        "their_requests_per_second": round(len(asked) / seconds, 2),
        "their_requests": count(asked),
    }


def leader_killed(subject: Subject) -> Object:
    """Two replicas with the Lease as installed; the leader gets SIGKILL → the other one's next reconciliation."""
    second = subject.arena.operator()
    try:
        second.start()
        times = [_kill(subject, number) for number in range(KILLS)]
    finally:
        second.end()
        if not subject.operator.alive:
            subject.operator.start()
    return {"samples": KILLS, "seconds": round(sorted(times)[len(times) // 2], 2), "most_seconds": round(max(times), 2)}


def _kill(subject: Subject, number: int) -> float:
    """Seconds from the leader's end to the sight of an edit that was made right after it; the dead one is replaced."""
    arena = subject.arena
    holder = str(arena.kube.get(LEASE, HOME, "registry-operator")["spec"]["holderIdentity"])
    leader = arena.operators[holder]
    leader.kill()
    seconds = _edit(arena, arena.keys(subject.size)[number], f"kill-{time.time_ns()}", within=subject.limit)
    leader.start()
    subject.rest(subject.limit)
    return seconds
