"""A claim with the images of another Registry, which `existingClaim` names."""

from __future__ import annotations

import pytest

from registry_operator.kube import kinds
from registry_operator.reconcile.registry_cache import Key
from registry_operator.reconcile.world import Referred
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.subject import SELF_SIGNED, Subject

CLAIM = kinds.PERSISTENT_VOLUME_CLAIM
TAKEN: Object = {**SELF_SIGNED, "storage": {"existingClaim": {"claimName": "former-data"}}}
OPEN: Object = {**TAKEN, "auth": {"mode": "Disabled"}}
LABELS = {"app.kubernetes.io/managed-by": "registry-operator", "teamregistry.io/registry": "former"}


def left(version: str = "2", labels: Object | None = None) -> Object:
    """The claim of Registry `former`."""
    annotations = {"teamregistry.io/registry-uid": "u-0", "teamregistry.io/version": version}
    metadata = {"namespace": "team-a", "name": "former-data", "labels": labels or LABELS, "annotations": annotations}
    return {
        "metadata": metadata,
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}},
        "status": {"phase": "Bound", "capacity": {"storage": "20Gi"}},
    }


def registry(name: str, spec: Object) -> Object:
    return {"metadata": {"namespace": "team-a", "name": name, "uid": f"u-{name}", "generation": 1}, "spec": spec}


async def taken(spec: Object = TAKEN, claim: Object | None = None, *others: Object) -> Subject:
    subject = Subject()
    subject.cluster.put(CLAIM, claim or left())
    for each in others:
        subject.cluster.put(kinds.REGISTRY, each)
    subject.make(spec)
    await subject.settle()
    return subject


async def test_what_a_former_registry_left_may_be_taken() -> None:
    subject = await taken()
    assert subject.condition("Ready") == ("True", "Serving")
    assert [call for call in subject.cluster.writes if call[1] == CLAIM.kind] == []


async def test_its_images_are_not_laid_open() -> None:
    subject = await taken(OPEN)
    assert subject.condition("Stalled") == ("True", "AnonymousAccessRefused")
    assert "former" in subject.message("Stalled")
    assert subject.cluster.named(kinds.DEPLOYMENT) == set()
    subject.respec(OPEN, annotations={"teamregistry.io/allow-anonymous": "true"})
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")


CACHE: Object = {"proxy": {"remoteURL": "https://up.example"}}


@pytest.mark.parametrize("named", [True, False], ids=["under another name", "that returns"])
@pytest.mark.parametrize(
    ("held", "spec", "said"),
    [
        ("https://up.example", {}, "cached from https://up.example"),
        (None, CACHE, "pushed"),
        ("https://other.example", CACHE, "cached from https://other.example"),
    ],
    ids=["a cache's, for a registry", "a registry's, for a cache", "another cache's"],
)
async def test_images_of_one_source_are_not_served_as_anothers(
    named: bool, held: str | None, spec: Object, said: str
) -> None:
    claim = left(labels=LABELS if named else {**LABELS, "teamregistry.io/registry": "images"})
    if held:
        claim["metadata"]["annotations"]["teamregistry.io/remote-url"] = held
    if not named:
        claim["metadata"]["name"] = "images-data"
    subject = await taken({**(TAKEN if named else SELF_SIGNED), **spec}, claim)
    assert subject.condition("Stalled") == ("True", "ClaimDiffers")
    assert said in subject.message("Stalled")
    assert subject.cluster.named(kinds.DEPLOYMENT) == set()


async def test_a_cache_takes_its_claim_back() -> None:
    subject = Subject({**SELF_SIGNED, **CACHE})
    await subject.settle()
    for kind, name in [(kind, name) for kind, _, name in subject.cluster.objects if kind is not CLAIM]:
        subject.cluster.drop(kind, name)
    subject.make({**SELF_SIGNED, **CACHE}, uid="u-2")
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")


async def test_a_users_own_claim_is_his_to_lay_open() -> None:
    subject = await taken(OPEN, left(labels={"app": "mine"}))
    assert subject.condition("Ready") == ("True", "Serving")


async def test_what_line_3_wrote_is_not_given_to_line_2_under_another_name() -> None:
    subject = await taken(TAKEN, left(version="3"))
    assert subject.condition("Stalled") == ("True", "DowngradeRefused")
    assert subject.cluster.named(kinds.DEPLOYMENT) == set()


async def test_the_claim_of_a_registry_that_lives_is_not_taken() -> None:
    subject = await taken(TAKEN, None, registry("former", SELF_SIGNED))
    assert subject.condition("Stalled") == ("True", "ClaimInUse")
    assert subject.cluster.named(kinds.DEPLOYMENT) == set()
    subject.cluster.drop(kinds.REGISTRY, "former")
    subject.deliver()
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")


async def test_the_last_pods_of_a_registry_that_is_gone_are_waited_for() -> None:
    subject = Subject()
    subject.cluster.put(CLAIM, left())
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "former-data"}}
    pod = {"metadata": {"namespace": "team-a", "name": "former-pod", "labels": LABELS}, "spec": {"volumes": [volume]}}
    subject.cluster.put(kinds.POD, pod)
    subject.make(TAKEN)
    assert await subject.settle() is not None
    assert subject.condition("StorageReady") == ("False", "ClaimInUse")
    subject.cluster.drop(kinds.POD, "former-pod")
    subject.deliver()
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")


async def test_of_two_that_name_one_claim_the_first_goes_on() -> None:
    """Not even one whose name comes first takes it from one that runs."""
    subject = await taken()
    subject.world.references.set(Key("team-a", "alpha"), [Referred(CLAIM, "team-a", "former-data")])
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    for kind, name in ((kinds.DEPLOYMENT, "images"), (kinds.REPLICA_SET, "images-set"), (kinds.POD, "images-pod")):
        subject.cluster.drop(kind, name)
    subject.deliver()
    await subject.settle()
    assert subject.condition("Stalled") == ("True", "ClaimInUse")
    assert "alpha" in subject.message("Stalled")


async def test_the_registry_that_returns_does_not_take_it_from_one_that_uses_it() -> None:
    own = left(labels={**LABELS, "teamregistry.io/registry": "images"})
    own["metadata"]["name"] = "images-data"
    subject = Subject()
    subject.cluster.put(CLAIM, own)
    subject.make(SELF_SIGNED)
    user = registry("alpha", {"storage": {"existingClaim": {"claimName": "images-data"}}})
    subject.cluster.put(kinds.REGISTRY, user)
    subject.deliver()
    await subject.reconciler(Key("team-a", "alpha"))
    subject.deliver()
    await subject.settle()
    assert subject.condition("Stalled") == ("True", "ClaimInUse")
    assert "alpha" in subject.message("Stalled")
