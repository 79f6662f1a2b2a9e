"""What cert-manager should make: the registry's certificate and, without an issuer of the user's, a CA for it alone.

Fields whose defaults cert-manager has changed between releases (`rotationPolicy`, `revisionHistoryLimit`) are spelled
out. The Secrets that result carry our labels (we watch by label) but no owner: the CA must survive its Registry, so
that clients which trust it go on trusting a Registry that returns.
"""

from __future__ import annotations

from registry_operator.api.registry import CertManager, IssuerRef, Registry
from registry_operator.desired import hosts, meta
from registry_operator.desired.names import Names

API_VERSION = "cert-manager.io/v1"


def leaf(
    registry: Registry,
    *,
    cluster_ips: tuple[str, ...],
    issuer_ref: IssuerRef,
    cluster_domain: str = hosts.CLUSTER_DOMAIN,
) -> meta.Object:
    """The Certificate of the registry; no common name, which may hold only 64 characters and is read by nobody."""
    names = Names(registry.name)
    wanted = registry.spec.tls.cert_manager or CertManager()
    dns_names, ip_addresses = hosts.server_names(registry, cluster_ips, cluster_domain=cluster_domain)
    usages = ["digital signature", "server auth"]
    if wanted.algorithm == "RSA":
        usages.insert(1, "key encipherment")
    spec: meta.Object = {
        "secretName": names.certificate_secret,
        "secretTemplate": {"labels": meta.labels(registry.name)},
        "issuerRef": _issuer_ref(issuer_ref),
        "duration": wanted.duration,
        "renewBefore": wanted.renew_before,
        "privateKey": {"algorithm": wanted.algorithm, "size": wanted.size, "rotationPolicy": "Always"},
        "usages": usages,
        "revisionHistoryLimit": 1,
    }
    if dns_names:
        spec["dnsNames"] = list(dns_names)
    if ip_addresses:
        spec["ipAddresses"] = list(ip_addresses)
    return _object(registry, "Certificate", names.certificate, spec)


def ca(registry: Registry) -> meta.Object:
    """The Certificate of the Registry's own CA.

    Ten years, and the same key at each renewal: certificates signed before and after it verify against either, so a
    renewal asks nothing of clients. The namespace is part of the subject because clients may trust many such CAs.
    """
    names = Names(registry.name)
    spec: meta.Object = {
        "secretName": names.ca_secret,
        "secretTemplate": {"labels": meta.labels(registry.name)},
        "issuerRef": _issuer_ref(IssuerRef(name=names.bootstrap_issuer)),
        "isCA": True,
        "commonName": f"{registry.name} registry CA",
        "subject": {"organizations": [registry.namespace]},
        "duration": "87600h",
        "renewBefore": "8760h",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        "usages": ["digital signature", "cert sign", "crl sign"],
        "revisionHistoryLimit": 1,
    }
    return _object(registry, "Certificate", names.ca_certificate, spec)


def bootstrap_issuer(registry: Registry) -> meta.Object:
    """The Issuer that lets the CA sign itself."""
    return _object(registry, "Issuer", Names(registry.name).bootstrap_issuer, {"selfSigned": {}})


def ca_issuer(registry: Registry) -> meta.Object:
    """The Issuer that signs the registry's certificate with the Registry's own CA."""
    names = Names(registry.name)
    return _object(registry, "Issuer", names.ca_issuer, {"ca": {"secretName": names.ca_secret}})


def issuer_ref(registry: Registry) -> IssuerRef:
    """Who signs the registry's certificate: the issuer that the author names, or our own."""
    wanted = registry.spec.tls.cert_manager or CertManager()
    return wanted.issuer_ref or IssuerRef(name=Names(registry.name).ca_issuer)


def _issuer_ref(reference: IssuerRef) -> dict[str, str]:
    return {"name": reference.name, "kind": reference.kind, "group": reference.group}


def _object(registry: Registry, kind: str, name: str, spec: meta.Object) -> meta.Object:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": meta.metadata(registry, name),
        "spec": spec,
    }
