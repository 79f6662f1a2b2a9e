"""The status as the API holds it: made from conditions and facts, and compared with what is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from registry_operator.api.registry import Registry
from registry_operator.status.findings import Findings
from registry_operator.status.reasons import Condition, Reason
from registry_operator.status.rules import PARTS, PROBED, Verdict, conditions

_MESSAGE_LIMIT = 1024
_ISSUER_LIMIT = 1024
_URLS = 64


def status(found: Findings) -> dict[str, Any]:
    """The wished status. What is empty is left out, so that server-side apply removes it."""
    old = found.registry.status
    verdicts = conditions(found, _known(found, old))
    result: dict[str, Any] = {
        "observedGeneration": found.registry.generation,
        "conditions": _conditions(found.registry, found.now, verdicts),
        "host": found.host,
        "url": found.url,
        "endpoints": {"internal": found.url, "external": list(found.exposure.urls[:_URLS])},
        "caConfigMapName": found.ca_config_map,
        "adminSecretName": found.admin_secret,
        "version": found.version,
        "image": found.image,
        "replicas": found.workload.pods if found.workload.exists else None,
        "readyReplicas": found.workload.ready if found.workload.exists else None,
        "selector": found.selector,
        "storage": _storage(found),
        "certificate": _certificate(found, old),
        "users": found.users,
    }
    return {key: pruned for key, value in result.items() if (pruned := _pruned(value)) is not None}


def overlaid(registry: Registry, now: datetime, verdicts: Mapping[Condition, Verdict]) -> dict[str, Any]:
    """The status as it is, with these conditions: for a Registry that is not looked at any further."""
    entries = {entry["type"]: dict(entry) for entry in registry.status.get("conditions", ())}
    entries |= {entry["type"]: entry for entry in _conditions(registry, now, verdicts)}
    kept = [entries[condition] for condition in _READING if condition in entries]
    return {**registry.status, "observedGeneration": registry.generation, "conditions": kept}


_READING = (Condition.READY, Condition.RECONCILING, Condition.STALLED, *PARTS, Condition.MONITORED)


def _known(found: Findings, old: Mapping[str, Any]) -> dict[Condition, Verdict]:
    """After a restart of the operator: what only a probe can tell stays as it was until the first probe has ended.

    Without this each restart would write every status twice, and tell of an outage that never was.  Only these parts
    are held on to: what follows from them is decided anew, so that no condition contradicts another one.
    """
    if not found.carried or old.get("observedGeneration") != found.registry.generation:
        return {}
    return {
        Condition(entry["type"]): Verdict(entry["status"], Reason(entry["reason"]), entry["message"])
        for entry in old.get("conditions", ())
        if entry["type"] in PROBED and entry["status"] != "Unknown" and entry["reason"] in _REASONS
    }


_REASONS = frozenset(Reason)  # a newer or older version of the operator may have written others


def _conditions(registry: Registry, now: datetime, verdicts: Mapping[Condition, Verdict]) -> list[dict[str, Any]]:
    before = {entry["type"]: entry for entry in registry.status.get("conditions", ())}
    return [
        _condition(registry, now, condition, verdict, before.get(condition)) for condition, verdict in verdicts.items()
    ]


def _condition(
    registry: Registry, now: datetime, condition: Condition, verdict: Verdict, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    message = verdict.message
    if len(message) > _MESSAGE_LIMIT:
        message = f"{message[: _MESSAGE_LIMIT - 1]}…"
    same = before is not None and before["status"] == verdict.status
    return {
        "type": str(condition),
        "status": verdict.status,
        "reason": str(verdict.reason),
        "message": message,
        "observedGeneration": registry.generation,
        "lastTransitionTime": before["lastTransitionTime"] if before and same else timestamp(now),
    }


def timestamp(moment: datetime) -> str:
    """A moment (UTC) as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _storage(found: Findings) -> dict[str, Any]:
    storage = found.registry.spec.storage
    claim = storage.persistent_volume_claim
    kept = "Ephemeral" if storage.kind == "EmptyDir" else "Retain"
    bucket = storage.bucket
    redirects = bucket is not None and bucket.redirects
    return {
        "kind": storage.kind,
        "bucket": bucket.bucket if bucket else None,
        "redirect": ("Enabled" if redirects else "Disabled") if bucket else None,
        "claimName": found.storage.claim_name,
        "requested": found.storage.requested,
        "capacity": found.storage.capacity,
        "whenDeleted": claim.when_deleted if claim else kept,
    }


def _certificate(found: Findings, old: Mapping[str, Any]) -> Any:
    """Of the certificate that is served; the last known one until a probe has seen the present one."""
    if not found.registry.spec.tls.enabled:
        return None
    served = found.probe.served if found.probe else None
    if served is None:
        return old.get("certificate")
    issuer = served.issuer[:_ISSUER_LIMIT]
    return {
        "notBefore": timestamp(served.not_before),
        "notAfter": timestamp(served.not_after),
        "fingerprint": served.fingerprint,
        "issuer": issuer,
    }


def _pruned(value: Any) -> Any:
    """Without what is None or empty; conditions keep empty messages, which the schema requires."""
    if isinstance(value, dict):
        kept = {key: inner for key, item in value.items() if (inner := _pruned(item)) is not None}
        return kept or None
    if isinstance(value, list):
        return value or None
    return value if value is not None and value != "" else None


def transitions(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[Condition, dict[str, Any]]]:
    """The conditions whose status or reason changed, for Events."""
    before = {entry["type"]: (entry["status"], entry["reason"]) for entry in old.get("conditions", ())}
    return [
        (Condition(entry["type"]), entry)
        for entry in new["conditions"]
        if before.get(entry["type"]) != (entry["status"], entry["reason"])
    ]
