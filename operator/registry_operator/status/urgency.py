"""What of a changed status is told at once, and what may wait until it has lasted.

A start goes through a dozen states that last for some hundred milliseconds each. Writing all of them cost 3 to 8 writes
for each Registry, and told nobody anything.  So what only tells of the way to Ready waits (see `Pace`); what somebody
relies on never does: that something ceased to be so, that a person has to act, that all is done, and what is new about
a Registry that was and is as it should be (its volume has grown).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry_operator.status.reasons import ON_ITS_WAY, Condition, Reason
from registry_operator.status.rules import PARTS


def urgent(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the step from the status `old` to `new` must not wait."""
    before, after = _conditions(old), _conditions(new)
    if old.get("observedGeneration") != new["observedGeneration"] or before.keys() != after.keys():
        return True
    if _stalled(before) != _stalled(after):
        return True
    changed = {each for each, entry in after.items() if entry["status"] != before[each]["status"]}
    if any(before[each]["status"] == "True" for each in changed):
        return True
    if _well(before) and _well(after):
        return True
    settled = after[Condition.RECONCILING]["status"] == "False"
    return settled and not changed.isdisjoint({Condition.READY, Condition.RECONCILING})


def _well(conditions: Mapping[str, Mapping[str, Any]]) -> bool:
    """All is as the spec asks; a paused Registry, and one that serves while a person has to act, are not well."""
    told = [conditions[each]["status"] for each in (Condition.READY, Condition.STALLED)]
    return told == ["True", "False"] and bool(conditions[Condition.RECONCILING]["reason"] == Reason.SETTLED)


def troubles(status: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """What keeps it from going on by itself, as (condition, reason)."""
    return frozenset(
        (entry["type"], entry["reason"])
        for entry in status.get("conditions", ())
        if entry["status"] == "False" and entry["type"] in PARTS and entry["reason"] not in ON_ITS_WAY
    )


def _conditions(status: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {entry["type"]: entry for entry in status.get("conditions", ())}


def _stalled(conditions: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Whether a person has to act, and what he is told."""
    entry = conditions.get(Condition.STALLED, {})
    return tuple(str(entry.get(field)) for field in ("status", "reason", "message"))


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both say the same, whenever they began to."""
    return _timeless(one) == _timeless(other)


def _timeless(status: Mapping[str, Any]) -> dict[str, Any]:
    entries = [
        {field: value for field, value in entry.items() if field != "lastTransitionTime"}
        for entry in status.get("conditions", ())
    ]
    return {**status, "conditions": entries}
