"""How pods follow each other, by what the storage allows and the author wants."""

import pytest

from registry_operator.desired import meta
from registry_operator.desired.rollout import Rollout, affinity, rollout, spread, strategy
from tests.unit.desired.registries import registry

MANY, ONCE = ("ReadWriteMany",), ("ReadWriteOnce",)
KEY = "requiredDuringSchedulingIgnoredDuringExecution"


@pytest.mark.parametrize(
    ("wish", "modes", "expected"),
    [
        ("Recreate", ONCE, Rollout.RECREATE),
        ("Recreate", (), Rollout.RECREATE),
        ("Recreate", MANY, Rollout.ROLLING),
        ("Recreate", (*ONCE, *MANY), Rollout.ROLLING),
        ("Surge", ONCE, Rollout.SURGE),
        ("Surge", MANY, Rollout.ROLLING),
    ],
)
def test_the_way(wish: str, modes: tuple[str, ...], expected: Rollout) -> None:
    assert rollout(registry({"rollout": wish}), modes) is expected


@pytest.mark.parametrize("way", [Rollout.SURGE, Rollout.ROLLING])
def test_no_pod_ends_before_its_successor_is_ready(way: Rollout) -> None:
    assert strategy(way)["rollingUpdate"]["maxUnavailable"] == 0


def test_only_a_surge_ties_pods_to_each_other() -> None:
    (term,) = affinity(registry(), Rollout.SURGE)["podAffinity"][KEY]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchLabels"] == meta.selector("images"), "which the pod itself has, too"
    assert affinity(registry(), Rollout.RECREATE) == affinity(registry(), Rollout.ROLLING) == {}


def test_a_surge_adds_to_the_authors_affinity() -> None:
    theirs = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "builder"}}}
    subject = registry({"pod": {"affinity": {"nodeAffinity": {"a": "b"}, "podAffinity": {KEY: [theirs]}}}})
    found = affinity(subject, Rollout.SURGE)
    assert found["nodeAffinity"] == {"a": "b"}
    assert found["podAffinity"][KEY][0] == theirs
    assert len(found["podAffinity"][KEY]) == 2
    assert subject.spec.pod.affinity["podAffinity"][KEY] == [theirs], "the spec is as it was"


def test_pods_are_spread_unless_the_author_says_how() -> None:
    assert [each["topologyKey"] for each in spread(registry(), Rollout.ROLLING)] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert {each["whenUnsatisfiable"] for each in spread(registry(), Rollout.ROLLING)} == {"ScheduleAnyway"}
    assert spread(registry(), Rollout.RECREATE) == []
    own = {"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
    (only,) = spread(registry({"pod": {"topologySpreadConstraints": [own]}}), Rollout.ROLLING)
    assert only["topologyKey"] == "rack"
