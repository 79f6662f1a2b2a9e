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
from registry_operator.desired.attached import Attached
from registry_operator.desired.config_map import CA_KEY
from registry_operator.kube import kinds
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.projections import Child
from registry_operator.reconcile.views import SecretView
from registry_operator.registry import bucket_keys
from registry_operator.registry.s3 import Access, Answer, Question
from registry_operator.status.findings import StorageFacts
from registry_operator.status.problems import Blocked, Problem, blocked
from registry_operator.status.reasons import Condition, Reason

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
    data = await _keys(run, bucket) | await _authorities(run, bucket) if bucket is not None else {}
    question = _question(bucket, data)
    if question is None:
        run.elsewhere.buckets.drop(run.key)
    if bucket is None or not data:
        return Place()
    _warn(run, bucket)
    copy = secrets.storage(run.registry, data | _given_for(bucket), salt_key=salt_key)
    if question is not None:
        _try(run, question, in_use=copy["metadata"]["name"] in run.mounted())
    made = await run.writer.addressed(copy)
    return _placed(made.name, data)


def _question(bucket: Bucket | None, data: Mapping[str, str]) -> Question | None:
    """What can be tried from here: keys, not the identity that a cloud gives the pods."""
    if not isinstance(bucket, S3) or bucket.credentials_secret_ref is None:
        return None
    return Question(
        bucket=bucket.bucket,
        endpoint=bucket.endpoint,
        region=bucket.region,
        path_style=bucket.path_style,
        root=bucket.root_directory,
        key_id=data[desired.S3_KEYS[0]],
        secret=data[desired.S3_KEYS[1]],
        token=data.get(desired.S3_TOKEN),
        ca_pem=data.get(CA_KEY),
    )


def _try(run: Run, question: Question, *, in_use: bool) -> None:
    """Raises Blocked while pods must not get these keys; of keys that they have already, trouble is only noted."""
    answer = run.look = run.elsewhere.buckets.answer(run.key, question, calm=in_use)
    problem = Problem(Reason.TRYING_KEYS, _TRYING) if answer is None else _trouble(run, question, answer)
    if problem is not None and not in_use:
        raise Blocked(problem)
    if problem is not None and answer is not None:
        run.note(Condition.STORAGE_READY, problem)


_TRYING = "the keys are being tried before pods get them"
_TROUBLES = {
    Access.REFUSED: (Reason.KEYS_REFUSED, "does not know the keys of Secret {secret}: correct both keys of it"),
    Access.DENIED: (Reason.ACCESS_DENIED, "denies the keys of Secret {secret} to list bucket {bucket}: allow them to"),
    Access.MISSING: (Reason.BUCKET_MISSING, "has no bucket {bucket}: make it, the operator does not"),
    Access.ELSEWHERE: (
        Reason.BUCKET_ELSEWHERE,
        "keeps bucket {bucket} in another region: correct spec.storage.s3.region",
    ),
    Access.UNTRUSTED: (
        Reason.BUCKET_UNTRUSTED,
        "serves a certificate that neither spec.storage.s3.caSecretRef nor the well-known authorities vouch for",
    ),
    Access.FAILING: (Reason.BUCKET_FAILING, "cannot list bucket {bucket}; it is tried again"),
}


def _trouble(run: Run, question: Question, answer: Answer) -> Problem | None:
    """What keeps the bucket from being used; None as well where the operator cannot ask, which says nothing of pods."""
    if answer.access not in _TROUBLES:
        return None
    reason, words = _TROUBLES[answer.access]
    bucket = run.registry.spec.storage.bucket
    said = words.format(secret=bucket.credentials_secret_ref if bucket else "", bucket=question.bucket)
    server = question.endpoint or "Amazon S3"
    return Problem(reason, f"{server} {said} ({answer.detail})", stalled=answer.access is not Access.FAILING)


def facts(run: Run) -> StorageFacts:
    """What status tells of the bucket."""
    found = run.look
    if found is None:
        return StorageFacts()
    why = f"the operator could not ask its server: {found.detail}" if found.access is Access.UNTRIED else None
    return StorageFacts(open=found.access is Access.OPEN, untried=why)


def last_good(run: Run) -> Place | None:
    """The copy that the Deployment uses now, if it was made for the address of now."""
    bucket, mounted = run.registry.spec.storage.bucket, run.mounted()
    if bucket is None:
        return None
    for each in run.world.children(kinds.SECRET, run.registry):
        if each.name in mounted and each.name.startswith(run.names.storage("")):
            data = _text(each)
            if data.pop(_ENDPOINT, None) == _given_for(bucket).get(_ENDPOINT):
                return _placed(each.name, data)
    return None


def _placed(secret: str, data: Mapping[str, str]) -> Place:
    return Place(desired.attached(secret, data), data.get(desired.AZURE_KEY))


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
    reference = bucket.ca_secret_ref if isinstance(bucket, S3) else None
    return {CA_KEY: await run.authorities(reference, "spec.storage.s3.caSecretRef")} if reference else {}


def _warn(run: Run, bucket: Bucket) -> None:
    if isinstance(bucket, S3) and bucket.endpoint and bucket.endpoint.startswith("http:"):
        note = "spec.storage.s3.endpoint: images are readable on the way to the bucket; use https if the server can"
        run.warnings.append(("StorageInTheClear", note))
