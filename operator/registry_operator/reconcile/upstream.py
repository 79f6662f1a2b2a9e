"""The registry that is cached: credentials and authorities from users' Secrets, tried before a pod gets them.

A cache that cannot reach the other registry when it starts ends at once, in either line, and one that is not let in
answers 404. So both are found out here and told, and a pod that runs is not replaced while the other one is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry_operator.api.proxy import Proxy
from registry_operator.desired import secrets
from registry_operator.desired import upstream as desired
from registry_operator.desired.attached import Attached
from registry_operator.desired.config_map import CA_KEY
from registry_operator.desired.upstream import NOBODY, PASSWORD_KEY, URL_KEY, USER_KEY, Login
from registry_operator.reconcile.context import Run
from registry_operator.registry import bucket_keys
from registry_operator.registry.upstream import Access, Answer, Question
from registry_operator.status.problems import Blocked, Problem, blocked
from registry_operator.status.reasons import Condition, Reason

_CREDENTIALS, _AUTHORITIES = "spec.proxy.credentialsSecretRef", "spec.proxy.caSecretRef"


@dataclass(frozen=True, slots=True)
class Source:
    """What pods take from elsewhere; nothing for a Registry that is no cache."""

    attached: Attached | None = None
    login: Login = NOBODY


async def source(run: Run, salt_key: bytes) -> Source | None:
    """What pods may start on, the last good one while the wished one cannot be had; None while they must stay."""
    wanted = run.registry.spec.proxy
    if wanted is None:
        run.elsewhere.upstreams.drop(run.key)
        return Source()
    try:
        data = {URL_KEY: wanted.remote_url, **await _login(run, wanted), **await _authorities(run, wanted)}
    except Blocked as error:
        run.note(Condition.UPSTREAM_READY, error.problem)
        return _standing(run, wanted)
    return await run.attempt(Condition.UPSTREAM_READY, _tried(run, wanted, data, salt_key))


def _standing(run: Run, wanted: Proxy) -> Source | None:
    """The last good one, if pods could start on it now."""
    found = _last_good(run, wanted)
    if found is None:
        return None
    answer = run.elsewhere.upstreams.answer(run.key, _question(run, found[1]), calm=False)
    return _source(*found) if answer is not None and answer.access not in _NO_START else None


async def _tried(run: Run, wanted: Proxy, data: Mapping[str, str], salt_key: bytes) -> Source | None:
    copy = secrets.upstream(run.registry, data, salt_key=salt_key)
    mounted = run.mounted()
    in_use = copy["metadata"]["name"] in mounted
    answer = run.upstream = run.elsewhere.upstreams.answer(run.key, _question(run, data), calm=False)
    if answer is None:  # a pod that runs is replaced only where its successor can start
        if not in_use:
            trying = Problem(Reason.TRYING_UPSTREAM, f"{data[URL_KEY]} is being tried before pods cache it")
            run.note(Condition.UPSTREAM_READY, trying)
        return None
    if (problem := _trouble(data, answer)) is not None:
        run.note(Condition.UPSTREAM_READY, problem)
        if mounted and answer.access in _NO_START:
            return None
        if not in_use and answer.access is not Access.SILENT:
            found = _last_good(run, wanted)  # it answered, so that pods start on what they have
            return _source(*found) if found else None
    made = await run.writer.addressed(copy)
    return _source(made.name, data)


def _source(secret: str, data: Mapping[str, str]) -> Source:
    return Source(desired.attached(secret, data), desired.login(data))


_NO_START = frozenset({Access.SILENT, Access.UNTRUSTED, Access.FAILING})
_TROUBLES = {
    Access.REFUSED: (Reason.UPSTREAM_REFUSES, f"does not know the credentials of {_CREDENTIALS}: correct the Secret"),
    Access.CLOSED: (Reason.UPSTREAM_CLOSED, f"lets nobody in without credentials: name a Secret in {_CREDENTIALS}"),
    Access.BASIC: (
        Reason.UPSTREAM_UNSUPPORTED,
        'asks for a password with each request, which line 2 cannot give: set version to "3"',
    ),
    Access.FOREIGN: (
        Reason.UPSTREAM_UNSUPPORTED,
        "sends the log-in to a host that is not its own, where no credentials may go: use its own address",
    ),
    Access.UNTRUSTED: (
        Reason.UPSTREAM_UNTRUSTED,
        f"serves a certificate that neither {_AUTHORITIES} nor the well-known authorities vouch for",
    ),
    Access.SILENT: (
        Reason.UPSTREAM_UNREACHABLE,
        "cannot be reached by the operator: pods that run serve what they have, and new ones cannot start without it",
    ),
    Access.FAILING: (Reason.UPSTREAM_FAILING, "does not answer as a registry: is the address right?"),
}
_BY_ITSELF = frozenset({Access.SILENT, Access.FAILING})


def _trouble(data: Mapping[str, str], answer: Answer) -> Problem | None:
    if answer.access is Access.OPEN:
        return None
    reason, words = _TROUBLES[answer.access]
    detail = f" ({answer.detail})" if answer.detail else ""
    return Problem(reason, f"{data[URL_KEY]} {words}{detail}", stalled=answer.access not in _BY_ITSELF)


def _question(run: Run, data: Mapping[str, str]) -> Question:
    return Question(
        url=data[URL_KEY],
        line=run.registry.spec.version,
        revision=run.registry.generation,
        user=data.get(USER_KEY),
        password=data.get(PASSWORD_KEY),
        ca_pem=data.get(CA_KEY),
    )


def _last_good(run: Run, wanted: Proxy) -> tuple[str, dict[str, str]] | None:
    """Name and content of the copy that the Deployment uses now; it was made for this address, which never changes."""
    for name in sorted(run.mounted()):
        found = run.secret(name) if name.startswith(run.names.upstream("")) else None
        if found is not None and found.get(URL_KEY, b"").decode(errors="replace") == wanted.remote_url:
            return name, {key: value.decode(errors="replace") for key, value in found.items()}
    return None


async def _login(run: Run, wanted: Proxy) -> dict[str, str]:
    name = wanted.credentials_secret_ref
    if name is None:
        return {}
    secret = await run.entrusted_secret(name, _CREDENTIALS, wanted.remote_url)
    if run.registry.spec.version == "2":
        note = (
            "line 2 sends the credentials wherever the other registry asks for them (CVE-2026-33540); line 3 does not"
        )
        run.warnings.append(("VulnerableProxy", f"{_CREDENTIALS}: {note}"))
    try:
        return {key: bucket_keys.one_line(secret.data, key) for key in (USER_KEY, PASSWORD_KEY)}
    except bucket_keys.BadKeys as error:
        raise blocked(Reason.SECRET_INVALID, f"Secret {name} ({_CREDENTIALS}): {error}", stalled=True) from None


async def _authorities(run: Run, wanted: Proxy) -> dict[str, str]:
    reference = wanted.ca_secret_ref
    return {CA_KEY: await run.authorities(reference, _AUTHORITIES)} if reference else {}
