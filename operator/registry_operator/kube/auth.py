"""Where the API server is and how to prove who we are: in the cluster, or by a kubeconfig.

`~/.kube/config` is not read on purpose: an operator that writes to whatever context happens to be current is an
accident waiting; outside a cluster `KUBECONFIG` must say which cluster is meant.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from registry_operator.kube.credentials import Anonymous, Credentials, TokenFile
from registry_operator.kube.kubeconfig import ConfigError, read_kubeconfig

__all__ = ["ClusterConfig", "ConfigError", "Credentials", "load"]

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class ClusterConfig:
    """One API server. `ssl` None: plain HTTP, or the system's trust."""

    server: str
    ssl: ssl.SSLContext | None = None
    credentials: Credentials = field(default_factory=Anonymous)
    namespace: str = "default"
    proxy: str | None = None


def load(
    kubeconfig: str | None = None,
    environ: Mapping[str, str] | None = None,
    service_account: Path = SERVICE_ACCOUNT,
) -> ClusterConfig:
    """The cluster named by `kubeconfig`, else by the variable KUBECONFIG, else the one this pod runs in."""
    environ = os.environ if environ is None else environ
    paths = kubeconfig or environ.get("KUBECONFIG")
    if paths:
        found = read_kubeconfig([Path(path) for path in paths.split(os.pathsep) if path])
        return ClusterConfig(found.server, found.ssl, found.credentials, found.namespace, found.proxy)
    host = environ.get("KUBERNETES_SERVICE_HOST")
    if not host or not (service_account / "token").exists():
        raise ConfigError(
            "no cluster: set KUBECONFIG to a kubeconfig file, or run in a pod whose service account token is mounted"
        )
    return _in_cluster(host, environ.get("KUBERNETES_SERVICE_PORT", "443"), service_account)


def _in_cluster(host: str, port: str, folder: Path) -> ClusterConfig:
    try:
        trust = ssl.create_default_context(cafile=folder / "ca.crt")
        namespace = (folder / "namespace").read_text().strip()
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the service account's folder {folder} cannot be used: {error}") from error
    address = f"[{host}]" if ":" in host else host
    return ClusterConfig(f"https://{address}:{port}", trust, TokenFile(folder / "token"), namespace)
