"""The certificate that the pods serve: where it comes from, whether it may be used, and its content-addressed copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry_operator.desired import config_map, hosts, secrets
from registry_operator.kube import kinds
from registry_operator.reconcile import cert_manager, self_signed
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.views import DeploymentView, SecretView
from registry_operator.registry.certificates import BadCertificate, Leaf, load_certificates, parse_pair
from registry_operator.status.problems import Blocked, blocked
from registry_operator.status.reasons import Condition, Reason


@dataclass(frozen=True, slots=True)
class Serving:
    """The copy that pods mount, and what is in it."""

    secret: str
    leaf: Leaf
    ca: bytes | None


async def serving(run: Run, salt_key: bytes, cluster_ip: str | None) -> Serving | None:
    """The certificate for the pods: the wished one, or the last good one while that cannot be had; None if neither."""
    mode = run.registry.spec.tls.mode
    try:
        match mode:
            case "SecretRef":
                pair = await _provided(run)
            case "SelfSigned":
                pair = await self_signed.pair(run, cluster_ip)
            case _:
                pair = await cert_manager.pair(run, cluster_ip)
        return await _copied(run, salt_key, pair)
    except Blocked as error:
        run.note(Condition.CERTIFICATE_READY, error.problem)
        return last_good(run)


async def _copied(run: Run, salt_key: bytes, data: Mapping[str, bytes]) -> Serving:
    leaf = checked(data, "the certificate")
    crt, key = data["tls.crt"].decode(), data["tls.key"].decode()
    copy = await run.writer.ensure(kinds.SECRET, secrets.tls(run.registry, crt=crt, key=key, salt_key=salt_key))
    return Serving(copy.name, leaf, data.get("ca.crt") or None)


def checked(data: Mapping[str, bytes], what: str) -> Leaf:
    """The pair of a kubernetes.io/tls Secret. Raises Blocked if the registry must not get it."""
    missing = [key for key in ("tls.crt", "tls.key") if not data.get(key)]
    if missing:
        raise blocked(Reason.SECRET_INVALID, f"{what} has no {' and no '.join(missing)}", stalled=True)
    try:
        if data.get("ca.crt"):
            load_certificates(data["ca.crt"], "ca.crt")
        return parse_pair(data["tls.crt"], data["tls.key"])
    except BadCertificate as error:
        raise blocked(Reason.CERTIFICATE_INVALID, f"{what}: {error}", stalled=True) from None


async def _provided(run: Run) -> Mapping[str, bytes]:
    name = run.registry.spec.tls.secret_ref or ""
    what = f"Secret {name} (spec.tls.secretRef)"
    secret = await run.world.user_secrets.get(run.registry.namespace, name)
    if secret is None:
        raise blocked(Reason.SECRET_MISSING, f"{what} does not exist: make it, or name another")
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
    for copy in _copies(run):
        view = copy.view
        if copy.name in found.view.mounted and isinstance(view, SecretView):
            leaf = parse_pair(view.data["tls.crt"], view.data["tls.key"])
            return Serving(copy.name, leaf, _known_ca(run, leaf))
    return None


def _copies(run: Run) -> list[Child]:
    prefix = run.names.tls("")
    return [each for each in run.world.children(kinds.SECRET, run.registry) if each.name.startswith(prefix)]


def _known_ca(run: Run, leaf: Leaf) -> bytes | None:
    """The CA of an older certificate, if the ConfigMap for clients still holds it."""
    bundle = _published(run)
    return bundle.encode() if bundle and leaf.verify_against(bundle) else None


def _published(run: Run) -> str | None:
    """What clients are told to trust now; None also where somebody has put something else there."""
    found = run.world.child(kinds.CONFIG_MAP, run.registry.namespace, run.names.ca_config_map)
    if found is None or not isinstance(found.view, str):
        return None
    try:
        load_certificates(found.view, config_map.CA_KEY)
    except BadCertificate:
        return None
    return found.view


def trust(run: Run, now: Serving | None, mounted: frozenset[str]) -> str | None:
    """What clients should trust: the CA of the certificate, and an older one as long as a pod serves what it signed."""
    parts: dict[str, None] = {}
    if now is not None and now.ca:
        parts.update(dict.fromkeys(_blocks(now.ca.decode())))
    published = _published(run)
    if published and any(
        _signed_by_published(run, copy, published, now) for copy in _copies(run) if copy.name in mounted
    ):
        parts.update(dict.fromkeys(_blocks(published)))
    return "".join(parts) or None


def _signed_by_published(run: Run, copy: Child, published: str, now: Serving | None) -> bool:
    if now is not None and copy.name == now.secret:
        return False
    view = copy.view
    assert isinstance(view, SecretView)
    return parse_pair(view.data["tls.crt"], view.data["tls.key"]).verify_against(published)


_END = "-----END CERTIFICATE-----"


def _blocks(pem: str) -> list[str]:
    """The certificates of a bundle, each ended by a line break, so that equal ones are equal texts."""
    return [f"{block.strip()}\n{_END}\n" for block in pem.split(_END) if block.strip()]


async def publish(run: Run, bundle: str | None) -> str | None:
    """The ConfigMap with what clients should trust; its name, or None if there is no CA to tell."""
    if bundle is None:
        return None
    made = await run.writer.ensure(kinds.CONFIG_MAP, config_map.ca(run.registry, bundle))
    return made.name
