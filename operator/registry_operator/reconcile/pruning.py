"""Deletes what is ours and no longer wanted, once nothing uses it."""

from __future__ import annotations

import re

from registry_operator.desired import hosts
from registry_operator.kube import kinds
from registry_operator.kube.kinds import Kind
from registry_operator.reconcile.context import Run

_MOUNTING = (kinds.DEPLOYMENT, kinds.REPLICA_SET, kinds.POD, kinds.INGRESS)
_ADDRESSED = re.compile(r"-(config|tls|storage|upstream)-[0-9a-f]{10}$")


async def prune(run: Run, addressed: frozenset[str], mounted: frozenset[str]) -> None:
    """Delete Secrets and certificates that the spec no longer asks for.

    `addressed` are the content-addressed Secrets of now; `mounted` those that a pod or the Ingress may still need.
    What is wanted is read from the spec and not from what this walk brought about: a step that is blocked must not cost
    a password.
    Claims and the CA of cert-manager are never deleted here: images and trust outlive a change of mind.
    """
    wanted = addressed | _wanted(run)
    await _prune_certificates(run)
    if not run.world.whole(run.registry.namespace, *_MOUNTING):
        return  # what cannot be seen may still mount anything
    for each in run.world.children(kinds.SECRET, run.registry):
        if each.name not in wanted and each.name not in mounted and _prunable(run, each.name):
            await run.writer.remove(kinds.SECRET, each)


async def _prune_certificates(run: Run) -> None:
    """A walk before their Secrets, which cert-manager would otherwise issue anew."""
    issued = run.registry.spec.tls.mode == "CertManager"
    own = issued and hosts.own_ca(run.registry)
    await _unless(run, issued, kinds.CERTIFICATE, run.names.certificate)
    await _unless(run, own, kinds.CERTIFICATE, run.names.ca_certificate)
    await _unless(run, own, kinds.ISSUER, run.names.ca_issuer)
    await _unless(run, own, kinds.ISSUER, run.names.bootstrap_issuer)


def _wanted(run: Run) -> set[str]:
    spec, names = run.registry.spec, run.names
    certificate = run.world.child(kinds.CERTIFICATE, run.registry.namespace, names.certificate)
    wishes = {
        names.htpasswd: spec.auth.mode == "Htpasswd",
        names.admin: spec.auth.admin_user == "Enabled",  # also while nobody logs in: it is needed again some day
        names.selfsigned: spec.tls.mode == "SelfSigned",
        names.certificate_secret: spec.tls.mode == "CertManager" or certificate is not None,
    }
    return {name for name, wish in wishes.items() if wish}


async def prune_trust(run: Run, bundle: str | None) -> None:
    """Delete the ConfigMap with the CA when there is none to tell any more."""
    await _unless(run, bundle is not None, kinds.CONFIG_MAP, run.names.ca_config_map)


def _prunable(run: Run, name: str) -> bool:
    names = run.names
    return bool(_ADDRESSED.search(name)) or name in {
        names.admin,
        names.htpasswd,
        names.selfsigned,
        names.certificate_secret,
    }


async def _unless(run: Run, wanted: bool, kind: Kind, name: str) -> None:
    found = None if wanted else run.world.child(kind, run.registry.namespace, name)
    if found is not None:
        await run.writer.remove(kind, found)
