"""`spec.http`: what the registry adds to its answers. Raw configuration of the server is no part of the API."""

from __future__ import annotations

from .parts import Schema, listing, matching, record, rule, section, text

# Of one connection, of the message's body, or of the protocol between client and registry: none of them an author's.
_CONNECTION = (
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "alt-svc",
)
_MESSAGE = ("date", "etag", "host", "link", "location", "range", "retry-after", "server", "vary", "allow")
_SECURITY = ("authorization", "set-cookie", "www-authenticate", "x-content-type-options")
_PREFIXES = ("accept-", "content-length", "content-type", "content-encoding", "content-range", "docker-", "oci-")
RESERVED = (*_CONNECTION, *_MESSAGE, *_SECURITY)


def http() -> Schema:
    return section("What the registry says over HTTP beside its content.", headers=_headers())


def _headers() -> Schema:
    item = record(
        "",
        required=("name", "value"),
        name=header_name("Name of the header."),
        value=header_value("Value of the header."),
    )
    headers = listing(
        "Headers that each answer of the API carries beside the registry's own, such as Strict-Transport-Security or "
        "those that let a browser's page of another origin read it.",
        item,
        16,
        keys=("name",),
    )
    return {
        **headers,
        "x-kubernetes-validations": [
            rule(
                "self.all(one, self.filter(other, other.name.lowerAscii() == one.name.lowerAscii()).size() == 1)",
                "must have each header once, in capital letters or small ones: remove the others",
            )
        ],
    }


def header_name(about: str) -> Schema:
    named = ", ".join(f"'{name}'" for name in RESERVED)
    starts = ", ".join(f"'{prefix}'" for prefix in _PREFIXES)
    return text(
        about,
        matching("[A-Za-z0-9][-A-Za-z0-9]*", "must be a header such as Strict-Transport-Security"),
        rule(
            f"!(self.lowerAscii() in [{named}]) && ![{starts}].exists(prefix, self.lowerAscii().startsWith(prefix))",
            "may not be a header of the connection, of the content or of the registry's protocol: "
            "remove it, since the registry or its proxy sets it",
        ),
        longest=64,
    )


def header_value(about: str) -> Schema:
    message = "must be printable ASCII without a space at its ends"
    return text(about, matching("[!-~]([ -~]*[!-~])?", message), longest=1024)
