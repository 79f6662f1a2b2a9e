"""Reads kubeconfig files: the parts that lead to one server and one user. What is not supported is refused by name."""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from registry_operator.kube.credentials import Anonymous, Credentials, ExecPlugin, Plugin, Static, TokenFile
from registry_operator.kube.pem import load_client_certificate

_UNSUPPORTED_USER = ("auth-provider", "as", "as-uid", "as-groups", "as-user-extra")


class ConfigError(Exception):
    """The cluster or the credentials cannot be made out; the message says what to change."""


@dataclass(frozen=True)
class Found:
    """What the current context leads to."""

    server: str
    ssl: ssl.SSLContext | None
    credentials: Credentials
    namespace: str
    proxy: str | None


@dataclass(frozen=True)
class _Entry:
    """A cluster, user or context with the folder that its relative paths start from."""

    value: Mapping[str, Any]
    folder: Path

    def blob(self, name: str) -> bytes | None:
        """`<name>-data` in base64, else the content of the file `<name>`."""
        if data := self.value.get(f"{name}-data"):
            try:
                return base64.b64decode(data, validate=True)
            except (binascii.Error, ValueError) as error:
                raise ConfigError(f"kubeconfig: {name}-data is not base64") from error
        if path := self.value.get(name):
            try:
                return (self.folder / str(path)).read_bytes()
            except OSError as error:
                raise ConfigError(f"kubeconfig: {name}: {error}") from error
        return None


def read_kubeconfig(paths: Sequence[Path]) -> Found:
    """The server and the user of the current context; of several files the first that names a thing wins."""
    files = _Files(paths)
    context = files.entry("context", files.current_context())
    cluster = files.entry("cluster", context.value.get("cluster"))
    server = str(cluster.value.get("server") or "")
    if not server.startswith(("http://", "https://")):
        raise ConfigError(f"kubeconfig: the cluster's server {server!r} must start with https:// or http://")
    user_name = context.value.get("user")
    user = files.entry("user", user_name) if user_name else _Entry({}, Path())
    trust = _trust(cluster, user) if server.startswith("https://") else None
    namespace = str(context.value.get("namespace") or "default")
    return Found(server, trust, _credentials(user, cluster, trust), namespace, cluster.value.get("proxy-url"))


class _Files:
    """Several kubeconfig files read as one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = ", ".join(str(path) for path in paths)
        self._files: list[tuple[Path, Mapping[str, Any]]] = []
        for path in paths:
            try:
                content = yaml.safe_load(path.read_text())
            except FileNotFoundError:
                continue  # like kubectl: a list of files may name some that do not exist
            except (OSError, yaml.YAMLError) as error:
                # The YAML error's own text would quote the file, which holds credentials.
                why = error.strerror if isinstance(error, OSError) else "it is not YAML"
                raise ConfigError(f"kubeconfig {path} cannot be read: {why}") from None
            if isinstance(content, dict):
                self._files.append((path.resolve().parent, content))
        if not self._files:
            raise ConfigError(f"kubeconfig: no such file, or an empty one: {self._paths}")

    def current_context(self) -> str:
        for _, content in self._files:
            if name := content.get("current-context"):
                return str(name)
        raise ConfigError(f"kubeconfig {self._paths} has no current-context: kubectl config use-context NAME sets it")

    def entry(self, what: str, name: object) -> _Entry:
        for folder, content in self._files:
            for item in content.get(f"{what}s") or []:
                if item.get("name") == name:
                    return _Entry(item.get(what) or {}, folder)
        raise ConfigError(f"kubeconfig {self._paths} names the {what} {name!r} but does not define it")


def _trust(cluster: _Entry, user: _Entry) -> ssl.SSLContext:
    authority = cluster.blob("certificate-authority")
    try:
        context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError("kubeconfig: certificate-authority holds no certificate in PEM form") from error
    if cluster.value.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cluster.value.get("tls-server-name"):
        raise ConfigError("kubeconfig: tls-server-name is not supported: use an address that the certificate names")
    certificate, key = user.blob("client-certificate"), user.blob("client-key")
    if certificate and key:
        try:
            load_client_certificate(context, certificate, key)
        except ssl.SSLError as error:
            raise ConfigError(f"kubeconfig: client-certificate and client-key do not fit: {error.reason}") from error
    elif certificate or key:
        raise ConfigError("kubeconfig: client-certificate and client-key must both be given")
    return context


def _credentials(user: _Entry, cluster: _Entry, trust: ssl.SSLContext | None) -> Credentials:
    value = user.value
    for name in _UNSUPPORTED_USER:
        if value.get(name):
            raise ConfigError(f"kubeconfig: the user's {name!r} is not supported: use a token, a certificate or exec")
    if value.get("exec"):
        return ExecPlugin(_plugin(value["exec"], user.folder, cluster), trust)
    if value.get("tokenFile"):
        return TokenFile(user.folder / value["tokenFile"])
    if value.get("token"):
        return Static.token(value["token"])
    if value.get("username"):
        return Static.password(value["username"], value.get("password") or "")
    return Anonymous()


def _plugin(value: Mapping[str, Any], folder: Path, cluster: _Entry) -> Plugin:
    if value.get("interactiveMode") == "Always":
        raise ConfigError(f"kubeconfig: the plugin {value.get('command')} wants a terminal; an operator has none")
    info = None
    if value.get("provideClusterInfo"):
        authority = cluster.blob("certificate-authority")
        info = {"server": cluster.value["server"]}
        if authority:
            info["certificate-authority-data"] = base64.b64encode(authority).decode()
    return Plugin(
        command=str(value["command"]),
        args=[str(arg) for arg in value.get("args") or []],
        env={item["name"]: item["value"] for item in value.get("env") or []},
        api_version=value.get("apiVersion") or Plugin.api_version,
        cluster=info,
        hint=str(value.get("installHint") or ""),
        folder=folder,
    )
