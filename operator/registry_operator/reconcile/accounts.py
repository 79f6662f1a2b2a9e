"""Who may log in: generated values, the administrator, the team's own file, and the file that the registry reads."""

from __future__ import annotations

import secrets as random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from registry_operator.api.registry import Registry
from registry_operator.desired import hosts, meta, secrets
from registry_operator.desired.config_map import CA_KEY
from registry_operator.kube import kinds
from registry_operator.reconcile import network
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.tls import Trust
from registry_operator.reconcile.views import SecretView
from registry_operator.registry import htpasswd
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 32  # 190 bits; letters and digits only, which every tool and file format takes as they are


@dataclass(frozen=True, slots=True)
class Internal:
    """Generated once for each Registry, known to the operator and the registry only."""

    http_secret: str = field(repr=False)
    probe_password: str = field(repr=False)
    salt_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts that the pods read; `probe_user` proves by its login that this very file is live, `standing_user` is
    in every version of the file."""

    secret: str
    probe_user: str
    standing_user: str
    probe_password: str = field(repr=False)
    admin: tuple[str, str] | None = field(repr=False)
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

    def generate() -> dict[str, str]:
        return {key: _generate() for key in secrets.INTERNAL_GENERATED}

    found = await run.writer.generated(run.names.internal, compose, generate, secrets.INTERNAL_GENERATED)
    found = await run.writer.kept(found, compose, secrets.INTERNAL_GENERATED)
    probe_password = _text(found, secrets.PROBE_PASSWORD_KEY)
    if htpasswd.unusable("operator", probe_password):
        message = f"Secret {found.name}, key {secrets.PROBE_PASSWORD_KEY}: cannot be used; remove the key for a new one"
        raise blocked(Reason.SECRET_INVALID, message, stalled=True)
    salt_key = _text(found, secrets.SALT_KEY).encode()
    return Internal(_text(found, secrets.HTTP_SECRET_KEY), probe_password, salt_key)


def known_internal(run: Run) -> Internal | None:
    """The values as the cache has them, for a walk that must not write."""
    found = run.world.child(kinds.SECRET, run.registry.namespace, run.names.internal)
    if found is None:
        return None
    http_secret, probe_password, salt_key = (_text(found, key) for key in _INTERNAL)
    complete = http_secret and probe_password and salt_key
    return Internal(http_secret, probe_password, salt_key.encode()) if complete else None


_INTERNAL = (secrets.HTTP_SECRET_KEY, secrets.PROBE_PASSWORD_KEY, secrets.SALT_KEY)


def known_admin(run: Run) -> tuple[str, str] | None:
    """The administrator as the cache has it."""
    found = run.world.child(kinds.SECRET, run.registry.namespace, run.names.admin)
    account = (_text(found, "username"), _text(found, "password")) if found else ("", "")
    return account if all(account) else None


def has_admin(registry: Registry) -> bool:
    """Whether the spec wants an administrator's account."""
    return registry.spec.auth.mode == "Htpasswd" and registry.spec.auth.admin_user == "Enabled"


def lacks_admin(run: Run) -> bool:
    """Whether the administrator's Secret is wanted and not there yet."""
    return has_admin(run.registry) and run.secret(run.names.admin) is None


async def admin(run: Run, trust: Trust) -> tuple[str, str] | None:
    """The administrator's user and password, made if there are none, with all that follows from them kept beside: what
    a pull needs, and what its user should trust. None if the account is not wanted."""
    if not has_admin(run.registry):
        return None
    found = await _made_admin(run, trust.bundle)
    if trust.known:
        found = await run.writer.kept(found, partial(_composed_admin, run, trust.bundle), secrets.ADMIN_GENERATED)
        assert isinstance(found.view, SecretView)
        if trust.bundle is None and CA_KEY in found.view.data:
            found = await run.writer.renew(found, {CA_KEY: None})
    return _text(found, "username"), _text(found, "password")


