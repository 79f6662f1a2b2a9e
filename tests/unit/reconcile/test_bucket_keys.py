"""Keys of a bucket are tried before a pod gets them, and told of when they cease to be good."""

from __future__ import annotations

import pytest

from registry_operator.kube import kinds
from registry_operator.registry.s3 import Access
from registry_operator.registry.s3 import Answer as Look
from tests.unit.reconcile.subject import SELF_SIGNED, Subject
from tests.unit.reconcile.test_object_storage import (
    ENDPOINT,
    KEYS,
    bring,
    config_of,
    copies,
    s3,
    serving,
    template,
)

LOOKS: dict[str, tuple[Access, str, str]] = {
    "keys": (Access.REFUSED, "KeysRefused", "does not know the keys of Secret keys"),
    "denied": (Access.DENIED, "AccessDenied", "denies the keys of Secret keys to list bucket b"),
    "missing": (Access.MISSING, "BucketMissing", "has no bucket b: make it"),
    "elsewhere": (Access.ELSEWHERE, "BucketElsewhere", "correct spec.storage.s3.region"),
    "untrusted": (Access.UNTRUSTED, "BucketUntrusted", "spec.storage.s3.caSecretRef"),
    "failing": (Access.FAILING, "BucketFailing", "cannot list bucket b"),
}


@pytest.mark.parametrize(("access", "reason", "words"), LOOKS.values(), ids=LOOKS)
async def test_keys_are_tried_before_a_pod_gets_them(access: Access, reason: str, words: str) -> None:
    subject = Subject()
    bring(subject, KEYS)
    subject.buckets.says = None
    subject.make(s3())
    await subject.settle()
    assert subject.condition("StorageReady") == ("False", "TryingKeys")
    assert subject.condition("Stalled")[0] == "False"
    subject.buckets.says = Look(access, "403 Code")
    await subject.settle()
    assert subject.condition("StorageReady") == ("False", reason)
    assert words in subject.message("StorageReady")
    assert subject.message("StorageReady").endswith("(403 Code)")
    assert subject.condition("Stalled")[0] == str(access is not Access.FAILING)
    assert copies(subject) == []
    assert subject.cluster.find(kinds.DEPLOYMENT, "images") is None
    subject.buckets.says = Look(Access.OPEN)
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    assert subject.condition("Stalled")[0] == "False"


async def test_keys_that_are_half_rotated_never_reach_the_pods_which_roll_once() -> None:
    subject = await serving()
    before, writes = template(subject), len(subject.cluster.writes)
    subject.buckets.says = Look(Access.REFUSED, "403 SignatureDoesNotMatch")
    bring(subject, {**KEYS, "AWS_ACCESS_KEY_ID": "two"})
    await subject.settle()
    assert subject.condition("StorageReady") == ("False", "KeysRefused")
    assert subject.condition("Ready") == ("True", "Serving")
    assert template(subject) == before
    subject.buckets.says = Look(Access.OPEN)
    bring(subject, {"AWS_ACCESS_KEY_ID": "two", "AWS_SECRET_ACCESS_KEY": "x"})
    await subject.settle()
    assert subject.condition("Stalled")[0] == "False"
    assert [kind for _, kind, _ in subject.cluster.writes[writes:]].count("Deployment") == 1


async def test_keys_that_are_revoked_are_told_of_while_the_pods_are_left_alone() -> None:
    subject = await serving()
    subject.buckets.says = Look(Access.REFUSED, "403 InvalidAccessKeyId")
    subject.respec({**s3(), "log": {"level": "debug"}})
    await subject.settle()
    assert subject.condition("StorageReady") == ("False", "KeysRefused")
    assert subject.condition("WorkloadReady") == ("True", "Available")
    assert subject.secret(config_of(subject))["config.yml"].count("level: debug") == 1, "other changes go on"


async def test_a_new_operator_waits_for_no_answer_about_keys_that_pods_have_already() -> None:
    subject = await serving()
    before = subject.cluster.version
    subject.start()
    subject.buckets.says = None
    subject.prober.says = None
    await subject.settle()
    assert subject.cluster.version == before, "nothing is written at a restart"


async def test_a_server_that_cannot_be_asked_keeps_no_pod_from_starting() -> None:
    """The operator may be kept out by a NetworkPolicy where the pods are not."""
    subject = Subject()
    bring(subject, KEYS)
    subject.buckets.says = Look(Access.UNTRIED, "the connection fails")
    subject.prober.says = None
    subject.make(s3())
    await subject.settle()
    assert subject.cluster.find(kinds.DEPLOYMENT, "images") is not None
    assert subject.condition("StorageReady") == ("Unknown", "Waiting")
    assert "could not ask its server: the connection fails" in subject.message("StorageReady")


async def test_what_is_tried_is_what_pods_get() -> None:
    subject = await serving(s3(rootDirectory="a/b"), {**KEYS, "AWS_SESSION_TOKEN": "token"})
    asked = subject.buckets.asked
    assert asked is not None
    assert (asked.key_id, asked.secret, asked.token) == ("one", "0012345", "token")
    assert (asked.endpoint, asked.bucket, asked.root, asked.path_style) == (ENDPOINT, "b", "a/b", True)
    assert "0012345" not in repr(asked)
    subject.respec(SELF_SIGNED | {"storage": {"s3": {"bucket": "b", "region": "r"}}})
    await subject.settle()
    assert subject.buckets.asked is None, "the cloud's identity is the pods' alone"
