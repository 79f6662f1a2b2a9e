"""The metrics' names and values, as Prometheus reads them."""

from __future__ import annotations

import asyncio
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from registry_operator.engine.queue import KeyedQueue
from registry_operator.observe.metrics import Metrics
from registry_operator.observe.statuses import Statuses
from tests.unit.clock import FakeClock, settle

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(metrics: Metrics) -> Samples:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def value(samples: Samples, name: str, /, **labels: str) -> float:
    return samples[name, tuple(sorted(labels.items()))]


def test_reconciliations() -> None:
    metrics = Metrics()
    metrics.reconciled("registry", "success", 0.2)
    metrics.reconciled("registry", "error", 2.0)
    samples = scrape(metrics)
    assert value(samples, "controller_runtime_reconcile_total", controller="registry", result="success") == 1
    assert value(samples, "controller_runtime_reconcile_total", controller="registry", result="error") == 1
    assert value(samples, "controller_runtime_reconcile_errors_total", controller="registry") == 1
    assert value(samples, "controller_runtime_reconcile_time_seconds_sum", controller="registry") == 2.2
    assert not any(name.endswith("_created") for name, _ in samples)


def test_requests() -> None:
    metrics = Metrics()
    for verb, code in (("LIST", 200), ("WATCH", 200), ("GET", 200), ("PATCH", 409), ("PATCH", 0)):
        metrics.request(verb, "secrets", code, 0.5)
    samples = scrape(metrics)
    assert value(samples, "rest_client_requests_total", code="200", method="GET") == 3
    assert value(samples, "rest_client_requests_total", code="409", method="PATCH") == 1
    assert value(samples, "rest_client_requests_total", code="<error>", method="PATCH") == 1
    assert value(samples, "rest_client_request_duration_seconds_count", verb="LIST") == 1
    assert ("rest_client_request_duration_seconds_count", (("verb", "WATCH"),)) not in samples


async def test_a_queue() -> None:
    metrics, clock = Metrics(), FakeClock()
    queue: KeyedQueue[str] = KeyedQueue(clock=clock, observer=metrics.queue_observer("registry"))
    metrics.read_queue("registry", queue)
    held = asyncio.Event()

    async def work(key: str) -> None:
        if key == "bad":
            raise ValueError
        await held.wait()

    queue.add("bad")
    queue.add("good")
    queue.add("waits")
    await clock.advance(2)
    task = asyncio.create_task(queue.run(work, 1))
    await clock.advance(7)
    samples = scrape(metrics)
    assert value(samples, "workqueue_adds_total", name="registry") == 4
    assert value(samples, "workqueue_depth", name="registry") == 2
    assert value(samples, "workqueue_retries_total", name="registry") == 1
    assert value(samples, "workqueue_longest_running_processor_seconds", name="registry") == 7
    assert value(samples, "workqueue_queue_duration_seconds_sum", name="registry") == 4
    assert value(samples, "workqueue_work_duration_seconds_count", name="registry") == 1
    held.set()
    await settle()
    assert value(scrape(metrics), "workqueue_work_duration_seconds_sum", name="registry") == 7
    task.cancel()
    await asyncio.wait([task])


def test_leadership() -> None:
    metrics = Metrics()
    metrics.leading("registry-operator", True)
    assert value(scrape(metrics), "leader_election_master_status", name="registry-operator") == 1
    metrics.leading("registry-operator", False)
    assert value(scrape(metrics), "leader_election_master_status", name="registry-operator") == 0


def status(ready: str, **more: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}, {"type": "Writable", "status": "Unknown"}]
    return {"conditions": conditions, **more}


def test_what_is_told_of_each_registry() -> None:
    metrics, statuses = Metrics(), Statuses()
    metrics.read(statuses)
    expiry = {"notBefore": "2026-11-29T07:00:00Z", "notAfter": "2026-11-29T08:00:00Z"}
    statuses.reported("team-a", "images", status("True", certificate=expiry, storage={"claimName": "images-data"}))
    statuses.reported("team-b", "images", status("False", storage={"kind": "EmptyDir"}))
    statuses.reported("team-c", "images", status("Unknown"))
    samples = scrape(metrics)
    a, b = {"namespace": "team-a", "registry": "images"}, {"namespace": "team-b", "registry": "images"}
    prefix = "registry_operator_registry"
    assert value(samples, f"{prefix}_condition", condition="Ready", **a) == 1
    assert value(samples, f"{prefix}_condition", condition="Ready", **b) == 0
    assert value(samples, f"{prefix}_certificate_not_after_seconds", **a) == 1795939200
    assert value(samples, f"{prefix}_certificate_lifetime_seconds", **a) == 3600
    assert value(samples, f"{prefix}_claim_info", persistentvolumeclaim="images-data", **a) == 1
    assert value(samples, "registry_operator_registries", condition="Writable", status="Unknown") == 3
    assert len([name for name, _ in samples if name.startswith(prefix + "_")]) == 5


def test_a_registry_that_is_gone_leaves_no_series() -> None:
    metrics, statuses = Metrics(), Statuses()
    metrics.read(statuses)
    statuses.reported("team-a", "images", status("True"))
    statuses.forget("team-a", "images")
    assert not [name for name, _ in scrape(metrics) if name.startswith("registry_operator_")]


def test_the_process_itself() -> None:
    names = {name for name, _ in scrape(Metrics())}
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "python_info"} <= names


def test_two_operators_in_one_process_do_not_share() -> None:
    one, other = Metrics(), Metrics()
    one.reconciled("registry", "success", 0.1)
    assert not any(name.startswith("controller_runtime_reconcile_total") for name, _ in scrape(other))
