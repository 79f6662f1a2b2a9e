"""Two operators at work at once, as with replicas that were told to do without a Lease."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from registry_operator.kube.kinds import DEPLOYMENT, SECRET
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import Kube
from tests.stage.spoil import delay
from tests.stage.stage import StagedOperator
from tests.stage.traffic import Rule, watching
from tests.stage.waiting import eventually, steady

GENERATED = ("images-internal", "images-admin", "images-selfsigned")


@pytest.fixture
def both(own_operator: Callable[..., StagedOperator]) -> tuple[StagedOperator, StagedOperator]:
    one, other = own_operator(), own_operator()
    one.start(wait=False)
    other.start()
    one.wait_ready()
    return one, other


def at_rest(*operators: StagedOperator) -> int:
    """Wait until neither writes anything any more; how much both have written."""
    return steady(lambda: sum(len(each.proxy.writes()) for each in operators), quiet=3)


def test_pods_are_rolled_once_for_each_edit_and_nothing_is_doubled(
    both: tuple[StagedOperator, StagedOperator], kube: Kube, images: Subject
) -> None:
    images.apply(SELF_SIGNED)
    images.ready()
    at_rest(*both)
    assert images.child(DEPLOYMENT)["metadata"]["generation"] == 1
    before = {name: kube.get(SECRET, images.namespace, name)["data"] for name in GENERATED}

    for level in ("debug", "warn"):
        images.edit({"log": {"level": level}})
        images.ready()
    behind = both[1]
    held = behind.proxy.add(Rule(watching("registries"), delay(8)))
    behind.tear(watching("registries"))
    eventually(lambda: held.hits, "that one of them hears of no edit for a while")
    images.edit({"log": {"level": "info"}})
    images.ready()
    at_rest(*both)
    assert images.child(DEPLOYMENT)["metadata"]["generation"] == 4
    assert {name: kube.get(SECRET, images.namespace, name)["data"] for name in GENERATED} == before
    configs = [name for kind, name in images.children() if kind == "Secret" and "-config-" in name]
    assert len(configs) == len(set(configs))
    assert images.is_current()
