"""What runs in a pod: a registry as far as the operator can tell one from the real program.

It starts as the real one does: from the configuration file that the pod's arguments name, found through the pod's
mounts. The certificate is read once, at the start; the password file at each request. So a wrong mount, a wrong path
or a Secret that came too late fails here as it fails on a node.
"""

from __future__ import annotations

import base64
import functools
import socket
import ssl
import tempfile
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import bcrypt
import yaml
from cryptography import x509

Object = dict[str, Any]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a bench starts thousands: in Python it is a fifth of the cost
Secrets = Callable[[str], Object | None]  # name → Secret of the pod's namespace


class NotMounted(Exception):
    """A volume cannot be set up (yet): kubelet waits for it."""


class Broken(Exception):
    """The program ends with an error: kubelet restarts it with growing delays."""


@dataclass(frozen=True)
class Container:
    """A started registry."""

    namespace: str
    registry: str
    pod: str  # the pod's uid
    age: str  # when the pod was made: of two ready ones the Service may choose either, the stub takes the newest
    context: ssl.SSLContext | None  # None: plain HTTP
    names: frozenset[str]  # that its certificate is for
    read_only: bool  # by its configuration, or as a cache of another registry
    htpasswd: Callable[[], str] | None  # the file as it is now; None: nobody is asked

    def admits(self, user: str, password: str) -> bool:
        """Whether the password file admits them; without a file everybody is."""
        if self.htpasswd is None:
            return True
        try:
            text = self.htpasswd()
        except Broken:  # its Secret is gone: the real one answers like that to everybody, too
            return False
        lines = (line.strip().split(":", 1) for line in text.splitlines() if ":" in line)
        return any(name == user and _matches(hashed, password) for name, hashed in lines)


def start(pod: Object, secrets: Secrets) -> Container:
    """Start the first container of `pod`; raises NotMounted or Broken."""
    spec = pod["spec"]
    for volume in spec.get("volumes", []):
        for name, optional in _sources(volume):
            if not optional and secrets(name) is None:
                raise NotMounted(f'MountVolume.SetUp failed for volume "{volume["name"]}": secret "{name}" not found')
    for variable in spec["containers"][0].get("env", []):
        _readable(variable, secrets)
    files = Files(spec["containers"][0], spec.get("volumes", []), secrets)
    config = _config(spec["containers"][0], files)
    if proxy := config.get("proxy"):
        _answering(proxy["remoteurl"])
    http = config.get("http", {})
    context, names = None, frozenset[str]()
    if tls := http.get("tls"):
        certificate, key = files.read(tls["certificate"]), files.read(tls["key"])
        context, names = _context(certificate, key), _names(certificate)
    htpasswd = None
    if auth := config.get("auth", {}).get("htpasswd"):
        files.read(auth["path"])
        htpasswd = functools.partial(files.read, auth["path"])
    meta = pod["metadata"]
    return Container(
        namespace=meta["namespace"],
        registry=meta["labels"]["teamregistry.io/registry"],
        pod=meta["uid"],
        age=meta["creationTimestamp"],
        context=context,
        names=names,
        read_only=bool(proxy or config.get("storage", {}).get("maintenance", {}).get("readonly", {}).get("enabled")),
        htpasswd=htpasswd,
    )


def _answering(url: str) -> None:
    """A cache ends at its start where nobody listens at the registry that it caches."""
    parts = urllib.parse.urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 443), timeout=5).close()
    except OSError as problem:
        raise Broken(f"panic: dial tcp: {problem}") from problem


def _readable(variable: Object, secrets: Secrets) -> None:
    """Kubelet starts no container whose variable it cannot fill."""
    if source := variable.get("valueFrom", {}).get("secretKeyRef"):
        found = secrets(source["name"])
        if found is None or source["key"] not in found.get("data", {}):
            raise NotMounted(f"couldn't find key {source['key']} in Secret {source['name']}")


@dataclass(frozen=True)
class Files:
    """The files of Secrets as the container sees them."""

    container: Object
    volumes: list[Object]
    secrets: Secrets

    def read(self, path: str) -> str:
        """The file's text; Broken where there is none."""
        mounts = sorted(self.container.get("volumeMounts", []), key=lambda mount: len(mount["mountPath"]), reverse=True)
        for mount in mounts:
            root = PurePosixPath(mount["mountPath"])
            if not PurePosixPath(path).is_relative_to(root):
                continue
            inner = str(PurePosixPath(mount.get("subPath", "")) / PurePosixPath(path).relative_to(root))
            volume = next(volume for volume in self.volumes if volume["name"] == mount["name"])
            text = self._from(volume, inner)
            if text is not None:
                return text
            break
        raise Broken(f"open {path}: no such file or directory")

    def _from(self, volume: Object, inner: str) -> str | None:
        for source in _secret_sources(volume):
            name = source.get("secretName") or source["name"]
            data = (self.secrets(name) or {}).get("data", {})
            keys = {item["path"]: item["key"] for item in source.get("items", [])} or {key: key for key in data}
            if keys.get(inner) in data:
                return base64.b64decode(data[keys[inner]]).decode()
        return None


def _secret_sources(volume: Object) -> list[Object]:
    if "secret" in volume:
        return [volume["secret"]]
    return [source["secret"] for source in volume.get("projected", {}).get("sources", []) if "secret" in source]


def _sources(volume: Object) -> list[tuple[str, bool]]:
    """The Secrets that a volume needs: name and whether it may be absent."""
    return [
        (source.get("secretName") or source["name"], bool(source.get("optional"))) for source in _secret_sources(volume)
    ]


def _config(container: Object, files: Files) -> Object:
    """The file that the last argument names, as `registry serve FILE` takes it."""
    arguments = [*container.get("command", []), *container.get("args", [])]
    if not arguments:
        raise Broken("configuration error: no configuration file is named by the arguments")
    try:
        config = yaml.load(files.read(arguments[-1]), Loader=_LOADER)
    except yaml.YAMLError as problem:
        raise Broken(f"configuration error: {problem}") from problem
    if not isinstance(config, dict) or "storage" not in config:
        raise Broken("configuration error: no storage configuration provided")
    return config


@functools.lru_cache(maxsize=2000)
def _context(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder, "pair.pem")
        pair.touch(mode=0o600)
        pair.write_text(f"{certificate}\n{key}")
        try:
            context.load_cert_chain(pair)
        except ssl.SSLError as problem:
            raise Broken(f"tls: {problem}") from problem
    return context


def _names(certificate: str) -> frozenset[str]:
    leaf = x509.load_pem_x509_certificate(certificate.encode())
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(names.get_values_for_type(x509.DNSName))


@functools.lru_cache(maxsize=50_000)
def _matches(hashed: str, password: str) -> bool:
    """Cached: a bench logs in thousands of times with the same few passwords."""
    try:
        return bcrypt.checkpw(password.encode(), hashed.encode())
    except ValueError:
        return False
