"""Each member of a union follows each other one, whatever a user applies with."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.apiserver.admission.cases_storage import AZURE, GCS, s3
from tests.apiserver.admission.door import SCALARS, Door, Refused

Spec = dict[str, Any]

TLS: dict[str, Spec] = {
    "none": {},
    "neighbours": {"tls": {"dnsNames": ["images.example.com"], "minVersion": "1.3"}},
    "certManager": {"tls": {"certManager": {"issuerRef": {"name": "i"}, "privateKey": {"size": 384}}}},
    "secretRef": {"tls": {"secretRef": {"name": "s"}, "dnsNames": ["images.example.com"]}},
    "selfSigned": {"tls": {"selfSigned": {}}},
    "disabled": {"tls": {"disabled": {}}},
}
IMAGE: dict[str, Spec] = {
    "none": {},
    "tag": {"image": {"tag": "2.8.3"}},
    "digest": {"image": {"digest": f"sha256:{'a' * 64}", "pullPolicy": "Always"}},
}
AUTH: dict[str, Spec] = {
    "none": {},
    "htpasswd": {"auth": {"mode": "Htpasswd", "htpasswd": {"secretRef": {"name": "users"}}, "adminUser": "Disabled"}},
    "disabled": {"auth": {"mode": "Disabled"}},
}
SERVICE: dict[str, Spec] = {
    "none": {},
    "node port": {"service": {"type": "NodePort", "nodePort": 30443, "externalTrafficPolicy": "Local"}},
    "load balancer": {"service": {"type": "LoadBalancer", "loadBalancerClass": "example.com/internal"}},
}
UNIONS = [
    pytest.param(union, id=name)
    for name, union in {"tls": TLS, "image": IMAGE, "auth": AUTH, "service": SERVICE}.items()
]

STORAGE: dict[str, Spec] = {
    "none": {},
    "persistentVolumeClaim": {"storage": {"persistentVolumeClaim": {"size": "30Gi"}}},
    "existingClaim": {"storage": {"existingClaim": {"claimName": "c"}}},
    "emptyDir": {"storage": {"emptyDir": {}}},
    "s3": {"storage": {"s3": s3()}},
    "gcs": {"storage": {"gcs": GCS}},
    "azure": {"storage": {"azure": AZURE}},
}


def tour(members: list[str]) -> Iterator[str]:
    """A walk over the members in which each follows each other one once, itself not."""
    for last, here in enumerate(members):
        yield here
        for other in reversed(members[last + 2 :]):
            yield other
            yield here
    yield from reversed(members[:-1])


def given(stored: Any, asked: Any) -> Any:
    """What of the stored spec was asked for: without the defaults that came beside it."""
    if not isinstance(asked, dict):
        return stored
    return {key: given(stored.get(key), value) for key, value in asked.items()}


def assert_stored(stored: Spec, asked: Spec) -> None:
    assert given(stored, asked) == asked
    assert set(stored) - set(asked) == set(SCALARS), "nothing of an earlier member is left"
    for name, section in asked.items():
        left = {key for key in set(stored[name]) - set(section) if isinstance(stored[name][key], dict)}
        assert left == set(), "nothing of an earlier member is left"


def test_the_tour_is_complete() -> None:
    steps = list(tour(list(TLS)))
    assert {(a, b) for a in TLS for b in TLS if a != b} == set(pairwise(steps))


@pytest.mark.parametrize("union", UNIONS)
@pytest.mark.parametrize("server_side", [False, True], ids=["client-side", "server-side"])
def test_each_member_follows_each_other_with_kubectl(door: Door, union: dict[str, Spec], server_side: bool) -> None:
    try:
        for member in tour(list(union)):
            assert_stored(door.kubectl(union[member], name="union", server_side=server_side), union[member])
    finally:
        door.delete("union")


@pytest.mark.parametrize("union", [pytest.param(TLS, id="tls"), pytest.param(IMAGE, id="image")])
def test_each_member_follows_each_other_with_forced_apply_by_several_managers(
    door: Door, union: dict[str, Spec]
) -> None:
    """As a GitOps tool that takes over from another: what the first one left must not stay beside."""
    try:
        for step, member in enumerate(tour(list(union))):
            if union[member]:
                stored = door.apply(union[member], name="managers", manager=f"tool-{step % 2}")
                assert given(stored, union[member]) == union[member]
    finally:
        door.delete("managers")


@pytest.mark.parametrize("server_side", [False, True], ids=["client-side", "server-side"])
@pytest.mark.parametrize(
    ("full", "emptied"),
    [
        ({"version": "3", "access": "ReadOnly", "reconciliation": "Paused", "tls": {"selfSigned": {}}}, {}),
        ({"tls": {"certManager": {"duration": "1000h"}}}, {"tls": {"certManager": {}}}),
        ({"auth": {"mode": "Disabled", "adminUser": "Disabled"}}, {"auth": {}}),
        ({"service": {"type": "NodePort"}}, {"service": {}}),
        ({"service": {"annotations": {"a": "b"}}}, {"service": {"annotations": {}}}),
        ({"expose": {"ingress": {"host": "a.b"}}}, {"expose": {}}),
        ({"notifications": {"endpoints": [{"name": "a", "url": "https://a"}]}}, {"notifications": {"endpoints": []}}),
        ({"metrics": {"mode": "Enabled", "from": [{"podSelector": {}}]}}, {"metrics": {"mode": "Enabled"}}),
        ({"networkPolicy": {"from": [{"podSelector": {}}]}}, {"networkPolicy": {}}),
        ({"http": {"headers": [{"name": "A", "value": "b"}]}}, {"http": {"headers": []}}),
        ({"image": {"pullSecrets": [{"name": "a"}]}}, {"image": {"pullSecrets": []}}),
        ({"pod": {"labels": {"a": "b"}}}, {"pod": {}}),
        ({"pod": {"resources": {"limits": {"cpu": 1}}}}, {"pod": {"resources": {"limits": {}}}}),
        ({"pod": {"tolerations": [{"operator": "Exists"}]}}, {"pod": {"tolerations": []}}),
    ],
    ids=str,
)
def test_what_is_emptied_stays_valid(door: Door, full: Spec, emptied: Spec, server_side: bool) -> None:
    """In a granular object an apply that takes the last field away leaves null, which the API server refuses."""
    try:
        door.kubectl(full, name="emptied", server_side=server_side)
        assert_stored(door.kubectl(emptied, name="emptied", server_side=server_side), emptied)
    finally:
        door.delete("emptied")


def test_client_side_is_followed_by_a_gitops_tool(door: Door) -> None:
    try:
        door.kubectl(TLS["certManager"], name="both")
        assert_stored(door.apply(TLS["selfSigned"], name="both"), TLS["selfSigned"])
    finally:
        door.delete("both")


@pytest.mark.parametrize("server_side", [False, True], ids=["client-side", "server-side"])
@pytest.mark.parametrize("before", STORAGE)
@pytest.mark.parametrize("after", STORAGE)
def test_kinds_of_storage_never_follow_each_other(door: Door, before: str, after: str, server_side: bool) -> None:
    """The one union that is immutable says so, and not that there were two members."""
    claims = ("none", "persistentVolumeClaim")
    try:
        door.kubectl(STORAGE[before], name="kinds", server_side=server_side)
        if before == after or (before == "none" and after in claims):
            door.kubectl(STORAGE[after], name="kinds", server_side=server_side)
            return
        words = "may grow but not shrink" if {before, after} == set(claims) else "may not change its kind"
        with pytest.raises(Refused, match=words):
            door.kubectl(STORAGE[after], name="kinds", server_side=server_side)
    finally:
        door.delete("kinds")
