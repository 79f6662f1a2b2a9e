"""A bucket on a real S3 server that checks keys: it runs on the host, where pods reach it as any server outside."""

from __future__ import annotations

import base64
import hashlib
import http.client
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from registry_operator.kube.kinds import SECRET
from registry_operator.registry import authority
from tests import s3
from tests.cluster.local import LocalCluster
from tests.e2e.managed import PATIENCE, Managed
from tests.e2e.test_lifecycle import Pulls
from tests.ports import free_port
from tests.s3 import BUCKET, Keys, S3Server
from tests.stage.kube import Object
from tests.stage.waiting import eventually

USABLE = {"teamregistry.io/usable-by": "registries"}
CA = authority.make_ca("storage CA", "storage", datetime.now(UTC))


@pytest.fixture(scope="module")
def server(node: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Over TLS, signed by an authority that neither the operator's image nor the registry's knows."""
    folder, address = tmp_path_factory.mktemp("s3"), node.addresses.host
    pair = authority.make_leaf(CA, [], [address], datetime.now(UTC))
    (folder / "tls.crt").write_text(pair.crt)
    (folder / "tls.key").write_text(pair.key)
    with s3.running(folder, address, free_port(), pair=folder, ca=CA.crt) as server:
        yield server


@pytest.fixture
def user(images: Managed) -> str:
    return images.namespace


@pytest.fixture
def keys(server: S3Server, user: str) -> Keys:
    return server.make_user(user)


def bring(images: Managed, data: dict[str, str], *, name: str = "bucket") -> None:
    """Make or change a Secret that its owner has released."""
    meta = {"namespace": images.namespace, "name": name, "labels": USABLE}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    images.kube.apply(SECRET, {"metadata": meta, "data": encoded})


def spec(images: Managed, server: S3Server, **more: Object | str | int) -> Object:
    """A Registry in a folder of its own in the bucket."""
    bring(images, {"ca.crt": CA.crt}, name="storage-ca")
    bucket = {
        "bucket": BUCKET,
        "endpoint": server.url,
        "rootDirectory": images.namespace,
        "credentialsSecretRef": {"name": "bucket"},
        "caSecretRef": {"name": "storage-ca"},
    }
    return {"tls": {"selfSigned": {}}, "storage": {"s3": bucket}, **more}


def generation(images: Managed) -> int:
    found = images.deployment()
    assert found is not None
    return int(found["metadata"]["generation"])


@pytest.mark.parametrize("line", ["2", "3"])
def test_push_pull_and_restart(images: Managed, server: S3Server, keys: Keys, line: str) -> None:
    bring(images, keys.data)
    images.apply(spec(images, server, version=line)).ready().push("hello:1")
    before = images.digest("hello:1")
    assert any(name.startswith(f"{images.namespace}/docker/registry/v2/blobs/") for name in server.objects())
    assert images.conditions()["StorageReady"][:2] == ("True", "BucketInUse")
    images.evict()
    images.wait("WorkloadReady", "False")
    images.ready()
    assert images.digest("hello:1") == before


def test_from_line_2_to_line_3_without_an_outage(images: Managed, server: S3Server, keys: Keys) -> None:
    bring(images, keys.data)
    images.apply(spec(images, server, version="2")).ready().push("hello:1")
    pulls = Pulls(images)
    pulls.start()
    try:
        eventually(lambda: pulls.good, "a first pull", within=PATIENCE)
        images.apply(spec(images, server, version="3")).ready()
        assert images.get()["status"]["version"].startswith("3")
        pulled = pulls.good
        eventually(lambda: pulls.good > pulled, "a pull from line 3", within=PATIENCE)
    finally:
        pulls.end()
    images.push("hello:2")
    print(f"longest time between two good pulls: {pulls.outage:.1f} s")


def test_an_upload_that_begins_on_one_pod_ends_on_another(images: Managed, server: S3Server, keys: Keys) -> None:
    bring(images, keys.data)
    wished = spec(images, server, replicas=2, auth={"mode": "Disabled"}, tls={"disabled": {}})
    images.apply(wished).ready()
    eventually(lambda: images.get()["status"].get("readyReplicas") == 2, "two pods", within=PATIENCE)
    first, second = (pod["status"]["podIP"] for pod in images.pods())
    layer = b"layer" * 100_000
    digest = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    status, place = send(first, "POST", "/v2/team/app/blobs/uploads/")
    assert status == 202
    status, place = send(second, "PATCH", place, layer)
    assert status == 202
    assert send(first, "PUT", f"{place}&digest={digest}")[0] == 201
    assert send(second, "HEAD", f"/v2/team/app/blobs/{digest}")[0] == 200


def send(address: str, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
    """Status and Location of an answer of one pod."""
    connection = http.client.HTTPConnection(address, 5000, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/octet-stream"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location", "")
    finally:
        connection.close()


def replaced(images: Managed, pods: set[str]) -> bool:
    """Whether none of these pods is left, and others are ready."""
    present = images.pods()
    conditions = [each for pod in present for each in pod["status"].get("conditions", ()) if each["type"] == "Ready"]
    gone = pods.isdisjoint(pod["metadata"]["uid"] for pod in present)
    return gone and bool(conditions) and all(each["status"] == "True" for each in conditions)


def test_keys_that_are_late_wrong_rotated_and_gone(images: Managed, server: S3Server, user: str, keys: Keys) -> None:
    images.apply(spec(images, server))
    images.wait("StorageReady", "False", "SecretMissing")
    bring(images, {**keys.data, "AWS_SECRET_ACCESS_KEY": "wrong"})
    images.wait("StorageReady", "False", "KeysRefused")
    images.wait("Stalled", "True", "KeysRefused")
    assert not images.deployment()
    bring(images, keys.data)
    images.ready().push("hello:1")
    assert images.get()["status"]["storage"]["redirect"] == "Disabled"

    before, new = generation(images), server.make_keys(user)
    pulls = Pulls(images)
    pulls.start()
    try:
        bring(images, {**keys.data, "AWS_ACCESS_KEY_ID": new.id})  # the first half of a rotation
        images.wait("StorageReady", "False", "KeysRefused")
        assert generation(images) == before
        bring(images, new.data)
        images.wait("Stalled", "False")
        images.ready()
        server.revoke(user, keys)
        eventually(lambda: pulls.good, "a pull", within=PATIENCE)
    finally:
        pulls.end()
    assert generation(images) == before + 1
    print(f"longest time between two good pulls: {pulls.outage:.1f} s")
    images.push("hello:2")

    images.kube.delete(SECRET, images.namespace, "bucket")
    images.wait("StorageReady", "False", "SecretMissing")
    evicted = {pod["metadata"]["uid"] for pod in images.pods()}
    images.evict()
    eventually(lambda: replaced(images, evicted), "another pod in its place", within=PATIENCE)
    images.wait("WorkloadReady", "True")
    images.push("hello:3")

    bring(images, new.data)
    images.wait("StorageReady", "True")
    server.revoke(user, new)
    images.wait("StorageReady", "False", "KeysRefused")
