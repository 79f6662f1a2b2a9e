"""The operator's metrics, by the names of controller-runtime so that existing dashboards and alerts fit.

No label here holds the name of an object: a thousand Registries must not become a thousand series of each metric.
The few facts that are told of each Registry are in `statuses.py`.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from registry_operator.engine.queue import KeyedQueue

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_WORK_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody reads


class Metrics:
    """One process's metrics, in a registry of their own: tests start several operators in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._reconciles = self._counter("controller_runtime_reconcile", "Reconciliations", "controller", "result")
        self._errors = self._counter("controller_runtime_reconcile_errors", "Failed reconciliations", "controller")
        self._times = self._histogram(
            "controller_runtime_reconcile_time_seconds", "Length of one reconciliation", "controller"
        )
        self._depth = self._gauge("workqueue_depth", "Keys that wait for a worker", "name")
        self._adds = self._counter("workqueue_adds", "Keys put on the queue", "name")
        self._waits = self._histogram("workqueue_queue_duration_seconds", "Wait of a key for a worker", "name")
        self._works = self._histogram("workqueue_work_duration_seconds", "Time a worker took for a key", "name")
        self._retries = self._counter("workqueue_retries", "Keys that failed and are tried again", "name")
        self._longest = self._gauge(
            "workqueue_longest_running_processor_seconds", "Age of the longest run that is not finished", "name"
        )
        self._requests = self._counter("rest_client_requests", "Requests to the API server", "code", "method")
        self._request_times = self._histogram(
            "rest_client_request_duration_seconds", "Time to the API server's answer", "verb"
        )
        self._leading = self._gauge("leader_election_master_status", "1 on the replica that leads", "name")

    def reconciled(self, controller: str, result: str, seconds: float) -> None:
        """One reconciliation ended: `result` is success, requeue_after or error."""
        self._reconciles.labels(controller, result).inc()
        self._times.labels(controller).observe(seconds)
        if result == "error":
            self._errors.labels(controller).inc()

    def request(self, verb: str, _resource: str, code: int, seconds: float) -> None:
        """One request to the API server: the client's observer. Code 0: there was no answer."""
        method = "GET" if verb in ("LIST", "WATCH") else verb
        self._requests.labels(str(code) if code else "<error>", method).inc()
        if verb != "WATCH":
            self._request_times.labels(verb).observe(seconds)

    def leading(self, name: str, leads: bool) -> None:
        """Whether this replica leads by the Lease `name`."""
        self._leading.labels(name).set(leads)

    def queue_observer(self, name: str) -> QueueMetrics:
        """What a queue of this name reports to."""
        return QueueMetrics(
            self._adds.labels(name), self._waits.labels(name), self._works.labels(name), self._retries.labels(name)
        )

    def read_queue(self, name: str, queue: KeyedQueue[Any]) -> None:
        """Read depth and age of this queue at each scrape."""
        self._depth.labels(name).set_function(lambda: queue.depth)
        self._longest.labels(name).set_function(queue.longest_run)

    def read(self, collector: Collector) -> None:
        """Ask this one, too, at each scrape."""
        self.registry.register(collector)

    def exposition(self) -> bytes:
        """All metrics in the Prometheus text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, f"{text}.", labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, f"{text}.", labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, f"{text}.", labels, registry=self.registry, buckets=_WORK_BUCKETS)


class QueueMetrics:
    """The numbers of one queue."""

    def __init__(self, adds: Counter, waits: Histogram, works: Histogram, retries: Counter) -> None:
        self._adds, self._waits, self._works, self._retries = adds, waits, works, retries

    def added(self) -> None:
        self._adds.inc()

    def started(self, waited: float) -> None:
        self._waits.observe(waited)

    def finished(self, worked: float) -> None:
        self._works.observe(worked)

    def retried(self) -> None:
        self._retries.inc()
