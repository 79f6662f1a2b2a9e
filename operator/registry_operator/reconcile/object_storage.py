"""The bucket of a Registry: keys and authorities from users' Secrets, checked and copied before a pod gets them.

Pods take the copy, which is immutable and named after its content: a Secret that is wrong, half written or gone starts
no pod, and a rotation rolls the pods once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry_operator.api.object_storage import S3, Bucket
from registry_operator.desired import object_storage as desired
from registry_operator.desired import secrets
from registry_operator.desired.object_storage import Attached
from registry_operator.kube import kinds
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.views import DeploymentView, SecretView
from registry_operator.registry import bucket_keys
from registry_operator.registry.certificates import BadCertificate, bundled
from registry_operator.status.problems import blocked
from registry_operator.status.reasons import Reason

FIELD = "spec.storage.{}.credentialsSecretRef"
_ENDPOINT = "endpoint"  # beside the keys of the copy: they were given for this address alone


@dataclass(frozen=True, slots=True)
class Place:
    """Storage that pods may be started on; `azure_key` goes into the configuration, for want of another way."""

    attached: Attached | None = None
    azure_key: str | None = field(default=None, repr=False)


async def place(run: Run, salt_key: bytes) -> Place:
    """The bucket with what the spec names for it (nothing for volumes). Raises Blocked if that cannot be used."""
    bucket = run.registry.spec.storage.bucket
    if bucket is None:
        return Place()
    data = await _keys(run, bucket) | await _authorities(run, bucket)
    _warn(run, bucket)
    if not data:
        return Place()
    copy = await run.writer.ensure(
        kinds.SECRET, secrets.storage(run.registry, data | _given_for(bucket), salt_key=salt_key)
    )
    return _placed(copy.name, data)


def last_good(run: Run) -> Place | None:
    """The copy that the Deployment uses now, if it was made for the address of now."""
    bucket = run.registry.spec.storage.bucket
    found = run.world.child(kinds.DEPLOYMENT, run.registry.namespace, run.names.deployment)
    if bucket is None or found is None or not isinstance(found.view, DeploymentView):
        return None
    for each in run.world.children(kinds.SECRET, run.registry):
        if each.name in found.view.mounted and each.name.startswith(run.names.storage("")):
            data = _text(each)
            if data.pop(_ENDPOINT, None) == _given_for(bucket).get(_ENDPOINT):
                return _placed(each.name, data)
    return None


def _placed(secret: str, data: Mapping[str, str]) -> Place:
    return Place(Attached(secret, frozenset(data)), data.get(desired.AZURE_KEY))


def _text(found: Child) -> dict[str, str]:
    view = found.view
    return (
        {key: value.decode(errors="replace") for key, value in view.data.items()}
        if isinstance(view, SecretView)
        else {}
    )


def _given_for(bucket: Bucket) -> dict[str, str]:
    return {_ENDPOINT: bucket.endpoint} if isinstance(bucket, S3) and bucket.endpoint else {}


async def _keys(run: Run, bucket: Bucket) -> dict[str, str]:
    name = bucket.credentials_secret_ref
    if name is None:
        return {}
    where = FIELD.format(run.registry.spec.storage.kind.lower())
    if isinstance(bucket, S3) and bucket.endpoint:
        secret = await run.entrusted_secret(name, where, bucket.endpoint)
    else:
        secret = await run.user_secret(name, where)
    try:
        return _checked(bucket, secret.data)
    except bucket_keys.BadKeys as error:
        raise blocked(Reason.SECRET_INVALID, f"Secret {name} ({where}): {error}", stalled=True) from None


def _checked(bucket: Bucket, data: Mapping[str, bytes]) -> dict[str, str]:
    if isinstance(bucket, S3):
        wanted = [*desired.S3_KEYS, *([desired.S3_TOKEN] if data.get(desired.S3_TOKEN) else [])]
        return {key: bucket_keys.one_line(data, key) for key in wanted}
    key, check = desired.OTHER_KEYS[type(bucket)]
    return {key: check(data, key)}


async def _authorities(run: Run, bucket: Bucket) -> dict[str, str]:
    """Only the certificates: people put comments and even private keys beside them."""
    reference = bucket.ca_secret_ref if isinstance(bucket, S3) else None
    if reference is None:
        return {}
    where = "spec.storage.s3.caSecretRef"
    secret = await run.user_secret(reference.name, where)
    what = f"Secret {reference.name}, key {reference.key} ({where})"
    if reference.key not in secret.data:
        has = ", ".join(sorted(secret.data)) or "nothing"
        raise blocked(Reason.SECRET_INVALID, f"{what}: there is no such key; the Secret has {has}", stalled=True)
    try:
        return {desired.CA_KEY: "".join(bundled(secret.data[reference.key]))}
    except BadCertificate as error:
        raise blocked(Reason.SECRET_INVALID, f"{what}: {error}", stalled=True) from None


def _warn(run: Run, bucket: Bucket) -> None:
    if isinstance(bucket, S3) and bucket.endpoint and bucket.endpoint.startswith("http:"):
        note = "spec.storage.s3.endpoint: images are readable on the way to the bucket; use https if the server can"
        run.warnings.append(("StorageInTheClear", note))
