"""The wiring: the only place that knows everything, and how the process starts and ends."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import kopf

from registry_operator import handlers
from registry_operator.desired.network_policy import OperatorPods
from registry_operator.engine.leader import Leader
from registry_operator.engine.queue import KeyedQueue
from registry_operator.kube import kinds
from registry_operator.kube.auth import ClusterConfig
from registry_operator.kube.client import Client
from registry_operator.kube.errors import ApiError
from registry_operator.kube.session import open_session
from registry_operator.observe import checks
from registry_operator.observe.events import Recorder
from registry_operator.observe.health import HealthServer
from registry_operator.observe.metrics import Metrics
from registry_operator.observe.statuses import Statuses
from registry_operator.reconcile.context import Defaults
from registry_operator.reconcile.elsewhere import Elsewhere
from registry_operator.reconcile.listing import defined, relist
from registry_operator.reconcile.probing import Prober
from registry_operator.reconcile.refusals import Raced
from registry_operator.reconcile.registries import RegistryReconciler
from registry_operator.reconcile.registry_cache import Key
from registry_operator.reconcile.reporting import Reporter
from registry_operator.reconcile.world import World
from registry_operator.settings import Settings

log = logging.getLogger(__name__)

CONTROLLER = "registry"
GRACE_SECONDS = 20
LOOK_AGAIN_SECONDS = 5


def _defaults(settings: Settings) -> Defaults:
    pods = OperatorPods(settings.pod_namespace, settings.pod_labels) if settings.pod_namespace else None
    return Defaults(
        images=settings.images,
        cluster_domain=settings.cluster_domain,
        operator_pods=pods,
        monitoring_namespaces=settings.monitoring_namespaces,
    )


class App:
    """One process of the operator."""

    def __init__(self, settings: Settings, config: ClusterConfig) -> None:
        self._settings = settings
        self._config = config
        self._metrics = Metrics()
        self._statuses = Statuses()
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()
        """The work is done; kopf may end too, which cancels all that was begun after it."""
        self._failure: str | None = None
        self._undefined = False
        self._working = False
        """Whether keys are worked on; a standby has nothing to finish."""
        self._queue: KeyedQueue[Key] = KeyedQueue(
            on_error=self._failed, observer=self._metrics.queue_observer(CONTROLLER)
        )
        self._client = Client(
            config,
            observer=self._metrics.request,
            limit=max(32, settings.workers * 2),
            may_write=self._leads,
        )
        self._world = World(self._client, settings.namespaces, self._queue.add)
        self._prober = Prober(
            self._queue.add,
            interval=settings.probe_interval_seconds,
            upload_interval=settings.upload_interval_seconds,
            concurrency=settings.probe_concurrency,
            override=settings.probe_resolver,
        )
        self._elsewhere = Elsewhere(
            self._queue.add, interval=settings.probe_interval_seconds, concurrency=settings.probe_concurrency
        )
        self._recorder = Recorder(self._client, "teamregistry.io/registry-operator", settings.identity)
        self._leader = Leader(
            self._client,
            settings.lease_namespace or config.namespace,
            settings.lease_name,
            settings.identity,
            lost=self._lost,
            duration=settings.lease_duration_seconds,
        )
        self._reconciler = RegistryReconciler(
            self._client,
            self._world,
            self._prober,
            Reporter(self._client, self._world, self._prober, self._recorder, self._statuses),
            _defaults(settings),
            self._elsewhere,
        )

    async def run(self) -> int:
        """Run until a signal (0) or until going on would be wrong (1)."""
        self._take_signals()
        self._metrics.read_queue(CONTROLLER, self._queue)
        self._metrics.read(self._statuses)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._client)
            await stack.enter_async_context(self._health())
            tasks = [
                *(informer.start() for informer in self._world.informers),
                asyncio.create_task(self._recorder.run(), name="events"),
                asyncio.create_task(self._resync(), name="resync"),
            ]
            work = asyncio.create_task(self._work(), name="work")
            watch = asyncio.create_task(self._watch(), name="kopf")  # last: kopf cancels tasks that are younger
            stopped = asyncio.create_task(self._stop.wait(), name="stop")
            await asyncio.wait([*tasks, work, watch, stopped], return_when=asyncio.FIRST_COMPLETED)
            if work.cancelled():  # by kopf, which is ending and cancels what others began after it
                await asyncio.wait([watch], timeout=GRACE_SECONDS)
            self._blame([watch, *tasks, work])
            await self._end(work, [*tasks, watch, stopped])
        return 1 if self._failure else 0

    def _take_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)

    async def _take_signals_back(self, started: asyncio.Event) -> None:
        """kopf takes them when it starts, and would end first: with work cut off, and with the Lease kept."""
        await started.wait()
        self._take_signals()

    def _blame(self, tasks: list[asyncio.Task[Any]]) -> None:
        """A task that ended by itself is a reason to start afresh: everything is read again within seconds."""
        for task in tasks:
            if task.done() and not self._stop.is_set() and self._failure is None:
                error = None if task.cancelled() else task.exception()
                self._failure = f"{task.get_name()} ended: {error or 'without an error'}"
                log.error("%s; exiting, to be started afresh", self._failure)

    async def _end(self, work: asyncio.Task[Any], tasks: list[asyncio.Task[Any]]) -> None:
        """Finish what is in work, give the Lease back, and end the rest."""
        self._queue.stop()
        if self._failure is None and self._working:
            await asyncio.wait([work], timeout=GRACE_SECONDS)
        if self._leads():  # who lost the Lease writes nothing more, no Event either
            await self._recorder.drain()
        self._ended.set()
        work.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(work, *tasks, return_exceptions=True)
        await self._prober.close()
        await self._elsewhere.close()
        if self._settings.leader_election:
            await self._leader.release()  # which does nothing where the Lease is lost

    async def _watch(self) -> None:
        """kopf's watch of the Registries; it ends when its credentials or the CRD are gone."""
        namespaces = self._settings.namespaces
        await self._definition(namespaces)
        started = asyncio.Event()
        signals = asyncio.create_task(self._take_signals_back(started), name="signals")
        try:
            await self._operate(namespaces, started)
        except Exception as error:
            if getattr(error, "status", None) == 404:
                raise RuntimeError(f"{kinds.REGISTRY} is no longer served: its CRD was deleted") from error
            raise
        finally:
            signals.cancel()

    async def _definition(self, namespaces: tuple[str, ...] | None) -> None:
        """Wait for our CRD: kopf looks for it once, when it starts, and would then wait for ever."""
        while True:
            try:
                if await defined(self._client, namespaces):
                    break
            except ApiError as error:
                log.warning("cannot tell whether %s is served: %s", kinds.REGISTRY, error)
            else:
                if not self._undefined:
                    log.error("%s is not served: install the CRD (crds/ in the sources)", kinds.REGISTRY)
                self._undefined = True
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        self._undefined = False

    async def _operate(self, namespaces: tuple[str, ...] | None, started: asyncio.Event) -> None:
        await kopf.operator(
            registry=handlers.registry(self._seen, self._gone, self._config.server, lambda: open_session(self._config)),
            settings=handlers.settings(),
            clusterwide=namespaces is None,
            namespaces=namespaces or (),
            ready_flag=started,
            stop_flag=self._ended,
            identity=self._settings.identity,  # type: ignore[arg-type]
        )

    async def _work(self) -> None:
        """Wait for whole caches and for leadership, then reconcile."""
        await asyncio.gather(*(informer.synced.wait() for informer in self._world.informers))
        log.info("caches are filled: %d Registries", len(self._world.registries))
        if self._settings.leader_election:
            await self._leader.acquire()
        self._metrics.leading(self._settings.lease_name, True)
        self._working = True
        await self._queue.run(self._reconcile, self._settings.workers)

    async def _reconcile(self, key: Key) -> float | None:
        started = asyncio.get_running_loop().time()
        result = "error"
        try:
            again = await self._reconciler(key)
            result = "success" if again is None else "requeue_after"
            return again
        finally:
            self._metrics.reconciled(CONTROLLER, result, asyncio.get_running_loop().time() - started)

    async def _resync(self) -> None:
        """The net under all watches: list the Registries now and then, and look at each of them once."""
        while True:
            await asyncio.sleep(self._settings.resync_seconds * (0.9 + random.random() / 5))
            await relist(self._client, self._world.registries, self._settings.namespaces, self._queue.add)
            for key in self._world.registries:
                self._queue.add_after(key, random.random() * min(60, self._settings.resync_seconds / 2))

    def _seen(self, body: Mapping[str, Any]) -> None:
        if (key := self._world.registries.seen(body)) is not None:
            self._queue.add(key)

    def _gone(self, body: Mapping[str, Any]) -> None:
        if (key := self._world.registries.gone(body)) is not None:
            self._queue.forget(key)
            self._queue.add(key)

    def _leads(self) -> bool:
        """Whether this process may write; a single one always."""
        return not self._settings.leader_election or self._leader.leading

    def _lost(self, reason: str) -> None:
        """Without the Lease nothing may be written any more: another one works already."""
        self._failure = f"the Lease is lost: {reason}"
        log.error("%s; exiting", self._failure)
        self._metrics.leading(self._settings.lease_name, False)
        self._queue.stop()
        self._stop.set()

    def _failed(self, key: Key, error: Exception, failures: int, wait: float) -> None:
        where = f"{key.namespace}/{key.name}"
        if isinstance(error, Raced):
            log.debug("%s: %s; deciding again in %.1f s", where, error, wait)
        elif isinstance(error, ApiError):
            log.warning("%s: %s; trying again in %.1f s", where, error, wait)
        else:
            log.error("%s: failed %d times, trying again in %.1f s", where, failures, wait, exc_info=error)

    def _health(self) -> HealthServer:
        return HealthServer(
            health_port=self._settings.health_port,
            metrics_port=self._settings.metrics_port,
            live={"worker": checks.stuck_worker(self._queue)},
            ready={
                "informers": checks.informers(self._world.informers),
                "queue": checks.pile_up(self._queue, self._leads),
                "crd": lambda: f"{kinds.REGISTRY} is not served: its CRD is missing" if self._undefined else None,
            },
            metrics=self._metrics.exposition,
        )
