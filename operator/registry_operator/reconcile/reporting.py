"""The last step: findings become conditions, and the status is written if it says something new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from registry_operator.api.registry import Registry
from registry_operator.desired import hosts, image, meta
from registry_operator.kube import kinds
from registry_operator.kube.client import Client
from registry_operator.kube.errors import Conflict, NotFound
from registry_operator.reconcile import exposure, storage, workload
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.ensured import Ensured
from registry_operator.reconcile.pace import Pace
from registry_operator.reconcile.probing import Prober
from registry_operator.reconcile.refusals import Raced
from registry_operator.reconcile.registry_cache import Key
from registry_operator.reconcile.tls import Serving
from registry_operator.reconcile.views import DeploymentView
from registry_operator.reconcile.world import Referred, World
from registry_operator.registry.authority import last_chance, renewal_time
from registry_operator.registry.upstream import Access
from registry_operator.status import report, rules
from registry_operator.status.findings import Findings
from registry_operator.status.problems import Problem
from registry_operator.status.reasons import ON_ITS_WAY, Condition, Reason


class Recorder(Protocol):
    """Where Events go; never waits, never fails."""

    def event(self, regarding: Mapping[str, Any], kind: str, reason: str, action: str, note: str) -> None: ...


class Meter(Protocol):
    """Where the statuses of all Registries are read off for Prometheus."""

    def reported(self, namespace: str, name: str, status: Mapping[str, Any]) -> None: ...

    def forget(self, namespace: str, name: str) -> None: ...


class Reporter:
    """Writes the status of Registries."""

    def __init__(
        self,
        client: Client,
        world: World,
        prober: Prober,
        recorder: Recorder,
        meter: Meter,
        pace: Pace | None = None,
    ) -> None:
        self._client = client
        self._world = world
        self._prober = prober
        self._recorder = recorder
        self._meter = meter
        self._answered: set[Key] = set()
        """The Registries for which this process has had an answer from a probe, or has seen that it needs none."""
        self._warned: dict[Key, tuple[int, frozenset[tuple[str, str]]]] = {}
        """What has been told, for which generation."""
        self._pace = pace or Pace()

    def forget(self, key: Key) -> None:
        """The Registry is gone."""
        self._answered.discard(key)
        self._warned.pop(key, None)
        self._pace.written(key)
        self._meter.forget(key.namespace, key.name)

    async def report(self, run: Run, ensured: Ensured) -> float | None:
        """Write what is new; returns the seconds after which time alone makes a difference."""
        registry, serving, accounts = run.registry, ensured.serving, ensured.accounts
        key = Key(registry.namespace, registry.name)
        answer, asking = self._prober.answer(key), self._prober.asking(key)
        carried = asking and answer is None and key not in self._answered
        if not carried:
            self._answered.add(key)
        pending = storage.pending(run)
        if pending and not workload.facts(run).ready:
            run.note(Condition.STORAGE_READY, Problem(Reason.CLAIM_PENDING, pending))
        found = Findings(
            registry=registry,
            now=run.now,
            problems=run.problems,
            storage=storage.facts(run),
            upstream=None if run.upstream is None else run.upstream.access is Access.OPEN,
            workload=workload.facts(run),
            exposure=exposure.facts(run, ensured.service, serving),
            probe=answer,
            probing=asking,
            carried=carried,
            held=tuple(run.writer.held),
            expires=serving.leaf.not_after if serving else None,
            users=accounts.users if accounts else None,
            version=_version(run),
            image=_image(run),
            selector=",".join(f"{key}={value}" for key, value in meta.selector(registry.name).items()),
            host=hosts.host(registry),
            url=hosts.url(registry),
            ca_config_map=ensured.ca_config_map,
            admin_secret=run.names.admin if accounts and accounts.admin else None,
        )
        held = await self._write(registry, report.status(found))
        self._warn(run)
        return _soonest(held, _again(run, serving))

    async def invalid(self, registry: Registry, now: datetime, message: str) -> float | None:
        """A spec that the schema let through and that still makes no sense: nothing is touched, and status says why."""
        return await self._write(registry, report.overlaid(registry, now, rules.invalid(message)))

    async def deleting(self, registry: Registry, now: datetime) -> float | None:
        """A Registry that waits for somebody else's finalizer; without any it is gone already."""
        if registry.finalizers:
            return await self._write(registry, report.overlaid(registry, now, rules.deleting()))
        return None

    async def _write(self, registry: Registry, status: dict[str, Any]) -> float | None:
        """Write it if it is news; returns the seconds after which to look again where it is held back."""
        key = Key(registry.namespace, registry.name)
        self._meter.reported(registry.namespace, registry.name, status)
        if status != registry.status and (held := self._pace.wait(key, registry.status, status)) is not None:
            return held
        if status != registry.status:
            await self._apply(key, registry, status)
        self._pace.written(key)
        return None

    async def _apply(self, key: Key, registry: Registry, status: dict[str, Any]) -> None:
        # The API server ignores a uid here, so the version keeps this from reaching a successor of the same name.
        metadata = {
            "name": registry.name,
            "namespace": registry.namespace,
            "resourceVersion": registry.resource_version,
        }
        body = {"metadata": metadata, "status": status}
        try:
            with self._world.writing_registry(key) as answered:
                answered((await self._client.apply(kinds.REGISTRY, body, subresource="status")).obj)
        except NotFound as error:
            self._world.registries.lost(key, registry.uid)
            raise Raced(str(error)) from error
        except Conflict as error:
            raise Raced(str(error)) from error
        for condition, entry in report.transitions(registry.status, status):
            self._tell(registry, condition, entry)

    def _tell(self, registry: Registry, condition: Condition, entry: Mapping[str, Any]) -> None:
        """An Event for what people want to know: what became ready, what ceased to be, and what is in the way."""
        if condition not in (Condition.READY, Condition.STALLED) or entry["reason"] == Reason.NOT_STALLED:
            return
        good = entry["status"] == ("True" if condition is Condition.READY else "False")
        on_its_way = not good and entry["reason"] in ON_ITS_WAY
        if on_its_way and not _was_ready(registry):
            return  # each step of a start: the conditions tell them, and an Event costs as much as a child
        kind = "Normal" if good or on_its_way else "Warning"
        self._recorder.event(_regarding(registry), kind, entry["reason"], "Reconcile", entry["message"])

    def _warn(self, run: Run) -> None:
        """A Warning when something begins to be so, once for each spec; after a restart what is so is old news, unless
        the spec is new. A walk that was blocked before a step says nothing of what that step warns of."""
        registry = run.registry
        warnings = frozenset(run.warnings)
        if registry.spec.tls.mode == "Disabled":
            warnings |= {("TLSDisabled", "spec.tls.disabled: passwords and images are readable on the way")}
        key = Key(registry.namespace, registry.name)
        restarted = key not in self._warned and registry.status.get("observedGeneration") == registry.generation
        generation, told = self._warned.get(key, (0, frozenset[tuple[str, str]]()))
        known = warnings if restarted else told
        for reason, note in sorted(warnings - known):
            self._recorder.event(_regarding(registry), "Warning", reason, "Reconcile", note)
        self._warned[key] = registry.generation, known | warnings if generation == registry.generation else warnings


