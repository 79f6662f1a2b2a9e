"""The settings of the operator, read once from the environment. `docs/configuration.md` lists them; a test compares.

Environment variables and not a file or flags: a chart sets them one by one, `kubectl set env` changes one in a hurry,
and outside a cluster they need no folder.
"""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PREFIX = "REGISTRY_OPERATOR_"

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PAIR = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9_./]{0,316}=([a-zA-Z0-9]([-a-zA-Z0-9_.]{0,61}[a-zA-Z0-9])?)?")
_IMAGE = re.compile(r"[a-zA-Z0-9][^\s@]*(@sha256:[0-9a-f]{64})?")
_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+):(?P<port>\d+)")
# What kubelet adds for a Service named registry-operator…, unless the pod says enableServiceLinks: false.
_SERVICE_LINK = re.compile(r"(.*_)?SERVICE_(HOST|PORT.*)|(.*_)?PORT(_\d+_(TCP|UDP|SCTP).*)?")


class SettingError(ValueError):
    """A variable has a value that is not allowed; the message names it and says what is."""


@dataclass(frozen=True)
class Settings:
    """One field for each variable; see docs/configuration.md."""

    namespaces: tuple[str, ...] | None  # None: all
    images: Mapping[str, str]  # by line of distribution
    workers: int
    resync_seconds: int
    leader_election: bool
    lease_namespace: str | None  # None: where the operator runs
    lease_name: str
    lease_duration_seconds: int
    identity: str
    health_port: int | None  # None: off
    metrics_port: int | None
    log_level: str
    log_format: str
    probe_resolver: tuple[str, int] | None
    probe_interval_seconds: int
    probe_concurrency: int
    upload_interval_seconds: int
    cluster_domain: str
    monitoring_namespaces: tuple[str, ...]
    pod_namespace: str | None  # where the operator's own pods are; None: outside of the cluster
    pod_labels: Mapping[str, str]  # and what selects them there

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """The settings of this environment; SettingError names the first variable that is wrong."""
        return cls.read(Reader(environ))

    @classmethod
    def read(cls, read: Reader) -> Settings:
        """The same, with a reader that knows afterwards which variables there are."""
        return cls(
            namespaces=read.names("NAMESPACES", "") or None,
            images=MappingProxyType(
                {
                    "2": read.text("IMAGE_2", "registry:2.8.3", _IMAGE, "an image like registry:2.8.3"),
                    "3": read.text("IMAGE_3", "registry:3.1.1", _IMAGE, "an image like registry:3.1.1"),
                }
            ),
            workers=read.number("WORKERS", 16, 1, 256),
            resync_seconds=read.number("RESYNC_SECONDS", 600, 10, 86400),
            leader_election=read.choice("LEADER_ELECTION", "Enabled", ("Enabled", "Disabled")) == "Enabled",
            lease_namespace=read.text("LEASE_NAMESPACE", "", _LABEL, "the name of a namespace") or None,
            lease_name=read.text(
                "LEASE_NAME", "registry-operator", _DOMAIN, "a name of lower case letters, digits, - ."
            ),
            lease_duration_seconds=read.number("LEASE_DURATION_SECONDS", 15, 2, 3600),
            identity=read.text("IDENTITY", "", re.compile(r"\S{1,128}"), "at most 128 characters without spaces")
            or f"{socket.gethostname()[:100]}_{secrets.token_hex(4)}",
            health_port=read.number("HEALTH_PORT", 8081, 0, 65535) or None,
            metrics_port=read.number("METRICS_PORT", 8080, 0, 65535) or None,
            log_level=read.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            log_format=read.choice("LOG_FORMAT", "json", ("json", "text")),
            probe_resolver=read.address("PROBE_RESOLVER"),
            probe_interval_seconds=read.number("PROBE_INTERVAL_SECONDS", 60, 5, 86400),
            probe_concurrency=read.number("PROBE_CONCURRENCY", 8, 1, 256),
            upload_interval_seconds=read.number("UPLOAD_INTERVAL_SECONDS", 3600, 5, 604800),
            cluster_domain=read.text("CLUSTER_DOMAIN", "cluster.local", _DOMAIN, "a DNS domain like cluster.local"),
            monitoring_namespaces=read.names("MONITORING_NAMESPACES", "monitoring", nobody="none"),
            pod_namespace=read.text("POD_NAMESPACE", "", _LABEL, "the name of a namespace") or None,
            pod_labels=MappingProxyType(read.labels("POD_LABELS")),
        )


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Variables with our prefix that are no setting. Worth a warning, not a refusal: after a downgrade the chart of the
    newer version may still set some."""
    reader = Reader(environ)
    Settings.read(reader)
    ours = {name.removeprefix(PREFIX) for name in environ if name.startswith(PREFIX)}
    return sorted(PREFIX + name for name in ours - reader.asked if not _SERVICE_LINK.fullmatch(name))


class Reader:
    """Values by name without the prefix; empty counts as not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.asked: set[str] = set()

    def text(self, name: str, default: str, pattern: re.Pattern[str], allowed: str) -> str:
        value = self._value(name)
        if value and not pattern.fullmatch(value):
            raise _refusal(name, value, allowed)
        return value or default

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self._value(name) or default
        for one in allowed:
            if value.lower() == one.lower():
                return one
        raise _refusal(name, value, " or ".join(allowed))

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self._value(name)
        if not value or value.startswith("tcp://"):  # a service link: a Service registry-operator-metrics makes one
            return default
        if not re.fullmatch(r"\d{1,9}", value) or not least <= int(value) <= most:
            raise _refusal(name, value, f"a whole number from {least} to {most}")
        return int(value)

    def names(self, name: str, default: str, *, nobody: str | None = None) -> tuple[str, ...]:
        """Names of namespaces; `nobody` is the word for none of them, where empty means the default."""
        names = [part.strip() for part in (self._value(name) or default).split(",") if part.strip()]
        if names == [nobody]:
            return ()
        for one in names:
            if not _LABEL.fullmatch(one):
                raise _refusal(name, one, "names of namespaces with commas between them")
        return tuple(dict.fromkeys(names))

    def labels(self, name: str) -> dict[str, str]:
        pairs = [part.strip() for part in self._value(name).split(",") if part.strip()]
        for one in pairs:
            if not _PAIR.fullmatch(one):
                raise _refusal(name, one, "labels like app.kubernetes.io/name=registry-operator with commas between")
        return dict(one.split("=", 1) for one in pairs)

    def address(self, name: str) -> tuple[str, int] | None:
        value = self._value(name)
        if not value:
            return None
        match = _ADDRESS.fullmatch(value)
        if not match or not 0 < int(match["port"]) < 65536:
            raise _refusal(name, value, "host:port")
        return match["host"].strip("[]"), int(match["port"])

    def _value(self, name: str) -> str:
        self.asked.add(name)
        return (self._environ.get(PREFIX + name) or "").strip()


def _refusal(name: str, value: str, allowed: str) -> SettingError:
    return SettingError(f"{PREFIX}{name}={value!r} is not allowed: it must be {allowed}")
