"""Ways to the registry from outside: its Ingress, its routes of the Gateway API, and what the cluster says of them."""

from __future__ import annotations

from collections.abc import Iterator

from registry_operator.api.expose import Gateway, Ingress, ParentRef
from registry_operator.desired import gateway as desired
from registry_operator.desired import hosts
from registry_operator.desired.ingress import ingress as desired_ingress
from registry_operator.kube import kinds
from registry_operator.kube.kinds import Kind
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.gateway_views import IngressView, ParentView
from registry_operator.reconcile.ownership import Ownership, ownership
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.tls import Serving
from registry_operator.reconcile.views import ServiceView
from registry_operator.status.findings import ExposureFacts
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason

_LOOK_AGAIN_SECONDS = 10.0
_KINDS = (kinds.INGRESS, kinds.HTTP_ROUTE, kinds.TLS_ROUTE, kinds.BACKEND_TLS_POLICY)


async def withdraw(run: Run) -> None:
    """Take back what the spec no longer asks for; first, so that nothing keeps a closed way open."""
    wanted = set(_wanted(run))
    for kind in _KINDS:
        found = None if kind in wanted else run.world.child(kind, run.registry.namespace, run.registry.name)
        if found is not None:
            await run.writer.remove(kind, found)


async def ingress(run: Run, serving: Serving | None) -> None:
    """The Ingress, once there is a certificate for it."""
    wanted = run.registry.spec.expose.ingress
    if wanted is None:
        return
    secret = wanted.tls_secret_name
    if secret is None and run.registry.spec.tls.enabled:
        if serving is None:
            raise blocked(Reason.WAITING, "the Ingress waits for the certificate; see CertificateReady")
        secret = serving.secret
    await run.writer.ensure(kinds.INGRESS, desired_ingress(run.registry, wanted, tls_secret=secret))


async def gateway(run: Run, serving: Serving | None, ca_config_map: str | None) -> None:
    """The route, and how the gateway trusts the Registry where it ends TLS and begins it anew."""
    wanted = run.registry.spec.expose.gateway
    if wanted is None:
        return
    if wanted.tls == "Passthrough":
        _served(run, kinds.TLS_ROUTE, "1.5")
        await run.writer.ensure(kinds.TLS_ROUTE, desired.tls_route(run.registry, wanted))
        return
    _served(run, kinds.HTTP_ROUTE, "1.0")
    await run.writer.ensure(kinds.HTTP_ROUTE, desired.http_route(run.registry, wanted))
    if run.registry.spec.tls.enabled:
        _served(run, kinds.BACKEND_TLS_POLICY, "1.4")
        if serving is None or (serving.ca and not ca_config_map):
            raise blocked(Reason.WAITING, "the gateway's trust waits for the certificate; see CertificateReady")
        policy = desired.backend_tls_policy(run.registry, ca_config_map=ca_config_map)
        await run.writer.ensure(kinds.BACKEND_TLS_POLICY, policy)


def _served(run: Run, kind: Kind, release: str) -> None:
    if not run.world.served(kind):
        raise blocked(
            Reason.GATEWAY_API_MISSING,
            f"spec.expose.gateway: this cluster has no {kind.kind} ({kind.api_version}), or the operator may not read "
            f"it; install the Gateway API {release} or newer, or use spec.expose.ingress",
            retry=_LOOK_AGAIN_SECONDS,  # new CRDs without objects wake nobody
        )


def _wanted(run: Run) -> Iterator[Kind]:
    expose = run.registry.spec.expose
    if expose.ingress:
        yield kinds.INGRESS
    if expose.gateway and expose.gateway.tls == "Passthrough":
        yield kinds.TLS_ROUTE
    elif expose.gateway:
        yield kinds.HTTP_ROUTE
        if run.registry.spec.tls.enabled:
            yield kinds.BACKEND_TLS_POLICY


# ---------------------------------------------------------------------- what the cluster says
def facts(run: Run, service: ServiceView | None, serving: Serving | None) -> ExposureFacts:
    """What status tells of the ways from outside."""
    spec = run.registry.spec
    addresses, node_port = (service.addresses, service.node_port) if service else ((), None)
    refused, pending = [*_refused(run)], [*_pending(run)]
    bare = serving.leaf.missing(filter(None, addresses)) if serving and spec.service.type == "LoadBalancer" else ()
    named = spec.tls.dns_names or spec.tls.ip_addresses  # then clients need no address
    return ExposureFacts(
        urls=hosts.external(run.registry, (each for each in addresses if each not in bare), node_port),
        node_port=node_port,
        balancing=spec.service.type == "LoadBalancer" and not any(addresses),
        uncovered=(*serving.leaf.missing(hosts.shown(run.registry)), *(() if named else bare)) if serving else (),
        refused=tuple(refused),
        pending=tuple(pending),
    )


def _refused(run: Run) -> Iterator[str]:
    for kind in (kinds.HTTP_ROUTE, kinds.TLS_ROUTE, kinds.BACKEND_TLS_POLICY):
        for parent in _parents(_own(run, kind)):
            if parent.trouble:
                yield f"{parent.kind} {parent.namespace}/{parent.name} refuses the {kind.kind}: {parent.trouble}"


def _pending(run: Run) -> Iterator[str]:
    expose = run.registry.spec.expose
    if expose.ingress:
        yield from _pending_ingress(run, expose.ingress)
    if expose.gateway:
        yield from _pending_route(run, expose.gateway)


def _pending_ingress(run: Run, wanted: Ingress) -> Iterator[str]:
    secret = wanted.tls_secret_name
    if secret and not run.world.has_secret(run.registry.namespace, secret):
        yield f"Secret {secret} (spec.expose.ingress.tlsSecretName) does not exist yet"
    found = _own(run, kinds.INGRESS)
    if found is not None and isinstance(found.view, IngressView) and not found.view.addresses:
        named = f"class {wanted.class_name}" if wanted.class_name else "the default class"
        yield f"no ingress controller has given Ingress {found.name} an address: is there one for {named}?"


def _pending_route(run: Run, wanted: Gateway) -> Iterator[str]:
    found = _own(run, kinds.TLS_ROUTE if wanted.tls == "Passthrough" else kinds.HTTP_ROUTE)
    if found is None:
        return
    for reference in wanted.parent_refs:
        answers = [parent for parent in _parents(found) if _is_for(run, parent, reference)]
        if not any(parent.accepted or parent.trouble for parent in answers):
            named = f"{reference.kind} {reference.namespace or run.registry.namespace}/{reference.name}"
            yield f"{named} has not answered: does it exist, and does a controller look after it?"


def _is_for(run: Run, parent: ParentView, reference: ParentRef) -> bool:
    wanted = (
        reference.kind,
        reference.name,
        reference.namespace or run.registry.namespace,
        reference.section_name or "",
        reference.port or 0,
    )
    return (parent.kind, parent.name, parent.namespace, parent.section, parent.port) == wanted


def _own(run: Run, kind: Kind) -> Child | None:
    found = run.world.child(kind, run.registry.namespace, run.registry.name)
    return found if found is not None and ownership(run.registry, found, run.world.child) is Ownership.OURS else None


def _parents(found: Child | None) -> tuple[ParentView, ...]:
    return found.view if found is not None and isinstance(found.view, tuple) else ()