async def _made_admin(run: Run, ca: str | None) -> Child:
    def generate() -> dict[str, str]:
        return {"username": secrets.ADMIN_USER, "password": _generate()}

    compose = partial(_composed_admin, run, ca)
    found = await run.writer.generated(run.names.admin, compose, generate, secrets.ADMIN_GENERATED)
    if why := htpasswd.unusable(_text(found, "username"), _text(found, "password")):
        message = f"Secret {found.name}: {why}; mend it, or remove the key for a new value"
        raise blocked(Reason.SECRET_INVALID, message, stalled=True)
    return found


def _composed_admin(run: Run, ca: str | None, values: Mapping[str, str]) -> meta.Object:
    service = network.known_service(run)
    node_port = service.node_port if service else None
    reachable = hosts.hosts(run.registry, cluster_domain=run.defaults.cluster_domain, node_port=node_port)
    user, password = values.get("username", ""), values.get("password", "")
    return secrets.admin(run.registry, username=user, password=password, hosts=reachable, ca=ca)


def _text(found: Child, key: str) -> str:
    """A value as text; bytes that are none become a character that `htpasswd.unusable` refuses."""
    return found.view.data.get(key, b"").decode(errors="replace") if isinstance(found.view, SecretView) else ""


async def accounts(run: Run, own: Internal, admin_account: tuple[str, str] | None) -> Accounts | None:
    """The password file as the spec asks for it, written if it differs. Raises Blocked and leaves it as it is."""
    standing = htpasswd.standing_user(own.salt_key)
    hashed_here = {standing, admin_account[0]} if admin_account else {standing}
    htpasswd.recall(_live(run), hashed_here, own.salt_key)
    team = await _team(run, admin_account)
    lines = [account.line for account in team]
    if admin_account is not None:
        lines.append(htpasswd.line(*admin_account, own.salt_key))
    file = htpasswd.compose(lines, probe_password=own.probe_password, key=own.salt_key)
    await run.writer.ensure(kinds.SECRET, secrets.htpasswd(run.registry, file.text))
    if run.writer.paused:
        return last_good(run, own)  # what is live, not what would be
    return Accounts(run.names.htpasswd, file.probe_user, standing, own.probe_password, admin_account, len(lines))


def _live(run: Run) -> str:
    """The password file as it is."""
    found = run.world.child(kinds.SECRET, run.registry.namespace, run.names.htpasswd)
    return _text(found, secrets.HTPASSWD_KEY) if found else ""


def last_good(run: Run, own: Internal) -> Accounts | None:
    """The accounts of the file as it is, for a Registry whose new accounts cannot be used."""
    users = [line.partition(":")[0] for line in _live(run).splitlines()]
    standing = htpasswd.standing_user(own.salt_key)
    probe = next((user for user in users if htpasswd.is_probe_user(user) and user != standing), None)
    if probe is None:
        return None
    people = sum(not htpasswd.is_probe_user(user) for user in users)
    return Accounts(run.names.htpasswd, probe, standing, own.probe_password, known_admin(run), people)


async def _team(run: Run, admin_account: tuple[str, str] | None) -> list[htpasswd.Account]:
    reference = run.registry.spec.auth.htpasswd_secret_ref
    if reference is None:
        return []
    what = f"Secret {reference.name}, key {reference.key} (spec.auth.htpasswd.secretRef)"
    secret = await run.user_secret(reference.name, "spec.auth.htpasswd.secretRef")
    if reference.key not in secret.data:
        raise blocked(Reason.SECRET_INVALID, f"{what}: there is no such key", stalled=True)
    reserved = {secrets.ADMIN_USER, admin_account[0]} if admin_account else set()
    try:
        found = htpasswd.validate(secret.data[reference.key], reserved)
    except htpasswd.BadHtpasswd as error:
        raise blocked(Reason.HTPASSWD_INVALID, f"{what}: {error}", stalled=True) from None
    if costly := sum(account.costly for account in found):
        note = f"{costly} of {len(found)} users of Secret {reference.name} have a bcrypt cost above {htpasswd.COSTLY}"
        run.warnings.append(("CostlyHash", f"{note}: each of their requests costs the registry tens of milliseconds"))
    return found
