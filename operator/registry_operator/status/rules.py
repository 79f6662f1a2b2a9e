"""The conditions, each an ordered chain of small pure functions: the first that has something to say is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from registry_operator.status.exposure import exposure
from registry_operator.status.findings import Answer, Findings, Login
from registry_operator.status.monitoring import monitoring
from registry_operator.status.problems import Problem
from registry_operator.status.reasons import Condition, Reason
from registry_operator.status.storage import storage
from registry_operator.status.workload import workload


class Verdict(NamedTuple):
    """A condition's status, reason and message."""

    status: str
    reason: Reason
    message: str = ""


def yes(reason: Reason, message: str = "") -> Verdict:
    return Verdict("True", reason, message)


def no(reason: Reason, message: str = "") -> Verdict:
    return Verdict("False", reason, message)


def unknown(reason: Reason, message: str = "") -> Verdict:
    return Verdict("Unknown", reason, message)


_SOURCES = {
    "CertManager": yes(Reason.ISSUED, "cert-manager issued the certificate"),
    "SecretRef": yes(Reason.PROVIDED, "the certificate of the Secret in spec.tls.secretRef is in use"),
    "SelfSigned": yes(Reason.SELF_SIGNED, "the operator made the certificate with this Registry's own CA"),
    "Disabled": yes(Reason.TLS_DISABLED, "clients talk plain HTTP: passwords and images are readable on the way"),
}


def certificate(found: Findings) -> Verdict:
    if problem := found.problems.get(Condition.CERTIFICATE_READY):
        return no(problem.reason, problem.message)
    if found.expires is None and found.registry.spec.tls.enabled:
        return unknown(Reason.WAITING, "there is no certificate yet; see the other conditions")
    if found.expires is not None and found.expires <= found.now:
        return no(Reason.CERTIFICATE_EXPIRED, f"the certificate expired at {found.expires:%Y-%m-%dT%H:%M:%SZ}")
    return _SOURCES[found.registry.spec.tls.mode]


def credentials(found: Findings) -> Verdict:
    if problem := found.problems.get(Condition.CREDENTIALS_READY):
        return no(problem.reason, problem.message)
    if found.registry.spec.auth.mode == "Disabled":
        return yes(Reason.AUTHENTICATION_DISABLED, "anybody who reaches the Service may pull and push")
    if found.probe is None:
        return unknown(Reason.WAITING, "whether the newest accounts are live is not known yet")
    if found.probe.login is Login.REFUSED or found.probe.late_pods:
        where = f" on {', '.join(found.probe.late_pods)}" if found.probe.late_pods else ""
        hint = "kubelet may take a minute to bring them"
        return no(Reason.PROPAGATING, f"the newest accounts are not live yet{where}: {hint}")
    if found.probe.login is Login.ACCEPTED:
        return yes(Reason.LIVE, "the registry lets the newest accounts in")
    return unknown(Reason.WAITING, "the registry cannot be asked; see Reachable")


def upstream(found: Findings) -> Verdict:
    """Of a cache: whether the registry that is cached lets it in."""
    if problem := found.problems.get(Condition.UPSTREAM_READY):
        return no(problem.reason, problem.message)
    if found.registry.spec.proxy is None or found.upstream:
        return yes(Reason.UPSTREAM_OPEN, "the registry that is cached lets the operator in")
    return unknown(Reason.WAITING, "whether the registry that is cached lets the cache in is not known yet")


def reachable(found: Findings) -> Verdict:
    if found.workload.ready == 0:
        return unknown(Reason.WAITING, "nothing is tried before a pod is ready")
    answer = found.probe
    if answer is None:
        return unknown(Reason.PROBING, "the operator is trying the registry")
    if apart := _apart(answer):
        return apart
    if answer.login is Login.ACCEPTED or answer.others_accepted:
        if not answer.verified:
            return yes(Reason.UNVERIFIABLE_CHAIN, "the certificate is the expected one, but no CA is known to check it")
        return yes(Reason.LOGGED_IN, "the operator logged in through the Service")
    return _unreachable(answer.login, answer.message)


def _apart(answer: Answer) -> Verdict | None:
    """What sets one ready pod apart from the others."""
    if answer.stale_pods:
        return no(Reason.OLD_CERTIFICATE_SERVED, f"{', '.join(answer.stale_pods)}: not the expected certificate")
    if answer.silent_pods:
        return no(Reason.POD_NOT_SERVING, f"not every ready pod serves: {'; '.join(answer.silent_pods)}")
    return None


