"""`spec.expose`: ways to a Registry from outside, beside its Service.

A parent of a route may be in another namespace, the one reference that may: gateways are shared, and their listeners
say which namespaces they take routes from (docs/decisions/0006).
"""

from __future__ import annotations

from . import pod
from .parts import (
    DNS_NAME,
    Schema,
    annotation_map,
    choice,
    integer,
    listing,
    matching,
    object_name,
    record,
    rule,
    section,
    text,
    unreserved,
)

_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"


def expose() -> Schema:
    return section(
        "Ways to the Registry from outside, beside its Service. Any of them; the certificate is for their hosts, too. "
        "Whether another one has the same host is for the ingress controller or the gateway to tell.",
        ingress=_ingress(),
        gateway=_gateway(),
    )


def passthrough_needs_tls() -> Schema:
    """A rule of `spec`, since it looks at two sections."""
    return rule(
        "!has(self.expose) || !has(self.expose.gateway) || self.expose.gateway.tls != 'Passthrough' || "
        "!has(self.tls) || !has(self.tls.disabled)",
        "may have tls Passthrough only where the Registry has TLS: remove spec.tls.disabled, or set it to Terminate",
        at=".expose.gateway.tls",
    )


def _host(about: str) -> Schema:
    message = "must be a DNS name in lower case such as images.example.com, without a wildcard"
    return text(about, matching(DNS_NAME, message), longest=253)


def _ingress() -> Schema:
    return record(
        "An Ingress.",
        rule(
            "has(self.tlsSecretName) || !has(self.annotations) || !self.annotations.exists(key, "
            "key.startsWith('cert-manager.io/') || key.startsWith('acme.cert-manager.io/') || "
            "key == 'kubernetes.io/tls-acme')",
            "may have annotations of cert-manager's with tlsSecretName only; name the Secret that cert-manager shall "
            "make, or remove them: spec.tls.certManager asks for the Registry's own certificate",
        ),
        required=("host",),
        host=_host("Host under which clients reach the Registry."),
        className=object_name("IngressClass. Without it the cluster's default."),
        annotations=annotation_map(
            "Annotations of the Ingress, beside those for ingress-nginx and Traefik that the operator sets; yours win.",
            unreserved(*pod.OURS, *pod.TOOLS, way_out=pod.WAY_OUT),
            rule(
                "!self.exists(key, key.contains('snippet'))",
                "may not set snippets; they are configuration of the whole ingress controller: ask those who run it",
            ),
        ),
        tlsSecretName=object_name(
            "Secret of type kubernetes.io/tls that the ingress controller serves. Without it the Registry's own "
            "certificate, or none with tls.disabled."
        ),
    )


def _gateway() -> Schema:
    return record(
        "A route of the Gateway API, which is made when the cluster has its kinds.",
        required=("hostnames", "parentRefs"),
        hostnames={
            **listing("Hosts under which clients reach the Registry.", _host(""), 16, kind="set"),
            "minItems": 1,
        },
        parentRefs=_parents(),
        tls=choice(
            "Terminate: an HTTPRoute; TLS ends at the gateway, which talks to the Registry by TLS of its own "
            "(BackendTLSPolicy). Passthrough: a TLSRoute; the Registry's certificate is what clients get.",
            "Terminate",
            "Passthrough",
            default="Terminate",
        ),
    )


def _parents() -> Schema:
    """That a listener is named once is left to the Gateway API's own rule: the API server finds ours too costly."""
    parent = record(
        "",
        required=("name",),
        kind=choice("Kind of the parent.", "Gateway", "ListenerSet", default="Gateway"),
        name=object_name("Name of the parent."),
        namespace=text(
            "Namespace of the parent, whose listeners must take routes from the Registry's. Without it the Registry's.",
            matching(_LABEL, "must be the name of a namespace"),
            longest=63,
        ),
        sectionName=text(
            "Listener. Without it all that fit.", matching(DNS_NAME, "must be the name of a listener"), longest=253
        ),
        port=integer("Port of the listener, which clients type, too. Without it 443.", 1, 65535),
    )
    parents = listing("Gateways, or sets of listeners, that take the route.", parent, 8)
    return {**parents, "minItems": 1}
