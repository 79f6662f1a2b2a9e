"""How the pods of a Registry get at their bucket: the driver's settings, and the keys and authorities beside them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from registry_operator.api.object_storage import S3, Azure, Gcs
from registry_operator.api.registry import Registry
from registry_operator.desired.attached import Attached, folder
from registry_operator.desired.config_map import CA_KEY
from registry_operator.registry import bucket_keys, config, drivers

NAME = "storage"
GCS_KEY = "key.json"
AZURE_KEY = "AZURE_STORAGE_KEY"
S3_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
S3_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105  (the key of a value, not the value)

OTHER_KEYS = {Gcs: (GCS_KEY, bucket_keys.google), Azure: (AZURE_KEY, bucket_keys.azure)}


def attached(secret: str, keys: Collection[str]) -> Attached:
    """The copy of these keys."""
    files = tuple(sorted({CA_KEY, GCS_KEY} & set(keys)))
    return Attached(NAME, secret, variables=tuple(sorted(set(keys) - set(files))), files=files)


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
            key_file = f"{folder(NAME)}/{GCS_KEY}" if bucket.credentials_secret_ref else None
            return drivers.gcs(bucket=bucket.bucket, key_file=key_file, root=bucket.root_directory)
        case Azure():
            return drivers.azure(line, container=bucket.container, account=bucket.account_name, key=azure_key)
        case None:
            return config.filesystem(data_folder)
