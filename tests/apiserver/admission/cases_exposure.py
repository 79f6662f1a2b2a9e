"""Cases for how a Registry is reached: its Service, its proxies, and what it says over HTTP."""

from __future__ import annotations

from tests.apiserver.admission.cases import Case, case
from tests.apiserver.admission.door import nested

SERVICE = [
    case(
        "service",
        {"type": "LoadBalancer", "loadBalancerSourceRanges": ["192.0.2.0/24"]},
        {"type": "NodePort", "loadBalancerSourceRanges": ["192.0.2.0/24"]},
        "may have loadBalancerSourceRanges with type LoadBalancer only",
    ),
    Case(
        "spec.service.loadBalancerSourceRanges[0]",
        "must be a range such as 192.0.2.0/24",
        nested("service", {"type": "LoadBalancer", "loadBalancerSourceRanges": ["2001:db8::/32"]}),
        nested("service", {"type": "LoadBalancer", "loadBalancerSourceRanges": ["192.0.2.1"]}),
    ),
    case(
        "service",
        {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv4", "IPv6"]},
        {"ipFamilies": ["IPv6", "IPv4"]},
        "must have ipFamilyPolicy PreferDualStack or RequireDualStack with two ipFamilies",
    ),
    case(
        "service",
        {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]},
        {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6", "IPv4"]},
        "must have ipFamilyPolicy PreferDualStack or RequireDualStack with two ipFamilies",
    ),
]

HSTS = {"name": "Strict-Transport-Security", "value": "max-age=31536000"}
_NAME = "http.headers[0].name"
_RESERVED = "may not be a header of the connection, of the content or of the registry's protocol"


def header(name: str) -> list[dict[str, str]]:
    return [{"name": name, "value": "x"}]


HTTP = [
    case("http.headers", [HSTS], header("X A"), "must be a header such as Strict-Transport-Security", path=_NAME),
    *(
        case("http.headers", header("X-Team"), header(name), _RESERVED, path=_NAME)
        for name in ("connection", "Set-Cookie", "Docker-Content-Digest", "X-CONTENT-TYPE-OPTIONS", "Content-Length")
    ),
    case(
        "http.headers",
        [{"name": "Content-Security-Policy", "value": "default-src 'none'"}],
        [{"name": "X-A", "value": "a\nb"}],
        "must be printable ASCII without a space at its ends",
        path="http.headers[0].value",
    ),
    case(
        "http.headers", [*header("X-A"), *header("X-B")], [*header("X-A"), *header("x-a")], "must have each header once"
    ),
]

_FROM = "networkPolicy.from"
_BLOCK = {"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.128/25"]}}
_RANGE = "must be a range such as 192.0.2.0/24"


def block(cidr: str, *but: str) -> list[dict[str, object]]:
    return [{"ipBlock": {"cidr": cidr, "except": list(but)}}]


NETWORK_POLICY = [
    case(
        "networkPolicy",
        {"mode": "Enabled", "from": [_BLOCK]},
        {"mode": "Disabled", "from": [_BLOCK]},
        "may have from with mode Enabled only",
    ),
    case(_FROM, [{"namespaceSelector": {}}], [], "must name who may connect: leave from out"),
    case(
        _FROM,
        [{"namespaceSelector": {}, "podSelector": {}}],
        [{"podSelector": {}, **_BLOCK}],
        "must have a namespaceSelector, a podSelector or both, or else an ipBlock alone",
        path=f"{_FROM}[0]",
    ),
    case(
        _FROM,
        [{"podSelector": {"matchLabels": {"a": "b"}}}],
        [{}],
        "must have a namespaceSelector, a podSelector or both",
        path=f"{_FROM}[0]",
    ),
    case(_FROM, block("2001:db8::/32"), block("192.0.2.0"), _RANGE, path=f"{_FROM}[0].ipBlock.cidr"),
    case(_FROM, [_BLOCK], block("192.0.2.0/24", "x"), _RANGE, path=f"{_FROM}[0].ipBlock.except[0]"),
    case(
        _FROM,
        [_BLOCK],
        block("192.0.2.0/24", "198.51.100.0/25"),
        "must have except inside of cidr",
        path=f"{_FROM}[0].ipBlock",
    ),
    case(
        _FROM,
        [_BLOCK],
        block("192.0.2.0/24", "192.0.2.0/24"),
        "must have except inside of cidr",
        path=f"{_FROM}[0].ipBlock",
    ),
]

_INGRESS, _GATEWAY = "expose.ingress", "expose.gateway"
_PLAIN_HOST = "must be a DNS name in lower case such as images.example.com, without a wildcard"
_GATED = {"hostnames": ["images.example.com"], "parentRefs": [{"name": "shared"}]}


