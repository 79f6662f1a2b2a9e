"""The cluster, the stage and the witness that all plans are played on."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry_operator.kube.kinds import NAMESPACE, REGISTRY
from tests.apiserver.conftest import ACCOUNT, define, grant, running_cluster
from tests.cluster.local import LocalCluster
from tests.faults.reference import Reference
from tests.faults.resizer import Resizer
from tests.faults.witness import Witness
from tests.stage.kube import ApiFailure, Kube
from tests.stage.process import SOURCE
from tests.stage.stage import Stage, StagedOperator

ROOT = Path(__file__).parents[2]

OURS = "f-"  # how the names of our namespaces begin


@dataclass
class Options:
    """How long things may take, in seconds, and how many namespaces are played at once."""

    quiet: float = 60.0
    patience: float = 30.0
    size: int = 40
    rest: float = 6.0
    """How long nothing may happen for a reference run to be over."""


@dataclass
class Bench:
    """What a batch needs."""

    stage: Stage
    witness: Witness
    options: Options
    operator: Callable[[Mapping[str, str]], StagedOperator]
    """Makes an operator with these settings, not started yet."""
    references: dict[str, Reference] = field(default_factory=dict)


@contextlib.contextmanager
def opened(folder: Path, options: Options, *, keep: str = "", source: Path = SOURCE) -> Iterator[Bench]:
    """A bench on a cluster of its own, which ends with it; `keep` names one that stays for the next time.

    `source` is the folder with the operator's package: a mutant's is another one.
    """

    def operator(settings: Mapping[str, str]) -> StagedOperator:
        return stage.operator(settings, service_account=ACCOUNT, source=source)

    with _cluster(keep) as cluster, Stage(cluster.kubeconfig, folder / "stage") as stage:
        for namespace in stage.kube.list(NAMESPACE, None):  # of a run that was cut
            if namespace["metadata"]["name"].startswith(OURS):
                clear(stage.kube, namespace["metadata"]["name"])
        install(stage)
        with watched(stage) as witness:
            yield Bench(stage, witness, options, operator)


def clear(kube: Kube, namespace: str) -> None:
    """Delete a namespace; finalizers go with an administrator's hand: the operator's own way is a workload."""
    with contextlib.suppress(ApiFailure):
        for registry in kube.list(REGISTRY, namespace):
            kube.patch(REGISTRY, namespace, registry["metadata"]["name"], {"metadata": {"finalizers": None}})
    with contextlib.suppress(ApiFailure):
        kube.delete(NAMESPACE, None, namespace, missing=True)


@contextlib.contextmanager
def watched(stage: Stage) -> Iterator[Witness]:
    """A witness of what happens on a stage."""
    witness = Witness(stage.kube)
    with _apart(witness.run()), _apart(Resizer(stage, witness).run()):
        yield witness


def install(stage: Stage) -> None:
    """The CRD and the permissions of the shipped manifests, and the CRDs of others that the operator fills."""
    define(stage.kube)
    grant(stage.kube)


@contextlib.contextmanager
def _cluster(keep: str) -> Iterator[LocalCluster]:
    if not keep:
        with running_cluster("faults") as cluster:
            yield cluster
        return
    kept = LocalCluster(keep, control_plane_only=True)
    kept.up()
    yield kept


@contextlib.contextmanager
def _apart(work: Coroutine[Any, Any, None]) -> Iterator[None]:
    """Run something in a loop and thread of its own, so that the proxy's work does not make it wait."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(asyncio.sleep(0.25))  # TLS says goodbye after its session was closed

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        loop.close()


def digest(*roots: Path) -> str:
    """What decides whether a stored reference still holds."""
    summed = hashlib.sha256()
    for root in roots:
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            summed.update(path.read_bytes())
    return summed.hexdigest()[:16]
