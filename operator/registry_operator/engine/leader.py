"""Leadership by a Lease, with the rules of client-go's leader election.

No clock of another machine is ever compared with ours: a holder counts as alive for its Lease's duration since *we*
last saw the Lease change. Every write is conditional on the resourceVersion: of two candidates one gets a conflict.
The leader gives up (`lost`) when it could not renew for `renew_deadline` seconds, before any other can have taken
over, and from then on writes nothing, the Lease included; the process must exit, since work may be in flight.
kopf's peering was rejected: equal priorities pause each other, and a crashed peer blocks for a minute.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from registry_operator.engine.clock import Clock, LoopClock, Timer, sleep
from registry_operator.kube.client import Client
from registry_operator.kube.errors import AlreadyExists, ApiError, Conflict, NotFound
from registry_operator.kube.kinds import LEASE

_LOG = logging.getLogger(__name__)
_RELEASE_SECONDS = 5


class Leader:
    """One candidate. The identity must be unique to this process."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        *,
        lost: Callable[[str], None],
        duration: float = 15,
        clock: Clock | None = None,
    ) -> None:
        """`duration` is that of the Lease in seconds: it is renewed five times in the two thirds of it after which
        the leader gives up, as client-go's defaults have it. `lost` is called once, with the reason, from the event
        loop and at once."""
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._lost = lost
        self._duration = duration
        self._renew_deadline = duration * 2 / 3
        self._retry = duration * 2 / 15
        self._clock = clock or LoopClock()
        self._lease: dict[str, Any] = {}
        self._seen_at = 0.0  # when the Lease was last seen to change
        self._renewed_at: float | None = None  # when the last successful renewal was *sent*
        self._watchdog: Timer | None = None
        self._renewal: asyncio.Task[None] | None = None

    @property
    def leading(self) -> bool:
        """Whether writing is safe at this moment; false also when the process slept through its own deadline."""
        return self._renewed_at is not None and self._clock.now() - self._renewed_at < self._duration

    @property
    def holder(self) -> str:
        """Who held the Lease when it was last looked at."""
        return str((self._lease.get("spec") or {}).get("holderIdentity") or "")

    async def acquire(self) -> None:
        """Wait until this process leads; from then on the Lease is renewed in the background."""
        said = ""
        while True:
            sent = self._clock.now()
            try:
                async with asyncio.timeout(self._renew_deadline):
                    if await self._try_to_acquire():
                        break
                outcome = f"standing by: it is held by {self.holder}"
            except (Conflict, AlreadyExists):
                outcome = "standing by: another candidate was faster"
            except (ApiError, TimeoutError) as error:
                outcome = f"it cannot be acquired: {str(error) or 'the API server is too slow'}"
            if outcome != said:
                said = outcome
                _LOG.info("the Lease %s/%s: %s", self._namespace, self._name, outcome)
            await sleep(self._clock, self._retry * (1 + random.random() / 5))
        self._note_renewal(sent)
        self._renewal = asyncio.create_task(self._keep(), name="lease renewal")
        _LOG.info("leading: %s holds the Lease %s/%s", self._identity, self._namespace, self._name)

    async def release(self) -> None:
        """Stop renewing and let the next one in at once. Not after `lost`: the Lease may be another's by then."""
        leading = self.leading
        await self._stop()
        if not leading:
            return
        spec = {"holderIdentity": None, "leaseDurationSeconds": 1, "renewTime": _now(), "acquireTime": _now()}
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._write_as_holder(spec)
        except (ApiError, TimeoutError) as error:
            _LOG.warning("the Lease is not released and runs out by itself in %g s: %s", self._duration, error)

    async def _try_to_acquire(self) -> bool:
        """Look at the Lease and take it if it is free, or its holder has been silent for too long."""
        try:
            self._observe(await self._client.get(LEASE, self._namespace, self._name))
        except NotFound:
            self._observe(await self._client.create(LEASE, self._fresh()))
            return True
        spec = self._lease.get("spec") or {}
        duration = float(spec.get("leaseDurationSeconds") or self._duration)
        if self.holder not in ("", self._identity) and self._clock.now() < self._seen_at + duration:
            return False
        transitions = int(spec.get("leaseTransitions") or 0) + 1
        await self._write({**self._spec(), "acquireTime": _now(), "leaseTransitions": transitions})
        return True

    async def _keep(self) -> None:
        """Renew until it cannot be done any more. The watchdog gives up even while a request hangs."""
        while True:
            await sleep(self._clock, self._retry)
            sent = self._clock.now()
            try:
                await self._renew()
            except ApiError as error:
                _LOG.warning("the Lease %s/%s cannot be renewed: %s", self._namespace, self._name, error)
                continue
            if self.holder != self._identity:
                self._give_up(f"the Lease is held by {self.holder or 'nobody'} now")
                return
            self._note_renewal(sent)

    async def _renew(self) -> None:
        try:
            await self._write_as_holder(self._spec())
        except NotFound:  # somebody deleted it
            self._observe(await self._client.create(LEASE, self._fresh()))

    def _note_renewal(self, sent: float) -> None:
        """The deadline counts from before the request, others count from after it: we always give up first."""
        self._renewed_at = sent
        if self._watchdog is not None:
            self._watchdog.cancel()
        left = sent + self._renew_deadline - self._clock.now()
        reason = f"the Lease could not be renewed for {self._renew_deadline:g} s"
        self._watchdog = self._clock.call_later(max(0.0, left), lambda: self._give_up(reason))

    def _give_up(self, reason: str) -> None:
        if self._renewed_at is None:
            return
        self._renewed_at = None
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._renewal is not None and self._renewal is not asyncio.current_task():
            self._renewal.cancel()
        _LOG.error("leadership lost: %s", reason)
        self._lost(reason)

    async def _stop(self) -> None:
        self._renewed_at = None
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait([self._renewal])

    async def _write_as_holder(self, spec: dict[str, Any]) -> None:
        try:
            await self._write(spec)
        except Conflict:  # somebody wrote to it: an edit, a write of ours whose answer was lost, or a takeover?
            self._observe(await self._client.get(LEASE, self._namespace, self._name))
            if self.holder == self._identity:
                await self._write(spec)

    async def _write(self, spec: dict[str, Any]) -> None:
        patch = {"metadata": {"resourceVersion": self._lease["metadata"]["resourceVersion"]}, "spec": spec}
        self._observe(await self._client.merge(LEASE, self._namespace, self._name, patch))

    def _observe(self, lease: dict[str, Any]) -> None:
        if lease.get("spec") != self._lease.get("spec"):
            self._seen_at = self._clock.now()
        self._lease = lease

    def _spec(self) -> dict[str, Any]:
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": round(self._duration),
            "renewTime": _now(),
        }

    def _fresh(self) -> dict[str, Any]:
        spec = {**self._spec(), "acquireTime": _now(), "leaseTransitions": 0}
        return {"metadata": {"namespace": self._namespace, "name": self._name}, "spec": spec}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
