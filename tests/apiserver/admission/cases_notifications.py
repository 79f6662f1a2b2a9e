"""Cases for who is told of what happens."""

from __future__ import annotations

from typing import Any

from tests.apiserver.admission.cases import Case, case

_ENDPOINT = {"name": "audit", "url": "https://audit.example.com"}
_AT = "notifications.endpoints"
_URL = "must be a URL such as https://receiver.example.com/events, without a user and a password"
_QUIET = "must be warn or error when an endpoint of notifications has headersSecretRef"


def endpoint(**more: Any) -> list[dict[str, Any]]:
    return [{**_ENDPOINT, **more}]


def url(good: str, bad: str) -> Case:
    return case(_AT, endpoint(url=good), endpoint(url=bad), _URL, path=f"{_AT}[0].url")


def logged(level: str | None, **more: Any) -> dict[str, Any]:
    spec = {"notifications": {"endpoints": endpoint(**more)}}
    return spec if level is None else {**spec, "log": {"level": level} if level else {}}


HEADERS = {"headersSecretRef": {"name": "headers"}}
NOTIFICATIONS = [
    case(
        _AT,
        endpoint(name="a-1"),
        endpoint(name="A"),
        "must be a name of lower-case letters, digits and '-'",
        path=f"{_AT}[0].name",
    ),
    url("http://receiver.team-a.svc:8080/events?from=images", "ftp://receiver"),
    url("https://[2001:db8::1]:8443/", "https://user:password@receiver"),
    url("https://192.0.2.1", "receiver:8080"),
    url("https://receiver:65535", "https://receiver:65536"),
    url("https://receiver:9", "https://receiver:0"),
    url("https://[::1]/a%2Fb", "https://[192.0.2.1]/"),
    url("https://receiver/[a]", "https://receiver/%zz"),
    Case(
        f"spec.{_AT}[0].headersSecretRef.name",
        "must be the name of an object",
        logged("warn", **HEADERS),
        logged("warn", headersSecretRef={"name": "A"}),
    ),
    case(
        _AT,
        endpoint(ignore={"mediaTypes": ["application/vnd.oci.image.manifest.v1+json"], "actions": ["pull"]}),
        endpoint(ignore={"mediaTypes": ["layers"]}),
        "must be a media type such as application/octet-stream",
        path=f"{_AT}[0].ignore.mediaTypes[0]",
    ),
    *(
        Case("spec.log.level", _QUIET, logged(good, **HEADERS), logged(bad, **HEADERS))
        for good, bad in (("warn", None), ("error", ""), ("warn", "info"), ("error", "debug"))
    ),
    Case("spec.log.level", _QUIET, logged("info"), logged("info", **HEADERS)),
    Case(
        "spec.metrics.mode",
        "must be Disabled when an endpoint of notifications has headersSecretRef",
        {**logged("warn", **HEADERS), "metrics": {"mode": "Disabled"}},
        {**logged("warn", **HEADERS), "metrics": {"mode": "Enabled"}},
    ),
    Case(
        "spec.metrics.mode",
        "must be Disabled when an endpoint of notifications has headersSecretRef",
        {**logged("warn"), "metrics": {"mode": "Enabled"}},
        {**logged("error", **HEADERS), "metrics": {"mode": "Enabled"}},
    ),
]
