"""Who may log in: generated values, the administrator, the team's own file, and the file that the registry reads."""

from __future__ import annotations

import secrets as random
import string
from collections.abc import Mapping
from dataclasses import dataclass

from registry_operator.api.registry import Registry, SecretKeyRef
from registry_operator.desired import hosts, meta, secrets
from registry_operator.kube import kinds
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.views import SecretView
from registry_operator.registry import htpasswd
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 32  # 190 bits; letters and digits only, which every tool and file format takes as they are


@dataclass(frozen=True, slots=True)
class Internal:
    """Generated once for each Registry, known to the operator and the registry only."""

    http_secret: str
    probe_password: str
    salt_key: bytes


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts that the pods read; `probe_user` proves by its login that this very file is live."""

    secret: str
    probe_user: str
    probe_password: str
    admin: tuple[str, str] | None
    users: int


def _generate() -> str:
    return "".join(random.choice(_ALPHABET) for _ in range(_LENGTH))


async def internal(run: Run) -> Internal:
    """The Registry's own random values, made if there are none."""

    def compose(values: Mapping[str, str]) -> meta.Object:
        return secrets.internal(
            run.registry,
            http_secret=values.get(secrets.HTTP_SECRET_KEY, ""),
            probe_password=values.get(secrets.PROBE_PASSWORD_KEY, ""),
            salt_key=values.get(secrets.SALT_KEY, ""),
        )

    fresh = {key: _generate() for key in secrets.INTERNAL_GENERATED}
    found = await run.writer.generated(compose, fresh, secrets.INTERNAL_GENERATED)
    return Internal(
        http_secret=_value(found, secrets.HTTP_SECRET_KEY),
        probe_password=_value(found, secrets.PROBE_PASSWORD_KEY),
        salt_key=_value(found, secrets.SALT_KEY).encode(),
    )


def known_internal(run: Run) -> Internal | None:
    """The values as the cache has them, for a walk that must not write."""
    data = run.secret(run.names.internal) or {}
    parts = [data.get(key, b"") for key in (secrets.HTTP_SECRET_KEY, secrets.PROBE_PASSWORD_KEY, secrets.SALT_KEY)]
    return Internal(parts[0].decode(), parts[1].decode(), parts[2]) if all(parts) else None


def known_admin(run: Run) -> tuple[str, str] | None:
    """The administrator as the cache has it."""
    data = run.secret(run.names.admin) or {}
    user, password = data.get("username", b"").decode(), data.get("password", b"").decode()
    return (user, password) if user and password else None


async def admin(run: Run, ca: str | None) -> tuple[str, str] | None:
    """The administrator's user and password, which is made if there is none. None if the account is not wanted."""
    registry = run.registry
    if registry.spec.auth.mode == "Disabled" or registry.spec.auth.admin_user == "Disabled":
        return None
    reachable = hosts.hosts(registry, cluster_domain=run.defaults.cluster_domain)

    def compose(values: Mapping[str, str]) -> meta.Object:
        user, password = values.get("username", ""), values.get("password", "")
        return secrets.admin(registry, username=user, password=password, hosts=reachable, ca=ca)

    fresh = {"username": secrets.ADMIN_USER, "password": _generate()}
    found = await run.writer.generated(compose, fresh, secrets.ADMIN_GENERATED)
    return _value(found, "username"), _value(found, "password")


def _value(found: Child, key: str) -> str:
    view = found.view
    assert isinstance(view, SecretView)
    value = view.data.get(key, b"").decode(errors="replace")
    if not value:
        message = f"Secret {found.name} has no {key}: put one in, or delete the Secret to have it made anew"
        raise blocked(Reason.SECRET_INVALID, message, stalled=True)
    return value


async def accounts(run: Run, own: Internal, admin_account: tuple[str, str] | None) -> Accounts:
    """The password file as the spec asks for it, written if it differs. Raises Blocked and leaves it as it is."""
    team = await _team(run)
    lines = [account.line for account in team]
    if admin_account is not None:
        lines.append(htpasswd.line(*admin_account, own.salt_key))
    file = htpasswd.compose(lines, probe_password=own.probe_password, key=own.salt_key)
    await run.writer.ensure(kinds.SECRET, secrets.htpasswd(run.registry, file.text))
    return Accounts(run.names.htpasswd, file.probe_user, own.probe_password, admin_account, len(lines))


def last_good(run: Run, own: Internal, admin_account: tuple[str, str] | None) -> Accounts | None:
    """The accounts of the file as it is, for a Registry whose new accounts cannot be used."""
    data = run.secret(run.names.htpasswd)
    if data is None:
        return None
    users = [line.partition(":")[0] for line in data.get(secrets.HTPASSWD_KEY, b"").decode().splitlines()]
    probe = next((user for user in users if htpasswd.is_probe_user(user)), None)
    if probe is None:
        return None
    return Accounts(run.names.htpasswd, probe, own.probe_password, admin_account, len(users) - 1)


async def _team(run: Run) -> list[htpasswd.Account]:
    reference = run.registry.spec.auth.htpasswd_secret_ref
    if reference is None:
        return []
    content = await _team_file(run, run.registry, reference)
    reserved = {secrets.ADMIN_USER} if run.registry.spec.auth.admin_user == "Enabled" else set()
    try:
        found = htpasswd.validate(content, reserved)
    except htpasswd.BadHtpasswd as error:
        message = f"Secret {reference.name}, key {reference.key} (spec.auth.htpasswd.secretRef): {error}"
        raise blocked(Reason.HTPASSWD_INVALID, message, stalled=True) from None
    costly = sum(account.costly for account in found)
    if costly:
        note = f"{costly} of {len(found)} users of Secret {reference.name} have a bcrypt cost above {htpasswd.COSTLY}"
        run.warnings.append(("CostlyHash", f"{note}: each of their requests costs the registry tens of milliseconds"))
    return found


async def _team_file(run: Run, registry: Registry, reference: SecretKeyRef) -> bytes:
    secret = await run.world.user_secrets.get(registry.namespace, reference.name)
    if secret is None:
        message = f"Secret {reference.name} (spec.auth.htpasswd.secretRef) does not exist: make it, or name another"
        raise blocked(Reason.SECRET_MISSING, message)
    if reference.key not in secret.data:
        message = f"Secret {reference.name} has no key {reference.key} (spec.auth.htpasswd.secretRef.key)"
        raise blocked(Reason.SECRET_INVALID, message, stalled=True)
    return secret.data[reference.key]
