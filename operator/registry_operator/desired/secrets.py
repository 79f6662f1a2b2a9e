"""The Secrets of a Registry.

Three sorts, which are written differently. *Generated* values (see the `…_GENERATED` keys) are created by POST only, so
that a stale cache or a second operator can never overwrite one. *Derived* ones are applied. *Content-addressed* Secrets
(`config`, `tls`, `storage`) are immutable and carry the hash of what they hold in their name, so that a pod can never
start on half of a change.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

from registry_operator.api.registry import Registry
from registry_operator.desired import meta
from registry_operator.desired.config_map import CA_KEY
from registry_operator.desired.names import Names

CONFIG_KEY = "config.yml"
HTPASSWD_KEY = "htpasswd"
HTTP_SECRET_KEY = "http-secret"  # noqa: S105  (the key of a value, not the value)
PROBE_PASSWORD_KEY = "probe-password"  # noqa: S105
SALT_KEY = "salt-key"
ADMIN_USER = "admin"

# The keys of generated Secrets that are written once and never again.
INTERNAL_GENERATED = frozenset({HTTP_SECRET_KEY, PROBE_PASSWORD_KEY, SALT_KEY})
ADMIN_GENERATED = frozenset({"username", "password"})
SELFSIGNED_GENERATED = frozenset({CA_KEY, "ca.key", "tls.crt", "tls.key"})


def internal(registry: Registry, *, http_secret: str, probe_password: str, salt_key: str) -> meta.Object:
    """Generated: what only the operator and the registry know."""
    data = {HTTP_SECRET_KEY: http_secret, PROBE_PASSWORD_KEY: probe_password, SALT_KEY: salt_key}
    return _secret(registry, Names(registry.name).internal, data)


def admin(registry: Registry, *, username: str, password: str, hosts: Sequence[str], ca: str | None) -> meta.Object:
    """What users mount as a pull secret, or read to log in: generated under ADMIN_GENERATED, the rest follows from it
    and from the addresses, and is kept so."""
    data = {
        "username": username,
        "password": password,
        "registry": hosts[0],
        ".dockerconfigjson": docker_config(hosts, username, password),
    }
    if ca:
        data[CA_KEY] = ca
    return _secret(registry, Names(registry.name).admin, data, kind="kubernetes.io/dockerconfigjson")


def htpasswd(registry: Registry, text: str) -> meta.Object:
    """Derived: the password file. Mutable and mounted as a folder, since the registry reads it anew when it changes."""
    return _secret(registry, Names(registry.name).htpasswd, {HTPASSWD_KEY: text})


def config(registry: Registry, text: str, *, salt_key: bytes) -> meta.Object:
    """Content-addressed: one complete configuration file (a Secret, since it holds `http.secret`)."""
    name = Names(registry.name).config(meta.content_hash(salt_key, text.encode()))
    return _secret(registry, name, {CONFIG_KEY: text}, immutable=True)


def tls(registry: Registry, *, crt: str, key: str, salt_key: bytes) -> meta.Object:
    """Content-addressed: the certificate and the key that the pods serve.

    Without `ca.crt`: the registry has no use for it, and a CA bundle that changes alone must not roll the pods.
    """
    name = Names(registry.name).tls(meta.content_hash(salt_key, crt.encode(), key.encode()))
    return _secret(registry, name, {"tls.crt": crt, "tls.key": key}, kind="kubernetes.io/tls", immutable=True)


def storage(registry: Registry, data: Mapping[str, str], *, salt_key: bytes) -> meta.Object:
    """Content-addressed: what the pods need to get at their object storage."""
    return _secret(registry, Names(registry.name).storage(_hash(data, salt_key)), data, immutable=True)


def upstream(registry: Registry, data: Mapping[str, str], *, salt_key: bytes) -> meta.Object:
    """Content-addressed: what the pods need to get at the registry that they cache."""
    return _secret(registry, Names(registry.name).upstream(_hash(data, salt_key)), data, immutable=True)


def _hash(data: Mapping[str, str], salt_key: bytes) -> str:
    return meta.content_hash(salt_key, *(part.encode() for pair in sorted(data.items()) for part in pair))


def selfsigned(registry: Registry, *, ca_crt: str, ca_key: str, crt: str, key: str) -> meta.Object:
    """Generated: the operator's own CA for this Registry, and the certificate that it signed."""
    data = {CA_KEY: ca_crt, "ca.key": ca_key, "tls.crt": crt, "tls.key": key}
    return _secret(registry, Names(registry.name).selfsigned, data, kind="kubernetes.io/tls")


def docker_config(hosts: Sequence[str], username: str, password: str) -> str:
    """The content of `.dockerconfigjson`, good for each of the hosts."""
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    entry = {"username": username, "password": password, "auth": auth}
    return json.dumps({"auths": dict.fromkeys(hosts, entry)}, separators=(",", ":"))


def _secret(
    registry: Registry, name: str, data: Mapping[str, str], *, kind: str = "Opaque", immutable: bool = False
) -> meta.Object:
    result: meta.Object = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta.metadata(registry, name),
        "type": kind,
        "data": meta.encode(data),
    }
    if immutable:
        result["immutable"] = True
    return result
