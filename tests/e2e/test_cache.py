"""A cache of a second real registry, which is another Registry of the operator's on the same node."""

from __future__ import annotations

import base64
from dataclasses import replace

from registry_operator.kube.kinds import CONFIG_MAP, SECRET, SERVICE
from tests.cluster import images as built
from tests.cluster.shell import run
from tests.e2e.managed import PATIENCE, Managed
from tests.stage.kube import Object
from tests.stage.waiting import eventually

SELF_SIGNED: Object = {"tls": {"selfSigned": {}}}
USABLE = {"teamregistry.io/usable-by": "registries"}


def origin(images: Managed, spec: Object | None = None) -> Managed:
    """The registry that is cached, with an image."""
    made = replace(images, name="origin").apply({**SELF_SIGNED, **(spec or {})}).ready()
    made.push("hello:1")
    return made


def bring(images: Managed, name: str, data: dict[str, str]) -> None:
    meta = {"namespace": images.namespace, "name": name, "labels": USABLE}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    images.kube.apply(SECRET, {"metadata": meta, "data": encoded})


def cache(images: Managed, there: Managed, **members: object) -> Object:
    """A cache of it; the CA that it publishes is put where a cache looks for it."""
    name = there.get()["status"]["caConfigMapName"]
    bring(images, "origin-authority", images.kube.get(CONFIG_MAP, images.namespace, name)["data"])
    proxy = {"remoteURL": there.get()["status"]["url"], "caSecretRef": {"name": "origin-authority"}, **members}
    return {**SELF_SIGNED, "version": "3", "proxy": proxy}


def test_credentials_that_are_wrong_missing_and_right(images: Managed) -> None:
    there = origin(images)
    images.apply(cache(images, there))
    images.wait("UpstreamReady", "False", "UpstreamClosed")
    account = there.access()
    bring(images, "account", {"username": account.username, "password": "wrong"})
    images.apply(cache(images, there, credentialsSecretRef={"name": "account"}))
    images.wait("UpstreamReady", "False", "UpstreamRefuses")
    assert not images.deployment()
    bring(images, "account", {"username": account.username, "password": account.password})
    images.ready()
    assert images.digest("hello:1") == there.digest("hello:1")
    assert images.push("hello:2", check=False).returncode
    assert images.conditions()["Writable"][:2] == ("False", "ReadOnly")


def test_the_other_registry_is_away_and_returns(images: Managed) -> None:
    there = origin(images)
    account = there.access()
    bring(images, "account", {"username": account.username, "password": account.password})
    images.apply(cache(images, there, credentialsSecretRef={"name": "account"})).ready()
    before = images.digest("hello:1")
    assert before == there.digest("hello:1")

    there.apply({**SELF_SIGNED, "pod": {"nodeSelector": {"example.org/there": "is-no-such-node"}}})
    there.wait("WorkloadReady", "False", "Unschedulable")
    images.wait("UpstreamReady", "False", "UpstreamUnreachable")
    assert images.digest("hello:1") == before, "served from what it has"
    images.evict()
    images.wait("Ready", "False", "UpstreamUnreachable")

    there.apply(SELF_SIGNED).ready()
    images.wait("UpstreamReady", "True")
    eventually(lambda: images.digest("hello:1", check=False) == before, "the image again", within=PATIENCE * 2)


def test_without_a_password_on_line_2(images: Managed) -> None:
    there = replace(images, name="origin").apply({**SELF_SIGNED, "auth": {"mode": "Disabled"}}).ready()
    address = images.kube.get(SERVICE, images.namespace, "origin")["spec"]["clusterIP"]
    archive = f"docker-archive:{built.archive('client')}"
    run("skopeo", "copy", "--dest-tls-verify=false", archive, f"docker://{address}/hello:1", timeout=120)
    images.apply({**cache(images, there), "version": "2"}).ready()
    assert images.digest("hello:1").startswith("sha256:")