def _unreachable(login: Login, message: str) -> Verdict:
    match login:
        case Login.REFUSED:
            return no(Reason.LOGIN_REFUSED, "the registry refuses the operator's account")
        case Login.UNTRUSTED:
            return no(Reason.UNTRUSTED_CERTIFICATE, message)
        case Login.TIMED_OUT:
            hint = "does a NetworkPolicy keep the operator out, or does it run outside of the cluster?"
            return unknown(Reason.PROBE_BLOCKED, f"{message}; {hint}")
        case _:
            return no(Reason.UNREACHABLE, message)


def writable(found: Findings) -> Verdict:
    if found.registry.spec.read_only:
        return _sealed(found)
    if found.probe is None or found.probe.upload is None:
        return unknown(Reason.WAITING, "no upload has been tried yet")
    if found.probe.upload:
        return yes(Reason.UPLOAD_ACCEPTED, "an upload could begin")
    return no(Reason.UPLOAD_FAILED, found.probe.upload_message)


def _sealed(found: Findings) -> Verdict:
    """Whether nobody can write any more: told only when each pod has said so, and none is left that might not."""
    answer = found.probe
    if answer is not None and answer.upload:
        return no(Reason.ROLLING_OUT, "pods still take uploads")
    if answer is None or not answer.sealed:
        why = answer.upload_message if answer else ""
        return unknown(Reason.WAITING, why or "whether every pod refuses uploads is not known yet")
    if found.workload.leaving:
        names = ", ".join(pod for pod, _ in found.workload.leaving)
        return no(Reason.ROLLING_OUT, f"{names} may still finish an upload on the way out")
    why = "spec.access is ReadOnly" if found.registry.spec.proxy is None else "spec.proxy makes this a cache"
    return no(Reason.READ_ONLY, f"{why}: pushes and deletes are answered by 405")


def stalled(found: Findings) -> Verdict:
    for problem in _in_order(found.problems):
        if problem.stalled:
            return yes(problem.reason, problem.message)
    return no(Reason.NOT_STALLED)


_ORDER = (
    Condition.STALLED,
    Condition.STORAGE_READY,
    Condition.CERTIFICATE_READY,
    Condition.CREDENTIALS_READY,
    Condition.UPSTREAM_READY,
    Condition.WORKLOAD_READY,
    Condition.EXPOSED,
    Condition.MONITORED,
)
_ASIDE = (Condition.STALLED, Condition.EXPOSED, Condition.MONITORED)


def _in_order(problems: Mapping[Condition, Problem]) -> list[Problem]:
    return [problems[condition] for condition in _ORDER if condition in problems]


Rule = Callable[[Findings], Verdict]

PARTS: dict[Condition, Rule] = {
    Condition.STORAGE_READY: lambda found: Verdict(*storage(found)),
    Condition.CERTIFICATE_READY: certificate,
    Condition.CREDENTIALS_READY: credentials,
    Condition.UPSTREAM_READY: upstream,
    Condition.WORKLOAD_READY: lambda found: Verdict(*workload(found)),
    Condition.REACHABLE: reachable,
    Condition.WRITABLE: writable,
    Condition.EXPOSED: lambda found: Verdict(*exposure(found)),
}
PROBED = (
    Condition.STORAGE_READY,
    Condition.CREDENTIALS_READY,
    Condition.UPSTREAM_READY,
    Condition.REACHABLE,
    Condition.WRITABLE,
)


def ready(found: Findings, parts: Mapping[Condition, Verdict]) -> Verdict:
    """True means that a client can log in, push (unless ReadOnly) and pull now; else the first part that is in the way.

    A bad new input does not make a registry unready that serves on with its last good one: `Stalled` tells that.
    """
    serving = parts[Condition.REACHABLE].status == "True" and found.workload.ready > 0
    pushable = parts[Condition.WRITABLE].status == "True" or found.registry.spec.read_only
    if serving and pushable:
        return yes(Reason.SERVING, _served(found, parts))
    for verdict in _in_the_way(parts):
        if verdict.status == "False":
            return no(verdict.reason, verdict.message)
    if problem := found.problems.get(Condition.STALLED):
        return no(problem.reason, problem.message)
    verdict = parts[Condition.WRITABLE] if serving else parts[Condition.REACHABLE]
    if verdict.reason is Reason.PROBE_BLOCKED:
        return unknown(verdict.reason, verdict.message)
    return no(Reason.PROGRESSING, verdict.message)


