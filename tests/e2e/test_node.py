"""The node under it all loses its power in the middle of a change, and comes back with its disk."""

from __future__ import annotations

from tests.cluster.local import LocalCluster
from tests.e2e.managed import PATIENCE, Managed
from tests.stage.kube import Object
from tests.stage.waiting import eventually

SELF_SIGNED: Object = {"tls": {"selfSigned": {}}}


def starts(images: Managed) -> dict[str, int]:
    """How often the container of each pod was started again."""
    return {
        pod["metadata"]["uid"]: sum(each["restartCount"] for each in pod["status"].get("containerStatuses", ()))
        for pod in images.pods()
    }


def test_a_node_that_is_killed_in_the_middle(node: LocalCluster, images: Managed) -> None:
    """The change is brought to its end, the images are there, and the password is still the same."""
    images.apply(SELF_SIGNED).ready().push("hello:1")
    before, digest, old = images.access(), images.digest("hello:1"), starts(images)
    images.apply({**SELF_SIGNED, "log": {"level": "debug"}})
    node.crash()
    node.boot()
    eventually(lambda: images.digest("hello:1", check=False) == digest, "the image", within=PATIENCE)
    images.ready()
    assert images.access() == before
    assert starts(images) != old, "the pod that was there did not survive"
    images.push("hello:2")
