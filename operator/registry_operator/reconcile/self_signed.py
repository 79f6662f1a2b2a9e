"""A certificate by the operator's own CA, for clusters without cert-manager.

The CA and the certificate stand in one Secret that is made by POST, and renewed only in the version that was looked at:
the API server decides which of two writers was first, and the other one reads again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from registry_operator.desired import hosts, meta, secrets
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.views import SecretView
from registry_operator.registry.authority import Pair, make_ca, make_leaf, renew_due
from registry_operator.registry.certificates import BadCertificate, parse_pair
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason


async def pair(run: Run, cluster_ips: tuple[str, ...]) -> Mapping[str, bytes]:
    """The certificate, its key and the CA; made if there is none, renewed when its time or its names are over."""
    names, addresses = hosts.server_names(run.registry, cluster_ips, cluster_domain=run.defaults.cluster_domain)
    compose, keys = partial(_composed, run), secrets.SELFSIGNED_GENERATED
    generate = partial(_made, run, names, addresses)
    found = await run.writer.generated(run.names.selfsigned, compose, generate, keys, whole=True)
    found = await run.writer.kept(found, compose, keys)
    if not _good(run, _data(found), (*names, *addresses)):
        found = await run.writer.renew(found, meta.encode(_renewed(run, found, names, addresses)))
    run.writer.sure.rests_on(found.name, found.resource_version)
    return _data(found)


def _data(found: Child) -> Mapping[str, bytes]:
    assert isinstance(found.view, SecretView)
    return found.view.data


def _renewed(run: Run, found: Child, names: tuple[str, ...], addresses: tuple[str, ...]) -> dict[str, str]:
    """The values to replace. A CA near its end goes too: clients are told of both while pods serve what it signed."""
    authority = _authority(_data(found), found.name)
    if renew_due(parse_pair(authority.crt, authority.key), run.now):
        return _made(run, names, addresses)
    leaf = make_leaf(authority, names, addresses, run.now)
    return {"tls.crt": leaf.crt, "tls.key": leaf.key}


def _composed(run: Run, values: Mapping[str, str]) -> meta.Object:
    parts = {name: values.get(key, "") for name, key in _KEYS.items()}
    return secrets.selfsigned(run.registry, **parts)


_KEYS = {"ca_crt": "ca.crt", "ca_key": "ca.key", "crt": "tls.crt", "key": "tls.key"}


def _made(run: Run, names: tuple[str, ...], addresses: tuple[str, ...]) -> dict[str, str]:
    authority = make_ca(f"{run.registry.name} registry CA", run.registry.namespace, run.now)
    leaf = make_leaf(authority, names, addresses, run.now)
    return {"ca.crt": authority.crt, "ca.key": authority.key, "tls.crt": leaf.crt, "tls.key": leaf.key}


def _good(run: Run, data: Mapping[str, bytes], names: tuple[str, ...]) -> bool:
    """Whether the certificate can be used for a while yet, for these names, and is signed by the CA beside it."""
    try:
        leaf = parse_pair(data.get("tls.crt", b""), data.get("tls.key", b""))
        return not renew_due(leaf, run.now) and not leaf.missing(names) and leaf.verify_against(data.get("ca.crt", b""))
    except BadCertificate:
        return False


def _authority(data: Mapping[str, bytes], name: str) -> Pair:
    authority = Pair(data.get("ca.crt", b"").decode(errors="replace"), data.get("ca.key", b"").decode(errors="replace"))
    try:
        parse_pair(authority.crt, authority.key)
    except BadCertificate:
        message = f"Secret {name} has no usable CA in ca.crt and ca.key: restore it, or delete it for a new CA"
        raise blocked(Reason.SECRET_INVALID, message, stalled=True) from None
    return authority
