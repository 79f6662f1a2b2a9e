"""What happens to a registry over its life: deletion and return, renewal, switches, a crash of the operator."""

from __future__ import annotations

import threading
import time

from registry_operator.kube.kinds import CERTIFICATE, POD, SECRET, Kind
from tests.demo.install import OPERATOR
from tests.e2e.managed import PATIENCE, Managed
from tests.stage.kube import Object
from tests.stage.waiting import eventually

NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
SELF_SIGNED: Object = {"tls": {"selfSigned": {}}}


def test_a_registry_that_returns_has_its_images(images: Managed) -> None:
    images.apply(SELF_SIGNED).ready().push("hello:1")
    before = images.digest("hello:1")
    images.delete()
    images.apply(SELF_SIGNED).ready()
    assert images.digest("hello:1") == before


def test_read_only_refuses_pushes(images: Managed) -> None:
    images.apply(SELF_SIGNED).ready().push("hello:1")
    images.apply({**SELF_SIGNED, "access": "ReadOnly"}).ready()
    images.wait("Writable", "False", "ReadOnly")
    assert images.push("hello:2", check=False).returncode
    assert images.digest("hello:1")
    images.apply(SELF_SIGNED).ready().push("hello:2")


class Pulls(threading.Thread):
    """Looks an image up again and again, and remembers for how long it could not."""

    def __init__(self, images: Managed) -> None:
        super().__init__(daemon=True)
        self._images = images
        self._over = threading.Event()
        self.good = 0
        self.outage = 0.0

    def run(self) -> None:
        since = time.monotonic()
        while not self._over.is_set():
            if self._images.digest("hello:1", check=False):
                self.outage = max(self.outage, time.monotonic() - since) if self.good else 0.0
                self.good += 1
                since = time.monotonic()

    def end(self) -> None:
        self._over.set()
        self.join(60)


def counts(images: Managed) -> tuple[int, int]:
    """How often cert-manager has issued, and in which generation the Deployment is."""
    certificate = images.kube.get(CERTIFICATE, images.namespace, f"{images.name}-certificate")
    deployment = images.deployment()
    assert deployment is not None
    return int(certificate["status"]["revision"]), int(deployment["metadata"]["generation"])


def test_each_renewed_certificate_rolls_the_pods_once(images: Managed) -> None:
    """cert-manager issues anew when its Secret is gone, at times twice; clients go on with the same CA."""
    images.apply().ready().push("hello:1")
    issued, generation = counts(images)
    pulls = Pulls(images)
    pulls.start()
    try:
        eventually(lambda: pulls.good, "a first pull", within=PATIENCE)
        images.kube.delete(SECRET, images.namespace, f"{images.name}-certificate")

        def rolled() -> bool:
            renewals, rolls = (now - before for now, before in zip(counts(images), (issued, generation), strict=True))
            return renewals == rolls > 0

        eventually(rolled, "one roll for each issue", within=PATIENCE, seen=lambda: counts(images))
        images.ready()
        pulled = pulls.good
        eventually(lambda: pulls.good > pulled, "a pull after the roll", within=PATIENCE)
    finally:
        pulls.end()
    print(f"longest time between two good pulls: {pulls.outage:.1f} s")
    assert rolled(), f"issued {issued}, then {counts(images)} from generation {generation}"


def test_an_operator_that_is_killed_in_the_middle(images: Managed) -> None:
    """Whatever was made before, the next one finishes, and the generated password stays."""
    images.apply(SELF_SIGNED)
    first = eventually(lambda: images.kube.find(SECRET, images.namespace, "images-admin"), "the first children")
    assert first is not None
    selector = f"app.kubernetes.io/name={OPERATOR}"
    for pod in images.kube.list(POD, OPERATOR, selector=selector):
        images.kubectl(
            "delete", "pod", pod["metadata"]["name"], f"--namespace={OPERATOR}", "--grace-period=0", "--force"
        )
    images.ready()
    made = images.kube.get(SECRET, images.namespace, "images-admin")
    assert made["metadata"]["uid"] == first["metadata"]["uid"]
    assert made["data"]["password"] == first["data"]["password"]
    images.push("hello:1")


def test_a_default_deny_network_policy_breaks_no_admission(images: Managed) -> None:
    """The node enforces none, so this is about objects only; docs/troubleshooting.md tells what one does."""
    meta = {"namespace": images.namespace, "name": "default-deny"}
    images.kube.create(
        NETWORK_POLICY, {"metadata": meta, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}
    )
    images.apply(SELF_SIGNED).ready()
