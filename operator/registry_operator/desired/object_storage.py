"""How the pods of a Registry get at their bucket: the driver's settings, and the keys and authorities beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from registry_operator.api.object_storage import S3, Azure, Gcs
from registry_operator.api.registry import Registry
from registry_operator.desired import meta
from registry_operator.registry import bucket_keys, config, drivers

FOLDER = "/etc/registry-storage"
CA_KEY = "ca.crt"
GCS_KEY = "key.json"
AZURE_KEY = "AZURE_STORAGE_KEY"
S3_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
S3_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105  (the key of a value, not the value)

OTHER_KEYS = {Gcs: (GCS_KEY, bucket_keys.google), Azure: (AZURE_KEY, bucket_keys.azure)}


@dataclass(frozen=True, slots=True)
class Attached:
    """The Secret of the Registry's own that the pods take their keys and authorities from, and the keys in it."""

    secret: str
    keys: frozenset[str]


def driver(registry: Registry, data_folder: str, azure_key: str | None) -> dict[str, Any]:
    """The storage section of the configuration."""
    bucket, line = registry.spec.storage.bucket, registry.spec.version
    match bucket:
        case S3():
            return drivers.s3(
                line,
                bucket=bucket.bucket,
                region=bucket.region,
                endpoint=bucket.endpoint,
                path_style=bucket.path_style,
                root=bucket.root_directory,
                encrypt=bucket.encryption != "Default",
                kms_key=bucket.kms_key_id,
            )
        case Gcs():
            key_file = f"{FOLDER}/{GCS_KEY}" if bucket.credentials_secret_ref else None
            return drivers.gcs(bucket=bucket.bucket, key_file=key_file, root=bucket.root_directory)
        case Azure():
            return drivers.azure(line, container=bucket.container, account=bucket.account_name, key=azure_key)
        case None:
            return config.filesystem(data_folder)


def env(attached: Attached | None) -> list[meta.Object]:
    """The SDK's own variables. Authorities by SSL_CERT_DIR, which adds to those of the image: AWS_CA_BUNDLE makes line
    2 panic."""
    if attached is None:
        return []
    names = sorted(attached.keys - {CA_KEY, GCS_KEY})
    result: list[meta.Object] = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": attached.secret, "key": name}}} for name in names
    ]
    return [*result, {"name": "SSL_CERT_DIR", "value": FOLDER}] if CA_KEY in attached.keys else result


def volumes(attached: Attached | None) -> list[meta.Object]:
    """Only what is read as a file, so that no key lies where another program of the pod might look."""
    files = sorted(attached.keys & {CA_KEY, GCS_KEY}) if attached else []
    if attached is None or not files:
        return []
    items = [{"key": name, "path": name} for name in files]
    return [{"name": "storage", "secret": {"secretName": attached.secret, "defaultMode": 0o440, "items": items}}]


def mounts(attached: Attached | None) -> list[meta.Object]:
    return [{"name": each["name"], "mountPath": FOLDER, "readOnly": True} for each in volumes(attached)]
