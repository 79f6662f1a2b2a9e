"""A Registry's configuration file: the author's wishes translated to what `registry/` knows how to say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from registry_operator.api.registry import Registry
from registry_operator.desired import deployment, object_storage, secrets, upstream
from registry_operator.desired.upstream import NOBODY, Login
from registry_operator.registry import config as distribution


def text(
    registry: Registry,
    *,
    http_secret: str,
    azure_key: str | None = None,
    upstream_login: Login = NOBODY,
    notification_headers: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> str:
    """The configuration file of the Registry's pods; `notification_headers` by the name of the endpoint."""
    spec = registry.spec
    bucket = spec.storage.bucket
    htpasswd = f"{deployment.HTPASSWD_FOLDER}/{secrets.HTPASSWD_KEY}" if spec.auth.mode == "Htpasswd" else None
    return distribution.render(
        distribution.Options(
            line=spec.version,
            port=deployment.PORT,
            drain_seconds=deployment.DRAIN_SECONDS,
            http_secret=http_secret,
            storage=object_storage.driver(registry, deployment.DATA_FOLDER, azure_key),
            proxy=upstream.section(registry, upstream_login),
            redirect=bucket is None or bucket.redirects,
            tls_folder=deployment.TLS_FOLDER if spec.tls.enabled else None,
            min_tls_version=spec.tls.min_version,
            htpasswd_file=htpasswd,
            headers={header.name: header.value for header in spec.http.headers},
            metrics_port=deployment.METRICS_PORT if spec.metrics.mode == "Enabled" else None,
            read_only=spec.access == "ReadOnly",
            log_level=spec.log.level,
            log_format=spec.log.format,
            access_log=spec.log.access == "Enabled",
            log_fields={"service": "registry", "registry": f"{registry.namespace}/{registry.name}"},
            endpoints=[
                distribution.Endpoint(
                    name=each.name,
                    url=each.url,
                    headers=notification_headers.get(each.name, {}),
                    ignored_actions=each.ignored_actions,
                    ignored_media_types=each.ignored_media_types,
                )
                for each in spec.notifications.endpoints
            ],
        )
    )