def annotated(key: str, **more: str) -> dict[str, object]:
    return {"host": "images.example.com", "annotations": {key: "x"}, **more}


def parent(field: str, good: object, bad: object, words: str) -> Case:
    path = f"{_GATEWAY}.parentRefs[0].{field}"
    accepted, refused = ({**_GATED, "parentRefs": [{"name": "shared", field: value}]} for value in (good, bad))
    return case(_GATEWAY, accepted, refused, words, path=path)


EXPOSE = [
    case(_INGRESS, {"host": "images.example.com"}, {"host": "*.example.com"}, _PLAIN_HOST, path=f"{_INGRESS}.host"),
    case(
        _INGRESS,
        {"host": "a.b", "className": "nginx"},
        {"host": "a.b", "className": "A"},
        "must be the name of an object",
        path=f"{_INGRESS}.className",
    ),
    case(
        _INGRESS,
        {"host": "a.b", "tlsSecretName": "tls"},
        {"host": "a.b", "tlsSecretName": "A"},
        "must be the name of an object",
        path=f"{_INGRESS}.tlsSecretName",
    ),
    case(
        _INGRESS,
        annotated("nginx.ingress.kubernetes.io/limit-rps"),
        annotated("a b"),
        "must have keys such as example.com/name",
        path=f"{_INGRESS}.annotations",
    ),
    case(
        _INGRESS,
        annotated("a"),
        annotated("teamregistry.io/a"),
        "may not set keys of teamregistry.io/, app.kubernetes.io/",
        path=f"{_INGRESS}.annotations",
    ),
    *(
        case(_INGRESS, annotated("a"), annotated(key), "may not set snippets", path=f"{_INGRESS}.annotations")
        for key in ("nginx.ingress.kubernetes.io/server-snippet", "nginx.org/location-snippets")
    ),
    *(
        case(
            _INGRESS,
            annotated(key, tlsSecretName="tls"),
            annotated(key),
            "may have annotations of cert-manager's with tlsSecretName only",
        )
        for key in ("cert-manager.io/issuer", "acme.cert-manager.io/http01-edit-in-place", "kubernetes.io/tls-acme")
    ),
    case(_GATEWAY, _GATED, {**_GATED, "hostnames": ["*.a"]}, _PLAIN_HOST, path=f"{_GATEWAY}.hostnames[0]"),
    parent("name", "a.b-1", "A", "must be the name of an object"),
    parent("namespace", "gateways", "a.b", "must be the name of a namespace"),
    parent("sectionName", "https", "Https", "must be the name of a listener"),
    Case(
        f"spec.{_GATEWAY}.tls",
        "may have tls Passthrough only where the Registry has TLS",
        {"expose": {"gateway": {**_GATED, "tls": "Passthrough"}}},
        {"expose": {"gateway": {**_GATED, "tls": "Passthrough"}}, "tls": {"disabled": {}}},
    ),
]


METRICS = [
    case(
        "metrics",
        {"mode": "Enabled", "podMonitor": {"mode": "Enabled", "interval": "30s", "labels": {"a.b/c": "d"}}},
        {"podMonitor": {"mode": "Enabled"}},
        "may have from and podMonitor with mode Enabled only",
    ),
    case(
        "metrics",
        {"mode": "Enabled", "podMonitor": {"interval": "1m30s"}},
        {"mode": "Enabled", "podMonitor": {"interval": "30"}},
        "must be a duration such as 30s or 1m",
        path="metrics.podMonitor.interval",
    ),
    case(
        "metrics",
        {"mode": "Enabled", "from": [{"namespaceSelector": {}}]},
        {"mode": "Enabled", "from": []},
        "must name who may connect",
        path="metrics.from",
    ),
    case(
        "metrics",
        {"mode": "Enabled", "from": [_BLOCK]},
        {"mode": "Enabled", "from": [{}]},
        "must have a namespaceSelector, a podSelector or both, or else an ipBlock alone",
        path="metrics.from[0]",
    ),
    case(
        "metrics",
        {"mode": "Enabled", "from": block("192.0.2.0/24")},
        {"mode": "Enabled", "from": block("192.0.2.0/24", "192.0.2.0/24")},
        "must have except inside of cidr, and smaller than it",
        path="metrics.from[0].ipBlock",
    ),
    case(
        "metrics",
        {"mode": "Enabled", "from": block("192.0.2.0/24")},
        {"mode": "Enabled", "from": block("192.0.2.1")},
        _RANGE,
        path="metrics.from[0].ipBlock.cidr",
    ),
    case(
        "metrics",
        {"mode": "Enabled", "from": block("192.0.2.0/24", "192.0.2.0/25")},
        {"mode": "Enabled", "from": block("192.0.2.0/24", "192.0.2.0")},
        _RANGE,
        path="metrics.from[0].ipBlock.except[0]",
    ),
]
