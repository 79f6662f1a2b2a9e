"""A cache of a real registry with a password, beside a real control plane; no pod runs, its objects are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from registry_operator.kube.kinds import DEPLOYMENT, EVENT, SECRET
from tests.apiserver.origin import Origin
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import Kube, Object
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually, steady
from tests.unit.registry.serving import CA, PASSWORD, USER

USABLE = {"teamregistry.io/usable-by": "registries"}
ACCOUNT = {"username": USER, "password": PASSWORD}
Maker = Callable[..., StagedOperator]


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Origin]:
    made = Origin(tmp_path)
    yield made
    made.go()


def cache(images: Subject, origin: Origin, **more: object) -> Object:
    """Such a Registry, whose owner trusts the registry's authority; its credentials are for the test to bring."""
    images.user_secret("authority", {"ca.crt": CA.crt})
    proxy = {"remoteURL": origin.url, "credentialsSecretRef": {"name": "account"}, "caSecretRef": {"name": "authority"}}
    return {**SELF_SIGNED, "version": "3", "proxy": proxy, **more}


def given(images: Subject) -> Object:
    """What the pods log in with."""
    found: Object = yaml.safe_load(images.secret(images.mounted("config").removeprefix(images.name), "config.yml"))
    return {key: found["proxy"].get(key) for key in ACCOUNT}


def rolls(images: Subject) -> int:
    return int(images.child(DEPLOYMENT)["metadata"]["generation"])


def test_a_secret_that_appears_is_released_is_wrong_and_rotates(
    operator: StagedOperator, kube: Kube, images: Subject, origin: Origin
) -> None:
    images.apply(cache(images, origin))
    assert "Secret account" in images.expect("UpstreamReady", "False", "SecretMissing")
    images.user_secret("account", {**ACCOUNT, "password": "wrong"})
    message = images.expect("UpstreamReady", "False", "SecretNotLabelled")
    assert "kubectl label secret account" in message
    assert origin.url in message
    images.user_secret("account", {**ACCOUNT, "password": "wrong"}, labels=USABLE)
    assert origin.url in images.expect("UpstreamReady", "False", "UpstreamRefuses")
    images.expect("Ready", "False", "UpstreamRefuses")
    assert kube.find(DEPLOYMENT, images.namespace, "images") is None
    images.user_secret("account", ACCOUNT, labels=USABLE)
    images.ready()
    assert given(images) == ACCOUNT
    assert "spec.proxy" in images.expect("Writable", "False", "ReadOnly")

    before = rolls(images)
    images.user_secret("account", {"username": "robot", "password": "0012345"}, labels=USABLE)
    images.expect("UpstreamReady", "False", "UpstreamRefuses")
    images.expect("Ready", "True")
    images.edit({"log": {"level": "debug"}})
    eventually(lambda: rolls(images) == before + 1, "another change", seen=images.seen)
    assert given(images) == ACCOUNT
    origin.admit("robot", "0012345")
    images.touch()
    images.expect("UpstreamReady", "True", "UpstreamOpen")
    eventually(lambda: given(images)["username"] == "robot", "the new account", seen=images.seen)
    images.ready()
    assert rolls(images) == before + 2
    told = str([images.get(), kube.list(EVENT, images.namespace), operator.log()])
    assert PASSWORD not in told
    assert "0012345" not in told


def test_the_other_registry_goes_and_comes_back(own_operator: Maker, images: Subject, origin: Origin) -> None:
    own_operator({"PROBE_INTERVAL_SECONDS": "5"}).start()
    wished = cache(images, origin)
    images.user_secret("account", ACCOUNT, labels=USABLE)
    images.apply(wished)
    images.ready()
    before = rolls(images)
    origin.go()
    images.edit({"log": {"level": "debug"}})  # at once: what was found a moment ago is not enough
    images.expect("UpstreamReady", "False", "UpstreamUnreachable")
    images.expect("Ready", "True")
    steady(lambda: rolls(images), quiet=1)
    assert rolls(images) == before, "its successor would not start"
    images.evict()
    assert origin.url in images.expect("Ready", "False", "UpstreamUnreachable")
    origin.come()
    images.expect("UpstreamReady", "True", "UpstreamOpen")
    images.ready()
    assert rolls(images) == before + 1


def test_a_cache_that_is_made_while_the_other_registry_is_away(
    own_operator: Maker, images: Subject, origin: Origin
) -> None:
    own_operator({"PROBE_INTERVAL_SECONDS": "5"}).start()
    origin.go()
    images.user_secret("account", ACCOUNT, labels=USABLE)
    images.apply(cache(images, origin))
    images.expect("Ready", "False", "UpstreamUnreachable")
    origin.come()
    images.ready()


def test_line_2_cannot_log_in_there_and_is_warned_of(
    operator: StagedOperator, kube: Kube, images: Subject, origin: Origin
) -> None:
    images.user_secret("account", ACCOUNT, labels=USABLE)
    images.apply(cache(images, origin, version="2"))
    assert 'set version to "3"' in images.expect("UpstreamReady", "False", "UpstreamUnsupported")
    events = [each for each in kube.list(EVENT, images.namespace) if each["reason"] == "VulnerableProxy"]
    assert [each["type"] for each in events] == ["Warning"]
    assert "CVE-2026-33540" in events[0]["note"]
    images.edit({"version": "3"})
    images.ready()


def test_nothing_is_written_at_rest(operator: StagedOperator, kube: Kube, images: Subject, origin: Origin) -> None:
    images.user_secret("account", ACCOUNT, labels=USABLE)
    images.apply(cache(images, origin))
    images.ready()
    assert kube.get(SECRET, images.namespace, "account")["metadata"]["labels"] == USABLE
    mark = steady(lambda: operator.proxy.mark, quiet=1)
    images.touch()
    steady(lambda: operator.proxy.mark, quiet=1)
    assert [str(write) for write in operator.proxy.writes(mark, namespace=images.namespace)] == []