def _was_ready(registry: Registry) -> bool:
    conditions = registry.status.get("conditions", ())
    return any(each["type"] == Condition.READY and each["status"] == "True" for each in conditions)


def _regarding(registry: Registry) -> dict[str, Any]:
    return {
        "apiVersion": kinds.REGISTRY.api_version,
        "kind": kinds.REGISTRY.kind,
        "namespace": registry.namespace,
        "name": registry.name,
        "uid": registry.uid,
        "resourceVersion": registry.resource_version,
    }


def references(registry: Registry) -> Iterable[Referred]:
    """What the spec names in its namespace, whose changes concern this Registry."""
    spec, namespace = registry.spec, registry.namespace
    if spec.auth.htpasswd_secret_ref is not None:
        yield Referred(kinds.SECRET, namespace, spec.auth.htpasswd_secret_ref.name)
    if spec.tls.secret_ref is not None:
        yield Referred(kinds.SECRET, namespace, spec.tls.secret_ref)
    if spec.expose.ingress is not None and spec.expose.ingress.tls_secret_name is not None:
        yield Referred(kinds.SECRET, namespace, spec.expose.ingress.tls_secret_name)
    if spec.storage.existing_claim is not None:
        yield Referred(kinds.PERSISTENT_VOLUME_CLAIM, namespace, spec.storage.existing_claim.claim_name)
    bucket = spec.storage.bucket
    if bucket is not None and bucket.credentials_secret_ref is not None:
        yield Referred(kinds.SECRET, namespace, bucket.credentials_secret_ref)
    if spec.storage.s3 is not None and spec.storage.s3.ca_secret_ref is not None:
        yield Referred(kinds.SECRET, namespace, spec.storage.s3.ca_secret_ref.name)
    for endpoint in spec.notifications.endpoints:
        if endpoint.headers_secret_ref is not None:
            yield Referred(kinds.SECRET, namespace, endpoint.headers_secret_ref)
    if spec.proxy is not None and spec.proxy.credentials_secret_ref is not None:
        yield Referred(kinds.SECRET, namespace, spec.proxy.credentials_secret_ref)
    if spec.proxy is not None and spec.proxy.ca_secret_ref is not None:
        yield Referred(kinds.SECRET, namespace, spec.proxy.ca_secret_ref.name)
    issuer = spec.tls.cert_manager.issuer_ref if spec.tls.cert_manager else None
    if issuer is not None and issuer.kind == "ClusterIssuer":
        yield Referred(kinds.CLUSTER_ISSUER, "", issuer.name)
    elif issuer is not None:
        yield Referred(kinds.ISSUER, namespace, issuer.name)


def _image(run: Run) -> str | None:
    """The image that runs, once there is a Deployment."""
    found = workload.current(run)
    return found.view.image if found is not None and isinstance(found.view, DeploymentView) else None


def _version(run: Run) -> str | None:
    """The version that runs: the tag of the image, or the line where the image is pinned by digest."""
    running = _image(run)
    return (image.tag(running) or run.registry.spec.version) if running else None


def _soonest(*moments: float | None) -> float | None:
    return min((each for each in moments if each is not None), default=None)


def _again(run: Run, serving: Serving | None) -> float | None:
    """The nearest moment at which something changes by time alone: a renewal, an expiry, a refusal to try again."""
    moments = [problem.retry for problem in run.problems.values() if problem.retry is not None]
    if serving is not None:
        leaf, own = serving.leaf, run.registry.spec.tls.mode == "SelfSigned"
        dues = [*([renewal_time(leaf)] if own else []), last_chance(leaf), leaf.not_after]
        moments += [(due - run.now + timedelta(seconds=1)).total_seconds() for due in dues if due > run.now]
    return min(moments, default=None)
