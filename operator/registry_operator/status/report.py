"""The status as the API holds it: made from conditions and facts, and compared with what is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from registry_operator.status.findings import Findings
from registry_operator.status.reasons import Condition
from registry_operator.status.rules import Verdict, conditions

_MESSAGE_LIMIT = 1024
_CARRIED = (
    Condition.READY,
    Condition.CREDENTIALS_READY,
    Condition.REACHABLE,
    Condition.WRITABLE,
    Condition.RECONCILING,
)


def status(found: Findings) -> dict[str, Any]:
    """The wished status. What is empty is left out, so that server-side apply removes it."""
    old = found.registry.status
    verdicts = conditions(found)
    held = _carried(found, old)
    result: dict[str, Any] = {
        "observedGeneration": found.registry.generation,
        "conditions": [
            held.get(condition) or _condition(found, condition, verdict, old) for condition, verdict in verdicts.items()
        ],
        "host": found.host,
        "url": found.url,
        "endpoints": {"internal": found.url, "external": list(found.external)},
        "caConfigMapName": found.ca_config_map,
        "adminSecretName": found.admin_secret,
        "version": found.version,
        "image": found.image,
        "replicas": found.workload.replicas if found.workload.exists else None,
        "readyReplicas": found.workload.ready if found.workload.exists else None,
        "storage": _storage(found),
        "certificate": _certificate(found, old),
        "users": found.users,
    }
    return {key: pruned for key, value in result.items() if (pruned := _pruned(value)) is not None}


def _carried(found: Findings, old: Mapping[str, Any]) -> dict[Condition, dict[str, Any]]:
    """After a restart of the operator: what only a probe can tell stays as it was until the first probe has ended.

    Without this each restart would write every status twice, and tell of an outage that never was.
    """
    if not found.carried or old.get("observedGeneration") != found.registry.generation:
        return {}
    kept = {entry["type"]: entry for entry in old.get("conditions", ())}
    return {condition: dict(kept[condition]) for condition in _CARRIED if condition in kept}


def _condition(found: Findings, condition: Condition, verdict: Verdict, old: Mapping[str, Any]) -> dict[str, Any]:
    message = verdict.message
    if len(message) > _MESSAGE_LIMIT:
        message = f"{message[: _MESSAGE_LIMIT - 1]}…"
    before = next((entry for entry in old.get("conditions", ()) if entry["type"] == condition), None)
    same = before is not None and before["status"] == verdict.status
    return {
        "type": str(condition),
        "status": verdict.status,
        "reason": str(verdict.reason),
        "message": message,
        "observedGeneration": found.registry.generation,
        "lastTransitionTime": before["lastTransitionTime"] if before and same else timestamp(found.now),
    }


def timestamp(moment: datetime) -> str:
    """A moment (UTC) as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _storage(found: Findings) -> dict[str, Any]:
    storage = found.registry.spec.storage
    claim = storage.persistent_volume_claim
    kept = "Ephemeral" if storage.kind == "EmptyDir" else "Retain"
    return {
        "kind": storage.kind,
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
    return {"notAfter": timestamp(served.not_after), "fingerprint": served.fingerprint, "issuer": served.issuer}


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
