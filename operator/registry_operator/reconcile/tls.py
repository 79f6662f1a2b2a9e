"""The certificate that the pods serve: where it comes from, whether it may be used, and its content-addressed copy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registry_operator.desired import config_map, hosts, secrets
from registry_operator.kube import kinds
from registry_operator.reconcile import cert_manager, self_signed
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.views import DeploymentView, SecretView
from registry_operator.registry.certificates import BadCertificate, Leaf, bundled, load_certificates, parse_pair
from registry_operator.status.problems import Blocked, blocked
from registry_operator.status.reasons import Condition, Reason


@dataclass(frozen=True, slots=True)
class Serving:
    """The copy that pods mount, and what is in it."""

    secret: str
    leaf: Leaf
    ca: str | None


@dataclass(frozen=True, slots=True)
class Trust:
    """What clients should trust (None: no CA), and whether that is known yet."""

    bundle: str | None
    known: bool


async def serving(run: Run, salt_key: bytes, cluster_ips: tuple[str, ...]) -> Serving | None:
    """The certificate for the pods: the wished one, or the last good one while that cannot be had; None if neither."""
    mode = run.registry.spec.tls.mode
    try:
        match mode:
            case "SecretRef":
                pair = await _provided(run)
            case "SelfSigned":
                pair = await self_signed.pair(run, cluster_ips)
            case _:
                pair = await cert_manager.pair(run, cluster_ips)
        return await _copied(run, salt_key, pair)
    except Blocked as error:
        run.note(Condition.CERTIFICATE_READY, error.problem)
        return last_good(run)


async def _copied(run: Run, salt_key: bytes, data: Mapping[str, bytes]) -> Serving:
    leaf = checked(data, "the certificate")
    crt, key = data["tls.crt"].decode(), data["tls.key"].decode()
    copy = await run.writer.addressed(secrets.tls(run.registry, crt=crt, key=key, salt_key=salt_key))
    return Serving(copy.name, leaf, "".join(bundled(data["ca.crt"])) if data.get("ca.crt") else None)


def checked(data: Mapping[str, bytes], what: str) -> Leaf:
    """The pair of a kubernetes.io/tls Secret. Raises Blocked if the registry must not get it."""
    missing = [key for key in ("tls.crt", "tls.key") if not data.get(key)]
    if missing:
        raise blocked(Reason.SECRET_INVALID, f"{what} has no {' and no '.join(missing)}", stalled=True)
    try:
        if data.get("ca.crt"):
            load_certificates(data["ca.crt"], "ca.crt")
        data["tls.crt"].decode()
        data["tls.key"].decode()
        return parse_pair(data["tls.crt"], data["tls.key"])
    except UnicodeDecodeError:
        message = f"{what}: tls.crt and tls.key must be text in UTF-8, comments included"
        raise blocked(Reason.CERTIFICATE_INVALID, message, stalled=True) from None
    except BadCertificate as error:
        raise blocked(Reason.CERTIFICATE_INVALID, f"{what}: {error}", stalled=True) from None


async def _provided(run: Run) -> Mapping[str, bytes]:
    name = run.registry.spec.tls.secret_ref or ""
    what = f"Secret {name} (spec.tls.secretRef)"
    secret = await run.user_secret(name, "spec.tls.secretRef")
    leaf = checked(secret.data, what)
    server = hosts.server_name(run.registry)
    if leaf.expired(run.now):
        raise blocked(
            Reason.CERTIFICATE_EXPIRED, f"{what} expired at {leaf.not_after:%Y-%m-%d}: renew it", stalled=True
        )
    if not leaf.covers(server):
        raise blocked(
            Reason.CERTIFICATE_INVALID,
            f"{what} is for {', '.join(leaf.dns_names) or 'no name'} and not for {server}: issue it for that name too, "
            "or set tls.internalNames to Disabled and name it in tls.dnsNames",
            stalled=True,
        )
    return secret.data


def last_good(run: Run) -> Serving | None:
    """The copy that the Deployment mounts now."""
    found = run.world.child(kinds.DEPLOYMENT, run.registry.namespace, run.names.deployment)
    if found is None or not isinstance(found.view, DeploymentView):
        return None
    for name, leaf in _copies(run).items():
        if name in found.view.mounted:
            return Serving(name, leaf, "".join(_signers(leaf, _published(run))) or None)
    return None


def live(run: Run, wished: Serving | None) -> Serving | None:
    """What pods serve, or are about to: a certificate that cannot be rolled out now is expected of none of them."""
    standing = last_good(run) if run.registry.spec.tls.enabled else None
    if wished is None or standing is None:
        return wished or standing
    return wished if wished.secret == standing.secret else standing


def _copies(run: Run) -> dict[str, Leaf]:
    """The certificates that pods mount or mounted, by the name of the Secret; what somebody spoilt is passed over."""
    found = {}
    for each in run.world.children(kinds.SECRET, run.registry):
        if each.name.startswith(run.names.tls("")) and isinstance(each.view, SecretView):
            with contextlib.suppress(BadCertificate):
                found[each.name] = parse_pair(each.view.data.get("tls.crt", b""), each.view.data.get("tls.key", b""))
    return found


def _published(run: Run) -> list[str]:
    """What clients are told to trust now; nothing where somebody has put something else there."""
    found = run.world.child(kinds.CONFIG_MAP, run.registry.namespace, run.names.ca_config_map)
    with contextlib.suppress(BadCertificate):
        if found is not None and isinstance(found.view, str):
            return bundled(found.view)
    return []


def _signers(leaf: Leaf, authorities: Iterable[str]) -> list[str]:
    return [each for each in authorities if leaf.verify_against(each)]


def trust(run: Run, now: Serving | None, mounted: frozenset[str]) -> str | None:
    """What clients should trust: the CA of the certificate, and an older one as long as a pod serves what it signed."""
    parts = dict.fromkeys(bundled(now.ca)) if now is not None and now.ca else {}
    published = _published(run)
    for name, leaf in _copies(run).items():
        if name in mounted and (now is None or name != now.secret):
            parts.update(dict.fromkeys(_signers(leaf, published)))
    return "".join(parts) or None


async def publish(run: Run, bundle: str | None) -> str | None:
    """The ConfigMap with what clients should trust; its name, or None if there is no CA to tell."""
    if bundle is None:
        return None
    made = await run.writer.ensure(kinds.CONFIG_MAP, config_map.ca(run.registry, bundle))
    return made.name
