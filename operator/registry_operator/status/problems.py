"""What keeps a part of a Registry from being as its spec asks."""

from __future__ import annotations

from dataclasses import dataclass

from registry_operator.status.reasons import Reason


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something cannot go on, and what the user may do.

    `stalled` says that only a change by a person ends it; else it may end by itself.
    `retry` is the time in seconds after which to look again, for what no watch tells.
    """

    reason: Reason
    message: str
    stalled: bool = False
    retry: float | None = None


class Blocked(Exception):
    """A step of the reconciliation cannot go on; other steps that do not depend on it do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


QUOTA_ADVICE = {
    "exceeded quota": "raise the quota or free some of it",
    "failed quota": "set in spec.pod.resources what the quota asks for",
}
"""What the API server says where a ResourceQuota refuses an object or a pod → what to do."""


def quota_advice(message: str) -> str | None:
    """What to do about a refusal, if it is that of a ResourceQuota."""
    return next((advice for phrase, advice in QUOTA_ADVICE.items() if phrase in message), None)


def blocked(reason: Reason, message: str, *, stalled: bool = False, retry: float | None = None) -> Blocked:
    return Blocked(Problem(reason, message, stalled, retry))