def _in_the_way(parts: Mapping[Condition, Verdict]) -> Iterator[Verdict]:
    """What keeps the Registry from being as its spec asks, in the order of cause and effect.

    What cannot be known because the probe is blocked is nothing that anybody works at: it is left out.  A claim may
    wait for its first pod, which waits for certificate and accounts: those come first then.  A way from outside, or
    who watches, keeps nobody from working inside.
    """
    blocked = parts[Condition.REACHABLE].reason is Reason.PROBE_BLOCKED
    order = [condition for condition in _ORDER if condition not in _ASIDE]
    if parts[Condition.STORAGE_READY].reason is Reason.CLAIM_PENDING:
        order.sort(key=lambda each: each in (Condition.STORAGE_READY, Condition.WORKLOAD_READY))
    for condition in (*order, Condition.REACHABLE, Condition.WRITABLE):
        verdict = parts[condition]
        wished = verdict.status == "True" or verdict.reason is Reason.READ_ONLY
        if not wished and not (blocked and condition in PROBED and verdict.status == "Unknown"):
            yield verdict


def _served(found: Findings, parts: Mapping[Condition, Verdict]) -> str:
    cached = found.registry.spec.proxy
    if cached is None:
        return f"clients can {'log in, pull and push' if not found.registry.spec.read_only else 'log in and pull'}"
    if parts[Condition.UPSTREAM_READY].status == "False":
        return f"clients can log in and pull what was cached of {cached.remote_url} before; see UpstreamReady"
    return f"clients can log in and pull what {cached.remote_url} has"


def reconciling(found: Findings, parts: Mapping[Condition, Verdict]) -> Verdict:
    """True as long as something is on its way to what the spec asks for and no person has to act."""
    if found.registry.spec.reconciliation == "Paused":
        would = f"; it would change: {', '.join(found.held)}" if found.held else ""
        return no(Reason.PAUSED, f"spec.reconciliation is Paused{would}")
    if stalled(found).status == "True":
        return no(Reason.SETTLED, "see Stalled")
    waiting = sorted(_in_the_way(parts), key=lambda each: each.status != "False")  # what is known tells more
    aside = [parts[condition] for condition in (Condition.EXPOSED, Condition.MONITORED) if condition in parts]
    # What is merely unknown may stay so for ever, and a cluster without PodMonitors is as good as finished.
    waiting += [each for each in aside if each.status == "False" and each.reason is not Reason.POD_MONITOR_MISSING]
    verdict = next(iter(waiting), None)
    return yes(verdict.reason, verdict.message) if verdict else no(Reason.SETTLED, "all is as the spec asks")


def conditions(found: Findings, known: Mapping[Condition, Verdict]) -> dict[Condition, Verdict]:
    """Every condition, in the order in which a reader wants them.

    `known`: what to hold on to of the conditions that only a probe can tell, for as long as it has not told.
    """
    parts = {condition: rule(found) for condition, rule in PARTS.items()}
    if found.registry.spec.metrics.monitored:
        parts[Condition.MONITORED] = Verdict(*monitoring(found))
    parts |= {condition: verdict for condition, verdict in known.items() if parts[condition].status == "Unknown"}
    return {
        Condition.READY: ready(found, parts),
        Condition.RECONCILING: reconciling(found, parts),
        Condition.STALLED: stalled(found),
        **{condition: verdict for condition, verdict in parts.items() if _concerns(found, condition)},
    }


def _concerns(found: Findings, condition: Condition) -> bool:
    """Whether the Registry has what the condition is about."""
    return condition is not Condition.UPSTREAM_READY or found.registry.spec.proxy is not None


def invalid(message: str) -> dict[Condition, Verdict]:
    """The conditions under a spec that cannot be read. What runs is not touched, nor is anything claimed of it."""
    nothing = unknown(Reason.INVALID_SPEC, "not looked at while the spec is invalid; see Stalled")
    return {
        Condition.READY: unknown(Reason.INVALID_SPEC, message),
        Condition.RECONCILING: no(Reason.SETTLED, "see Stalled"),
        Condition.STALLED: yes(Reason.INVALID_SPEC, message),
        **{condition: nothing for condition in PARTS if condition is not Condition.UPSTREAM_READY},
    }


def deleting() -> dict[Condition, Verdict]:
    """The conditions of a Registry that is on its way out; the others stay as they were."""
    return {
        Condition.READY: no(Reason.DELETING, "the Registry is being deleted"),
        Condition.RECONCILING: yes(Reason.DELETING, "the Registry is being deleted"),
        Condition.STALLED: no(Reason.NOT_STALLED),
    }
