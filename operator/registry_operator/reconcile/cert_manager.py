"""A certificate by cert-manager: from the user's issuer, or from a CA that it makes for this Registry alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry_operator.api.registry import IssuerRef
from registry_operator.desired import certificate as desired
from registry_operator.desired import hosts, meta
from registry_operator.kube import kinds
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.ownership import Ownership, ownership
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.refusals import RETRY_SECONDS
from registry_operator.reconcile.views import ConditionView, SecretView
from registry_operator.registry.certificates import BadCertificate, parse_pair
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason

_GROUP = kinds.CERTIFICATE.group

_LOOK_AGAIN_SECONDS = 10.0


async def pair(run: Run, cluster_ips: tuple[str, ...]) -> Mapping[str, bytes]:
    """The certificate that cert-manager issued, if it may be used now. Raises Blocked while it may not."""
    if not (run.world.served(kinds.CERTIFICATE) and run.world.served(kinds.ISSUER)):
        raise blocked(
            Reason.CERT_MANAGER_MISSING,
            "spec.tls.certManager: cert-manager is not installed in this cluster, or the operator may not read its "
            "kinds; install it, or use spec.tls.selfSigned or spec.tls.secretRef",
            retry=_LOOK_AGAIN_SECONDS,  # new CRDs without objects wake nobody
        )
    reference = desired.issuer_ref(run.registry)
    await _free(run, run.names.certificate_secret)
    if hosts.own_ca(run.registry):
        await _own_authority(run)
    else:
        _issuer_exists(run, reference)
    wanted = desired.leaf(
        run.registry, cluster_ips=cluster_ips, issuer_ref=reference, cluster_domain=run.defaults.cluster_domain
    )
    certificate = await run.writer.ensure(kinds.CERTIFICATE, wanted)
    secret = await _own(run)
    if secret is not None:
        run.writer.sure.rests_on(secret.name, secret.resource_version)
    return _issued(run, certificate, cluster_ips, secret)


async def _own_authority(run: Run) -> None:
    await _free(run, run.names.ca_secret)
    await run.writer.ensure(kinds.ISSUER, desired.bootstrap_issuer(run.registry))
    await run.writer.ensure(kinds.CERTIFICATE, desired.ca(run.registry))
    await run.writer.ensure(kinds.ISSUER, desired.ca_issuer(run.registry))


async def _free(run: Run, name: str) -> None:
    """cert-manager overwrites whatever Secret a Certificate names, so a foreign one is found before there is any."""
    if not await run.writer.may_take(kinds.SECRET, name):
        message = f"Secret {name} exists and is not this Registry's: rename or delete it, or rename the Registry"
        raise blocked(Reason.NAME_CONFLICT, message, stalled=True, retry=RETRY_SECONDS)


def _issuer_exists(run: Run, reference: IssuerRef) -> None:
    """An issuer of another group is somebody else's to judge."""
    if reference.group != _GROUP:
        return
    cluster_wide = reference.kind == "ClusterIssuer"
    kind = kinds.CLUSTER_ISSUER if cluster_wide else kinds.ISSUER
    if cluster_wide and not run.world.served(kind):
        return  # an operator of some namespaces may not look at cluster scope; cert-manager tells
    found = run.world.child(kind, "" if cluster_wide else run.registry.namespace, reference.name)
    what = f"{reference.kind} {reference.name} (spec.tls.certManager.issuerRef)"
    if found is None:
        raise blocked(Reason.ISSUER_MISSING, f"{what} does not exist: make it, or name another")
    view = found.view
    if isinstance(view, ConditionView) and view.ready is not None and view.ready[0] == "False":
        raise blocked(Reason.ISSUER_NOT_READY, f"{what} is not ready: {view.ready[2]}")


async def _own(run: Run) -> Child | None:
    """The Secret that cert-manager wrote, made to go with the Registry: it holds a private key."""
    found = run.world.child(kinds.SECRET, run.registry.namespace, run.names.certificate_secret)
    if (
        found is None
        or not isinstance(found.view, SecretView)
        or ownership(run.registry, found, run.world.child) is not Ownership.OURS
    ):
        return None
    owner = {**meta.owner_reference(run.registry), "controller": False, "blockOwnerDeletion": False}
    if ("Registry", run.registry.uid) in found.view.owners or run.writer.paused:
        return found
    wanted: dict[str, Any] = {
        "metadata": {"name": found.name, "namespace": found.namespace, "ownerReferences": [owner]},
    }
    return await run.writer.ensure(kinds.SECRET, wanted)


def _issued(run: Run, certificate: Child, cluster_ips: tuple[str, ...], found: Child | None) -> Mapping[str, bytes]:
    names, addresses = hosts.server_names(run.registry, cluster_ips, cluster_domain=run.defaults.cluster_domain)
    view = certificate.view
    assert isinstance(view, ConditionView)
    data = found.view.data if found is not None and isinstance(found.view, SecretView) else {}
    if _usable(run, data, (*names, *addresses)):
        return data
    if view.issuing_failure:
        message = f"cert-manager could not issue the certificate: {view.issuing_failure}; it will try again by itself"
        raise blocked(Reason.ISSUANCE_FAILED, message)
    said = f" ({view.ready[2]})" if view.ready and view.ready[2] else ""
    raise blocked(Reason.ISSUING, f"cert-manager is issuing the certificate{said}")


def _usable(run: Run, data: Mapping[str, bytes], names: tuple[str, ...]) -> bool:
    """Whether there is a pair that fits together, has not expired and covers the names of now."""
    try:
        leaf = parse_pair(data.get("tls.crt", b""), data.get("tls.key", b""))
    except BadCertificate:
        return False
    return not leaf.expired(run.now) and not leaf.missing(names)
