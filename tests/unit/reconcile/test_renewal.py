"""What is wrong with a spec or its inputs must not let the certificate of running pods come to its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from registry_operator.kube import kinds
from registry_operator.kube.errors import Invalid
from registry_operator.registry.upstream import Access, Answer
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.subject import SELF_SIGNED, Subject, secret

TOLD: Object = {"endpoints": [{"name": "audit", "url": "https://a.example", "headersSecretRef": {"name": "headers"}}]}
OF_ANOTHER_LINE: Object = {"image": {"repository": "mirror/registry", "tag": "3.1.1"}}
ALLOWED = {"teamregistry.io/usable-by": "registries"}


def template(subject: Subject) -> Any:
    found = subject.cluster.find(kinds.DEPLOYMENT, "images")
    assert found is not None
    return found["spec"]["template"]["spec"]


def served(subject: Subject) -> str:
    (name,) = (each["secret"]["secretName"] for each in template(subject)["volumes"] if each["name"] == "tls")
    return str(name)


async def running(spec: Object = SELF_SIGNED) -> Subject:
    subject = Subject()
    subject.cluster.put(kinds.SECRET, secret("headers", {"Authorization": "Bearer one"}, labels=ALLOWED))
    subject.make(spec)
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    return subject


async def later(subject: Subject, part: float) -> None:
    """After this part of the life of the certificate that was made first."""
    leaf = subject.prober.followed.serving.leaf  # type: ignore[union-attr]
    subject.now = leaf.not_before + (leaf.not_after - leaf.not_before) * part + timedelta(minutes=1)
    await subject.settle()


BAD: dict[str, tuple[Object, str]] = {
    "an image of another line": (OF_ANOTHER_LINE, "ImageOfAnotherLine"),
    "pods that cannot share a volume": ({"replicas": 2}, "StorageNotShared"),
    "a receiver whose header is not there": (
        {"notifications": {"endpoints": [{**TOLD["endpoints"][0], "headersSecretRef": {"name": "none"}}]}},
        "SecretMissing",
    ),
}


@pytest.mark.parametrize(("spec", "reason"), BAD.values(), ids=BAD)
async def test_pods_get_the_new_certificate_and_nothing_else(spec: Object, reason: str) -> None:
    subject = await running()
    before, first = template(subject), served(subject)
    subject.respec({**SELF_SIGNED, **spec})
    await subject.settle()
    await later(subject, 0.7)
    assert served(subject) == first, "there is time yet for a person"
    assert [reason for _, reason, _ in subject.told.events].count("CertificateWaits") == 1
    await later(subject, 5 / 6)
    assert served(subject) != first
    assert subject.prober.followed is not None
    assert subject.prober.followed.serving is not None
    assert subject.prober.followed.serving.secret == served(subject)
    after = template(subject)
    assert after["containers"] == before["containers"]
    assert [each for each in after["volumes"] if each["name"] != "tls"] == [
        each for each in before["volumes"] if each["name"] != "tls"
    ]
    said = {subject.condition(name)[1] for name in ("Stalled", "WorkloadReady")}
    assert reason in said
    subject.cluster.calls.clear()
    await subject.reconcile()
    assert subject.cluster.writes == []


async def test_a_look_is_taken_when_it_is_time() -> None:
    subject = await running()
    subject.respec({**SELF_SIGNED, **OF_ANOTHER_LINE})
    await later(subject, 0.7)
    again = await subject.settle()
    assert again is not None
    first = served(subject)
    subject.now += timedelta(seconds=again + 1)
    await subject.settle()
    assert served(subject) != first


async def test_a_service_that_cannot_be_changed_still_gets_a_certificate() -> None:
    subject = await running()
    first = served(subject)
    subject.cluster.errors["apply", "Service"] = Invalid(422, "Invalid", "no")
    subject.cluster.errors["apply", "ServiceAccount"] = Invalid(422, "Invalid", "no")
    service, pod = {"type": "NodePort"}, {"serviceAccountAnnotations": {"a": "b"}}
    subject.respec({**SELF_SIGNED, "service": service, "pod": pod, "log": {"level": "debug"}})
    await later(subject, 0.7)
    assert served(subject) != first
    assert subject.condition("WorkloadReady") == ("False", "Refused")
    assert subject.condition("Ready") == ("True", "Serving")


async def test_headers_that_are_gone_stay_as_pods_have_them_and_hold_up_nothing() -> None:
    subject = await running({**SELF_SIGNED, "notifications": TOLD})
    subject.cluster.drop(kinds.SECRET, "headers")
    subject.respec({**SELF_SIGNED, "notifications": TOLD, "log": {"level": "debug"}})
    await subject.settle()
    assert subject.condition("WorkloadReady") == ("False", "SecretMissing")
    (name,) = (each["secret"]["secretName"] for each in template(subject)["volumes"] if each["name"] == "config")
    assert "Bearer one" in subject.secret(name)["config.yml"]
    assert "debug" in subject.secret(name)["config.yml"]
    moved = {"endpoints": [{**TOLD["endpoints"][0], "url": "https://b.example"}]}
    subject.respec({**SELF_SIGNED, "notifications": moved, "log": {"level": "warn"}})
    await subject.settle()
    (kept,) = (each["secret"]["secretName"] for each in template(subject)["volumes"] if each["name"] == "config")
    assert kept == name, "they were given for the former address"


async def test_a_cache_whose_source_is_silent_runs_to_the_end_of_its_certificate() -> None:
    """Its next pod would not start."""
    subject = await running({**SELF_SIGNED, "proxy": {"remoteURL": "https://up.example"}})
    first = served(subject)
    subject.upstreams.says = Answer(Access.SILENT, "no answer")
    await later(subject, 0.95)
    assert served(subject) == first
    await later(subject, 1)
    assert served(subject) != first
