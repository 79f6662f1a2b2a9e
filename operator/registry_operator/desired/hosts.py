"""The names under which a Registry is reached: in status, in credentials and in its certificate must stand the same."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from registry_operator.api.expose import Gateway
from registry_operator.api.registry import Registry

CLUSTER_DOMAIN = "cluster.local"


def port(registry: Registry) -> int:
    """The port of the Service."""
    return registry.spec.service.port or _scheme_port(registry)


def server_name(registry: Registry) -> str:
    """The host name without a port: what a client verifies the certificate against."""
    if registry.spec.tls.internal_names == "Disabled":
        for name in registry.spec.tls.dns_names:
            if "*" not in name:
                return name
    return f"{registry.name}.{registry.namespace}.svc"


def host(registry: Registry) -> str:
    """What stands before `/repository:tag`: the host, and the port where a client has to say it."""
    return _with_port(registry, server_name(registry))


def url(registry: Registry) -> str:
    """The address of the registry's API."""
    return f"{'https' if registry.spec.tls.enabled else 'http'}://{host(registry)}"


def hosts(registry: Registry, *, cluster_domain: str = CLUSTER_DOMAIN, node_port: int | None = None) -> tuple[str, ...]:
    """Every host[:port] that credentials are good for; the first is `host`.

    `node_port` is the one that the cluster gave, which counts where clients are to use it.
    """
    tls, service = registry.spec.tls, registry.spec.service
    number = service.node_port or (node_port if service.type == "NodePort" else None)
    names = [server_name(registry)]
    if tls.internal_names == "Enabled":
        names.append(f"{registry.name}.{registry.namespace}.svc.{cluster_domain}")
    names += [name for name in tls.dns_names if "*" not in name]
    names += [_bracketed(address) for address in tls.ip_addresses]
    found = [_with_port(registry, name) for name in names]
    if number:
        outside = [name for name in names if not name.startswith(f"{registry.name}.{registry.namespace}.svc")]
        found += [f"{name}:{number}" for name in outside]
    found += [address.partition("://")[2] for address in _proxied(registry)]
    return _unique(found)


def external(registry: Registry, addresses: Iterable[str], node_port: int | None) -> tuple[str, ...]:
    """The URLs that clients outside of the cluster type: of proxies, and of the Service itself.

    `addresses` are those of the load balancer, `node_port` is the one that the cluster gave. The names of the
    certificate stand before bare addresses, since it need not be for these.
    """
    tls, service = registry.spec.tls, registry.spec.service
    named = [name for name in tls.dns_names if "*" not in name] + [_bracketed(each) for each in tls.ip_addresses]
    scheme = "https" if tls.enabled else "http"
    found = _proxied(registry)
    if service.type == "LoadBalancer":
        everywhere = [*named, *(_bracketed(address) for address in addresses if address)]
        found += [f"{scheme}://{_with_port(registry, name)}" for name in everywhere]
    elif service.type == "NodePort" and node_port:
        found += [f"{scheme}://{name}:{node_port}" for name in named]
    return _unique(found)


def ingress_tls(registry: Registry) -> bool:
    """Whether clients reach the Ingress by TLS."""
    ingress = registry.spec.expose.ingress
    return ingress is not None and (registry.spec.tls.enabled or ingress.tls_secret_name is not None)


def shown(registry: Registry) -> tuple[str, ...]:
    """The names of proxies under which clients get to see the Registry's own certificate."""
    expose = registry.spec.expose
    names: list[str] = []
    if registry.spec.tls.enabled and expose.ingress and not expose.ingress.tls_secret_name:
        names.append(expose.ingress.host)
    if expose.gateway and expose.gateway.tls == "Passthrough":
        names += expose.gateway.hostnames
    return _unique(names)


def _proxied(registry: Registry) -> list[str]:
    """URLs of an Ingress and of gateways, whose listeners are taken for HTTPS."""
    expose = registry.spec.expose
    found = []
    if expose.ingress:
        found.append(f"{'https' if ingress_tls(registry) else 'http'}://{expose.ingress.host}")
    if expose.gateway:
        ports = _unique_ports(expose.gateway)
        found += [f"https://{host}{port}" for host in expose.gateway.hostnames for port in ports]
    return found


def _unique_ports(gateway: Gateway) -> list[str]:
    ports = [f":{parent.port}" if parent.port not in (None, 443) else "" for parent in gateway.parent_refs]
    return list(dict.fromkeys(ports))


def own_ca(registry: Registry) -> bool:
    """Whether the certificate comes from a CA that was made for this Registry alone, and may thus say what we like."""
    tls = registry.spec.tls
    if tls.mode == "CertManager":
        return tls.cert_manager is None or tls.cert_manager.issuer_ref is None
    return tls.mode == "SelfSigned"


def server_names(
    registry: Registry, cluster_ips: tuple[str, ...], *, cluster_domain: str = CLUSTER_DOMAIN
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The DNS names and the addresses that the certificate must cover.

    The bare name and the ClusterIPs only with a CA of the Registry's own: from a company's CA they would speak for
    every `name` of every namespace, and for whatever Service gets the address next.
    """
    tls = registry.spec.tls
    names: list[str] = []
    if tls.internal_names == "Enabled":
        base = f"{registry.name}.{registry.namespace}"
        names = [f"{base}.svc", f"{base}.svc.{cluster_domain}", base]
        if own_ca(registry):
            names.append(registry.name)
    addresses = [*(cluster_ips if own_ca(registry) else ()), *tls.ip_addresses]
    return _unique([*names, *tls.dns_names, *registry.spec.expose.hosts]), _unique(addresses)


def _scheme_port(registry: Registry) -> int:
    return 443 if registry.spec.tls.enabled else 80


def _with_port(registry: Registry, name: str) -> str:
    number = port(registry)
    return name if number == _scheme_port(registry) else f"{name}:{number}"


def _bracketed(address: str) -> str:
    """An IPv6 address as a URL has it; a name, or an IPv4 address, as it is."""
    try:
        return f"[{address}]" if isinstance(ip_address(address), IPv6Address) else address
    except ValueError:
        return address


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
