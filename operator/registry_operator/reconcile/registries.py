"""The reconciliation of one Registry, on one screen: read all, gate, write what differs in order, report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from registry_operator.api.parse import InvalidSpec, parse
from registry_operator.api.registry import Registry
from registry_operator.kube.client import Client
from registry_operator.reconcile import (
    accounts,
    deletion,
    exposure,
    lines,
    monitoring,
    network,
    probing,
    pruning,
    renewal,
    reporting,
    scaling,
    storage,
    tls,
    upstream,
    workload,
)
from registry_operator.reconcile.context import Defaults, Run
from registry_operator.reconcile.elsewhere import Elsewhere
from registry_operator.reconcile.ensured import Ensured
from registry_operator.reconcile.registry_cache import Key
from registry_operator.reconcile.views import ServiceView
from registry_operator.reconcile.workload import Inputs
from registry_operator.reconcile.world import World
from registry_operator.reconcile.writer import Writer
from registry_operator.status.problems import Blocked
from registry_operator.status.reasons import Condition


class RegistryReconciler:
    """Brings Registries about; one call for one key, never two at once for the same key."""

    def __init__(
        self,
        client: Client,
        world: World,
        prober: probing.Prober,
        reporter: reporting.Reporter,
        defaults: Defaults,
        elsewhere: Elsewhere,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._world = world
        self._prober = prober
        self._reporter = reporter
        self._defaults = defaults
        self._elsewhere = elsewhere
        self._now = now

    async def __call__(self, key: Key) -> float | None:
        """Reconcile; returns after how many seconds to look again without being told, if at all."""
        body = self._world.registries.get(key)
        if body is None:
            self._forget(key)
            return None
        if body["metadata"].get("deletionTimestamp"):
            return await self._finish(key, body)
        try:
            registry = parse(body)
        except InvalidSpec as error:
            self._prober.drop(key)  # what is known of the pods gets old, and with it whom to ask, and how
            self._elsewhere.drop(key)
            return await self._reporter.invalid(parse({**body, "spec": {}}), self._now(), str(error))
        self._world.refer(key, reporting.references(registry))
        run = self._run(registry)
        if await deletion.prepare(self._client, run):
            return 0.0  # the Registry has a new version now: decide on that
        ensured = await self._ensure(run)
        self._prober.follow(run, ensured)
        return await self._reporter.report(run, ensured)

    def _run(self, registry: Registry) -> Run:
        writer = Writer(self._client, self._world, registry)
        return Run(registry, self._world, writer, self._defaults, self._now(), self._elsewhere)

    async def _finish(self, key: Key, body: Mapping[str, Any]) -> float | None:
        """Nothing is kept in shape any more; a spec that cannot be read keeps nobody from deleting."""
        self._prober.drop(key)
        self._elsewhere.drop(key)
        try:
            registry = parse(body)
        except InvalidSpec:
            registry = deletion.readable(body)
        if await deletion.finish(self._client, self._run(registry)):
            return 0.0  # the Registry has a new version now, or is gone
        return await self._reporter.deleting(registry, self._now())

    def _forget(self, key: Key) -> None:
        self._world.refer(key, ())
        self._prober.drop(key)
        self._elsewhere.drop(key)
        self._reporter.forget(key)

    async def _ensure(self, run: Run) -> Ensured:
        """Every child in its order. A blocked step keeps only what depends on it from being done."""
        try:
            lines.guard(run)
        except Blocked as error:  # the whole spec is not to be followed: what runs, runs on
            run.note(Condition.STALLED, error.problem)
            return await self._unchanged(run)
        made = await run.attempt(Condition.WORKLOAD_READY, network.service_account(run))
        account = made or network.known_service_account(run)
        await run.attempt(Condition.EXPOSED, network.network_policy(run))
        await run.attempt(Condition.EXPOSED, exposure.withdraw(run))
        await run.attempt(Condition.MONITORED, monitoring.pod_monitor(run))
        service = await run.attempt(Condition.WORKLOAD_READY, network.service(run))
        service = service or network.known_service(run)  # one that may not be changed still serves
        own = await run.attempt(Condition.CREDENTIALS_READY, accounts.internal(run))
        if own is None:
            return await self._unchanged(run)
        serving = await self._serving(run, own, service)
        bundle = tls.trust(run, serving, workload.mounted(run))
        published = await run.attempt(Condition.CERTIFICATE_READY, tls.publish(run, bundle))
        users = await self._accounts(
            run, own, tls.Trust(bundle, known=serving is not None or not run.registry.spec.tls.enabled)
        )
        await run.attempt(Condition.EXPOSED, exposure.ingress(run, serving))
        await run.attempt(Condition.EXPOSED, exposure.gateway(run, serving, published))
        place = await storage.place(run, own.salt_key)
        source = await upstream.source(run, own.salt_key)
        done = False
        if account and service and place and source and self._complete(run, users, serving):
            served = (serving.secret if serving else None, users.secret if users else None)
            done = await self._workload(run, own, Inputs(*served, place, source), bundle)
        if not done:
            risky = place is None or source is None
            await run.attempt(Condition.WORKLOAD_READY, renewal.hand_over(run, serving, risky=risky))
        return Ensured(service, users, tls.live(run, serving), published)

    async def _accounts(self, run: Run, own: accounts.Internal, trust: tls.Trust) -> accounts.Accounts | None:
        """The password file; the last good one while the wished one cannot be had.

        Before the first certificate is there the administrator's Secret is not made either: users would mount it
        without the CA, and it would be written twice.
        """
        if run.registry.spec.auth.mode == "Disabled" or (not trust.known and accounts.lacks_admin(run)):
            return None
        try:
            return await accounts.accounts(run, own, await accounts.admin(run, trust))
        except Blocked as error:
            run.note(Condition.CREDENTIALS_READY, error.problem)
            return accounts.last_good(run, own)

    async def _serving(self, run: Run, own: accounts.Internal, service: ServiceView | None) -> tls.Serving | None:
        if not run.registry.spec.tls.enabled:
            return None
        if service is None:
            return tls.last_good(run)
        return await tls.serving(run, own.salt_key, service.cluster_ips)

    @staticmethod
    def _complete(run: Run, users: accounts.Accounts | None, serving: tls.Serving | None) -> bool:
        """Whether there are a certificate and accounts, checked and where pods can read them."""
        spec = run.registry.spec
        if spec.auth.mode == "Htpasswd" and users is None:
            return False
        return serving is not None or not spec.tls.enabled

    async def _unchanged(self, run: Run) -> Ensured:
        """What runs, so that it is still probed and reported; untouched but for a certificate that is about to end."""
        service = network.known_service(run)
        own = accounts.known_internal(run)
        if service is None or own is None:
            return Ensured(service, None, tls.last_good(run))
        serving = await self._serving(run, own, service)
        bundle = tls.trust(run, serving, workload.mounted(run))
        published = await run.attempt(Condition.CERTIFICATE_READY, tls.publish(run, bundle))
        await run.attempt(Condition.WORKLOAD_READY, renewal.hand_over(run, serving))
        return Ensured(service, accounts.last_good(run, own), tls.live(run, serving), published)

    @staticmethod
    async def _workload(run: Run, own: accounts.Internal, inputs: Inputs, bundle: str | None) -> bool:
        """The pods and what stands beside them, on inputs that exist; and the end of what they need no longer.

        Returns whether the pods have been brought to what is wished.
        """
        config = await run.attempt(Condition.WORKLOAD_READY, workload.configuration(run, own, inputs))
        if config is None:
            return False
        done = await run.attempt(Condition.WORKLOAD_READY, workload.workload(run, config, inputs)) is not None
        if done:
            await run.attempt(Condition.WORKLOAD_READY, scaling.budget_and_autoscaler(run))
        addressed = inputs.secrets | {config}
        await run.attempt(Condition.WORKLOAD_READY, pruning.prune(run, addressed, workload.mounted(run)))
        await run.attempt(Condition.WORKLOAD_READY, pruning.prune_trust(run, bundle))
        return done
