"""The registry's configuration file, rendered from data: one complete file, nothing by environment variables.

The registry ignores keys that it does not know, so a misspelt one would silently do nothing, and it parses its
environment variables as YAML, so a password like `0012345` would become another: hence data, dumped, and tests that
feed the result to the real binary of each line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import yaml

from registry_operator.memo import Memo
from registry_operator.registry.drivers import Line, Section

__all__ = ["Line", "Options", "Section", "filesystem", "proxy", "render"]

# What distribution does with uploads that nobody finishes. All four keys, or it panics.
_UPLOAD_PURGING: Section = {"enabled": True, "age": "168h", "interval": "24h", "dryrun": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A receiver of notifications."""

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    ignored_actions: Sequence[str] = ()
    ignored_media_types: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What may differ between two registries."""

    line: Line
    port: int
    drain_seconds: int
    http_secret: str
    storage: Mapping[str, Section]  # the section of the one storage driver, under its name
    proxy: Section | None = None  # what `proxy` gives; None = no cache of another registry
    redirect: bool = True  # whether clients may be sent to the storage's own server for layers
    tls_folder: str | None = None  # with tls.crt and tls.key; None = plain HTTP
    min_tls_version: Literal["1.2", "1.3"] = "1.2"
    htpasswd_file: str | None = None  # None = no authentication
    headers: Mapping[str, str] = field(default_factory=dict)  # of each answer, beside the registry's own
    metrics_port: int | None = None  # None = no second server
    read_only: bool = False
    log_level: str = "info"
    log_format: str = "json"
    access_log: bool = True
    log_fields: Mapping[str, str] = field(default_factory=dict)
    endpoints: Sequence[Endpoint] = ()


_texts: Memo[str] = Memo(1024)  # 0.3 ms of a walk


def render(options: Options) -> str:
    """The text of the file."""
    return _texts.get(partial(_rendered, options), repr(options))


def _rendered(options: Options) -> str:
    data: Section = {
        "version": 0.1,
        "log": {
            "level": options.log_level,
            "formatter": options.log_format,
            "fields": dict(options.log_fields),
            "accesslog": {"disabled": not options.access_log},
        },
        "storage": _storage(options),
        "http": _http(options),
        "health": {"storagedriver": {"enabled": True, "interval": "10s", "threshold": 3}},
    }
    if options.htpasswd_file is not None:
        data["auth"] = {"htpasswd": {"realm": "registry", "path": options.htpasswd_file}}
    if options.endpoints:
        data["notifications"] = {"endpoints": [_endpoint(each) for each in options.endpoints]}
    if options.proxy is not None:
        data["proxy"] = options.proxy
    # libyaml's dumper takes a tenth of the time.
    text: str = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=True, default_flow_style=False, width=1000)
    return text


def headers_of(text: str, endpoint: str, url: str) -> dict[str, str] | None:
    """The headers that a file of ours has for a receiver; None if that receiver has none there, or another address."""
    try:
        sections = yaml.load(text, Loader=yaml.CSafeLoader)["notifications"]["endpoints"]
        found = next(each for each in sections if (each["name"], each["url"]) == (endpoint, url))
        return {name: values[0] for name, values in found["headers"].items()}
    except (yaml.YAMLError, LookupError, TypeError, StopIteration):
        return None  # of somebody who edited the Secret, or of a time before there were headers


def filesystem(folder: str) -> dict[str, Section]:
    """The storage section for a mounted volume."""
    return {"filesystem": {"rootdirectory": folder}}


def _endpoint(endpoint: Endpoint) -> Section:
    """Five seconds for an answer, since distribution's one is little for a receiver that has to start up.

    Events wait in the memory of the pod, in order, until the receiver takes them.
    """
    section: Section = {
        "name": endpoint.name,
        "url": endpoint.url,
        "timeout": "5s",
        "threshold": 10,
        "backoff": "1s",
        "ignore": {"actions": list(endpoint.ignored_actions), "mediatypes": list(endpoint.ignored_media_types)},
    }
    if endpoint.headers:
        section["headers"] = {name: [value] for name, value in endpoint.headers.items()}
    return section


def proxy(line: Line, url: str, *, user: str | None, password: str | None, ttl: str | None) -> Section:
    """The section of a pull-through cache. Line 2 knows no `ttl`."""
    section: Section = {"remoteurl": url}
    if user is not None:
        section |= {"username": user, "password": password}
    if ttl is not None and line == "3":
        section["ttl"] = ttl
    return section


def _storage(options: Options) -> Section:
    """No cache of blob descriptors: on a filesystem it gains next to nothing, and after a deletion it vouches for
    layers that are gone. `redirect` without `disable` panics."""
    return {
        **options.storage,
        **({} if options.redirect else {"redirect": {"disable": True}}),
        "delete": {"enabled": True},
        "maintenance": {"readonly": {"enabled": options.read_only}, "uploadpurging": dict(_UPLOAD_PURGING)},
    }


def _http(options: Options) -> Section:
    """Relative URLs work under every name a registry is reached by. A drain time without a unit would be nanoseconds.
    HTTP/2 of line 2 comes from a Go without the fix of CVE-2023-44487 (Rapid Reset)."""
    http: Section = {
        "addr": f":{options.port}",
        "secret": options.http_secret,
        "relativeurls": True,
        "draintimeout": f"{options.drain_seconds}s",
        "headers": {name: [value] for name, value in {**options.headers, "X-Content-Type-Options": "nosniff"}.items()},
    }
    if options.line == "2":
        http["http2"] = {"disabled": True}
    if options.metrics_port is not None:
        http["debug"] = {"addr": f":{options.metrics_port}", "prometheus": {"enabled": True, "path": "/metrics"}}
    if options.tls_folder is not None:
        http["tls"] = {
            "certificate": f"{options.tls_folder}/tls.crt",
            "key": f"{options.tls_folder}/tls.key",
            "minimumtls": f"tls{options.min_tls_version}",
        }
    return http
