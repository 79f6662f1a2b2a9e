"""A bucket on a real S3 server that checks keys, beside a real control plane; no pod runs, its objects are read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry_operator.kube.kinds import DEPLOYMENT, SECRET
from tests import s3
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.distribution import LOOPBACK
from tests.ports import free_port
from tests.s3 import BUCKET, Keys, S3Server
from tests.stage.kube import Kube, Object
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually, steady

USABLE = {"metadata": {"labels": {"teamregistry.io/usable-by": "registries"}}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3.running(tmp_path_factory.mktemp("s3"), LOOPBACK, free_port()) as server:
        yield server


@pytest.fixture
def keys(server: S3Server, images: Subject) -> Keys:
    return server.make_user(images.namespace)


def spec(server: S3Server, **more: object) -> Object:
    bucket = {"bucket": BUCKET, "endpoint": server.url, "credentialsSecretRef": {"name": "bucket"}}
    return {**SELF_SIGNED, "storage": {"s3": bucket}, **more}


def rolls(images: Subject) -> int:
    return int(images.child(DEPLOYMENT)["metadata"]["generation"])


def variable(images: Subject, name: str) -> tuple[str, str]:
    """The Secret of a variable, and its value there."""
    (container,) = images.child(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    source = next(each["valueFrom"]["secretKeyRef"] for each in container["env"] if each["name"] == name)
    suffix = source["name"].removeprefix(images.name)
    return source["name"], images.secret(suffix, source["key"])


def test_a_secret_that_appears_is_released_rotates_and_vanishes(
    operator: StagedOperator, kube: Kube, images: Subject, server: S3Server, keys: Keys
) -> None:
    images.apply(spec(server))
    assert "Secret bucket" in images.expect("StorageReady", "False", "SecretMissing")
    images.user_secret("bucket", {**keys.data, "AWS_SECRET_ACCESS_KEY": "wrong"})
    assert "kubectl label secret bucket" in images.expect("StorageReady", "False", "SecretNotLabelled")
    kube.patch(SECRET, images.namespace, "bucket", USABLE)
    message = images.expect("StorageReady", "False", "KeysRefused")
    assert "SignatureDoesNotMatch" in message
    assert keys.id not in message
    assert kube.find(DEPLOYMENT, images.namespace, "images") is None
    images.user_secret("bucket", keys.data)
    images.ready()
    first, value = variable(images, "AWS_ACCESS_KEY_ID")
    assert value == keys.id
    assert images.get()["status"]["storage"] == {
        "kind": "S3", "bucket": BUCKET, "redirect": "Disabled", "whenDeleted": "Retain"
    }  # fmt: skip

    before, new = rolls(images), server.make_keys(images.namespace)
    images.user_secret("bucket", {**keys.data, "AWS_ACCESS_KEY_ID": new.id})
    images.expect("StorageReady", "False", "KeysRefused")
    images.expect("Ready", "True")
    images.user_secret("bucket", new.data)
    eventually(lambda: variable(images, "AWS_ACCESS_KEY_ID")[1] == new.id, "the new keys", seen=images.seen)
    images.ready()
    assert rolls(images) == before + 1
    eventually(lambda: kube.find(SECRET, images.namespace, first) is None, "the end of the old copy")

    kube.delete(SECRET, images.namespace, "bucket")
    images.expect("StorageReady", "False", "SecretMissing")
    images.evict()
    eventually(lambda: images.container, "the pod's successor", seen=images.seen)
    images.expect("Ready", "True")
    images.edit({"log": {"level": "debug"}})
    eventually(lambda: rolls(images) == before + 2, "another change", seen=images.seen)
    assert variable(images, "AWS_ACCESS_KEY_ID")[1] == new.id


def test_a_bucket_that_is_made_later_is_noticed(
    operator: StagedOperator, kube: Kube, images: Subject, server: S3Server, keys: Keys
) -> None:
    images.user_secret("bucket", keys.data)
    kube.patch(SECRET, images.namespace, "bucket", USABLE)
    wished = spec(server)
    wished["storage"]["s3"]["bucket"] = images.namespace
    images.apply(wished)
    assert f"has no bucket {images.namespace}" in images.expect("StorageReady", "False", "BucketMissing")
    server.make_bucket(images.namespace)
    images.ready()


def test_nothing_is_written_at_rest(
    operator: StagedOperator, kube: Kube, images: Subject, server: S3Server, keys: Keys
) -> None:
    images.user_secret("bucket", keys.data)
    kube.patch(SECRET, images.namespace, "bucket", USABLE)
    images.apply(spec(server, replicas=2))
    images.ready()
    mark = steady(lambda: operator.proxy.mark, quiet=1)
    images.touch()
    steady(lambda: operator.proxy.mark, quiet=1)
    assert [str(write) for write in operator.proxy.writes(mark, namespace=images.namespace)] == []
