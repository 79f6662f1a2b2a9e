"""The Ingress of a Registry.

Which controller reads it is not known here (its class says so, and may not be read by an operator of some namespaces),
so the annotations are for each one that we know; each reads its own. Images are large and take long: nginx would refuse
a layer of more than 1 MB, keep it on its disk first, and give up after a minute.
"""

from __future__ import annotations

from registry_operator.api.expose import Ingress
from registry_operator.api.registry import Registry
from registry_operator.desired import hosts, meta
from registry_operator.desired.names import Names
from registry_operator.desired.service import port_name

SECONDS = "900"
_NGINX = "nginx.ingress.kubernetes.io"
_TRAEFIK = "traefik.ingress.kubernetes.io"


def ingress(registry: Registry, wanted: Ingress, *, tls_secret: str | None) -> meta.Object:
    """The Ingress; `tls_secret` holds what the controller serves, None = plain HTTP."""
    names = Names(registry.name)
    backend = {"service": {"name": names.service, "port": {"name": port_name(registry)}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    spec: meta.Object = {"rules": [{"host": wanted.host, "http": {"paths": [path]}}]}
    if wanted.class_name:
        spec["ingressClassName"] = wanted.class_name
    if tls_secret:
        spec["tls"] = [{"hosts": [wanted.host], "secretName": tls_secret}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": meta.metadata(registry, names.ingress, annotations=_annotations(registry, wanted)),
        "spec": spec,
    }


def _annotations(registry: Registry, wanted: Ingress) -> dict[str, str]:
    """Traefik knows by the name of the Service's port that TLS is spoken there."""
    result = {
        f"{_NGINX}/proxy-body-size": "0",
        f"{_NGINX}/proxy-request-buffering": "off",
        f"{_NGINX}/proxy-read-timeout": SECONDS,
        f"{_NGINX}/proxy-send-timeout": SECONDS,
    }
    if registry.spec.tls.enabled:
        result[f"{_NGINX}/backend-protocol"] = "HTTPS"
    if hosts.ingress_tls(registry):
        result[f"{_TRAEFIK}/router.tls"] = "true"
    return {**result, **wanted.annotations}
