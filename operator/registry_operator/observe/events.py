"""Kubernetes Events about our objects. They are a courtesy: one that cannot be sent is dropped with a log line.

`Recorder.event` never waits and never fails. What is identical within ten minutes is sent once, and one object that
makes very many different ones is cut off for a while, so that a loop cannot fill etcd.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from registry_operator.engine.clock import Clock, LoopClock
from registry_operator.kube.client import Client
from registry_operator.kube.errors import ApiError
from registry_operator.kube.kinds import EVENT

_LOG = logging.getLogger(__name__)
_REPEAT_SECONDS = 600.0
_BURST = 25
_REFILL_SECONDS = 60.0
_REMEMBERED = 8192
_WAITING = 1000
_NOTE_BYTES = 1024


@dataclass
class _Bucket:
    tokens: float
    at: float


class Recorder:
    """Sends Events in the background, one after the other."""

    def __init__(self, client: Client, controller: str, instance: str, *, clock: Clock | None = None) -> None:
        """`controller` and `instance` stand in the Event: a qualified name of the operator, and this process."""
        self._client = client
        self._controller = controller
        self._instance = instance
        self._clock = clock or LoopClock()
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_WAITING)
        self._sent: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def event(self, regarding: Mapping[str, str], type: str, reason: str, action: str, note: str) -> None:
        """Tell that something happened to `regarding` (apiVersion, kind, namespace, name, uid).

        `type` is Normal or Warning, `reason` a stable CamelCase word, `action` what the operator did or tried.
        """
        who = f"{regarding.get('kind')} {regarding.get('namespace')}/{regarding.get('name')}"
        key = (regarding.get("uid") or who, type, reason, action, note)
        if self._repeated(key):
            return
        if not self._allowed(key[0]):
            _LOG.info("%s: too many events, this one is not sent: %s: %s", who, reason, note)
            return
        try:
            self._waiting.put_nowait(self._object(regarding, type, reason, action, note))
        except asyncio.QueueFull:
            _LOG.warning("%s: events pile up, this one is not sent: %s: %s", who, reason, note)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            obj = await self._waiting.get()
            try:
                await self._client.create(EVENT, obj)
            except ApiError as error:
                _LOG.info("the event %s about %s is dropped: %s", obj["reason"], obj["regarding"].get("name"), error)
            finally:
                self._waiting.task_done()

    async def drain(self, seconds: float = 2) -> None:
        """Wait until all is sent, but not longer; while `run` runs."""
        try:
            async with asyncio.timeout(seconds):
                await self._waiting.join()
        except TimeoutError:
            _LOG.info("%d events are dropped at the end", self._waiting.qsize())

    def _repeated(self, key: tuple[str, ...]) -> bool:
        now = self._clock.now()
        last = self._sent.get(key)
        if last is not None and now - last < _REPEAT_SECONDS:
            return True
        self._sent[key] = now
        self._sent.move_to_end(key)
        while len(self._sent) > _REMEMBERED or now - next(iter(self._sent.values())) >= _REPEAT_SECONDS:
            self._sent.popitem(last=False)
        return False

    def _allowed(self, who: str) -> bool:
        """A token bucket for each object: a burst, then one a minute."""
        now = self._clock.now()
        bucket = self._buckets.setdefault(who, _Bucket(_BURST, now))
        self._buckets.move_to_end(who)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        bucket.tokens = min(_BURST, bucket.tokens + (now - bucket.at) / _REFILL_SECONDS)
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _object(self, regarding: Mapping[str, str], kind: str, reason: str, action: str, note: str) -> dict[str, Any]:
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.kind,
            "metadata": {
                "namespace": regarding.get("namespace") or "default",
                "name": f"{regarding.get('name', '')[:200]}.{secrets.token_hex(8)}",
            },
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": self._controller,
            "reportingInstance": self._instance[:128],
            "regarding": dict(regarding),
            "type": kind,
            "reason": reason,
            "action": action,
            "note": note.encode()[:_NOTE_BYTES].decode(errors="ignore"),
        }
