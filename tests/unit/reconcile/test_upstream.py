"""A cache: what it logs in with is tried first, and no pod is replaced while the other registry is silent."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from registry_operator.kube import kinds
from registry_operator.registry.upstream import Access, Answer
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.subject import SELF_SIGNED, Subject
from tests.unit.reconcile.test_object_storage import bring, config_of, container, template, variables
from tests.unit.registry.serving import CA

URL = "https://registry.example.org"
ACCOUNT = {"username": "alice", "password": "0012345"}


def proxy(**members: Any) -> Object:
    given = {"remoteURL": URL, "credentialsSecretRef": {"name": "keys"}, **members}
    return {**SELF_SIGNED, "version": "3", "proxy": {key: value for key, value in given.items() if value is not None}}


async def serving(spec: Object | None = None) -> Subject:
    subject = Subject()
    bring(subject, ACCOUNT)
    subject.make(spec or proxy())
    await subject.settle()
    return subject


def section(subject: Subject) -> Object:
    found: Object = yaml.safe_load(subject.secret(config_of(subject))["config.yml"])["proxy"]
    return found


async def test_a_cache_logs_in_as_the_secret_says() -> None:
    subject = await serving(proxy(ttl="24h"))
    assert section(subject) == {"remoteurl": URL, **ACCOUNT, "ttl": "24h"}
    assert subject.condition("UpstreamReady") == ("True", "UpstreamOpen")
    assert subject.condition("Stalled")[0] == "False"
    found = subject.cluster.find(kinds.DEPLOYMENT, "images")
    assert found is not None
    assert found["spec"]["strategy"] == {"type": "Recreate"}


async def test_a_cache_without_credentials_and_its_authorities() -> None:
    subject = Subject()
    bring(subject, {"ca.crt": CA.crt}, None, name="ca")
    subject.make(proxy(credentialsSecretRef=None, caSecretRef={"name": "ca"}))
    await subject.settle()
    assert section(subject) == {"remoteurl": URL}
    (mount,) = [each for each in container(subject)["volumeMounts"] if each["name"] == "upstream"]
    assert variables(subject)["SSL_CERT_DIR"] == mount["mountPath"]
    (volume,) = [each for each in template(subject)["spec"]["volumes"] if each["name"] == "upstream"]
    assert {each["key"] for each in volume["secret"]["items"]} == {"ca.crt", "url"}, "a password is no file"


LOOKS: dict[str, tuple[Access, str, bool]] = {
    "refused": (Access.REFUSED, "UpstreamRefuses", True),
    "closed": (Access.CLOSED, "UpstreamClosed", True),
    "a password on line 2": (Access.BASIC, "UpstreamUnsupported", True),
    "elsewhere": (Access.FOREIGN, "UpstreamUnsupported", True),
    "untrusted": (Access.UNTRUSTED, "UpstreamUntrusted", True),
    "no registry": (Access.FAILING, "UpstreamFailing", False),
}


@pytest.mark.parametrize(("access", "reason", "stalled"), LOOKS.values(), ids=LOOKS)
async def test_no_pod_starts_where_it_would_not_be_let_in(access: Access, reason: str, stalled: bool) -> None:
    subject = Subject()
    bring(subject, ACCOUNT)
    subject.upstreams.says = None
    subject.make(proxy())
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("False", "TryingUpstream")
    subject.upstreams.says = Answer(access, "401")
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("False", reason)
    assert subject.condition("Stalled")[0] == str(stalled)
    assert subject.message("UpstreamReady").startswith(URL)
    assert subject.cluster.find(kinds.DEPLOYMENT, "images") is None
    subject.upstreams.says = Answer(Access.OPEN)
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("True", "UpstreamOpen")
    assert subject.cluster.find(kinds.DEPLOYMENT, "images") is not None


async def test_the_first_pod_may_start_where_only_the_operator_has_no_way() -> None:
    subject = Subject()
    bring(subject, ACCOUNT)
    subject.upstreams.says = Answer(Access.SILENT, "the connection fails")
    subject.make(proxy())
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("False", "UpstreamUnreachable")
    assert subject.cluster.find(kinds.DEPLOYMENT, "images") is not None


async def test_a_pod_that_runs_is_not_replaced_while_the_other_registry_is_silent() -> None:
    subject = await serving()
    before = template(subject)
    subject.upstreams.says = Answer(Access.SILENT, "the connection fails")
    subject.respec({**proxy(), "log": {"level": "debug"}})
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("False", "UpstreamUnreachable")
    assert template(subject) == before
    subject.upstreams.says = Answer(Access.OPEN)
    await subject.settle()
    assert template(subject) != before


async def test_each_spec_asks_anew_before_a_pod_is_replaced() -> None:
    """What was found a minute ago is not enough: a successor ends at its start if the other registry is away."""
    subject = await serving()
    before, asked = template(subject), subject.upstreams.asked
    subject.upstreams.says = None
    subject.respec({**proxy(), "log": {"level": "debug"}})
    await subject.settle()
    assert subject.upstreams.asked != asked
    assert template(subject) == before
    assert subject.condition("Stalled")[0] == "False"
    subject.upstreams.says = Answer(Access.OPEN)
    await subject.settle()
    assert template(subject) != before


async def test_new_credentials_that_are_wrong_or_gone_change_nothing_that_runs() -> None:
    subject = await serving()
    subject.upstreams.says = Answer(Access.REFUSED, "401")
    bring(subject, {**ACCOUNT, "password": "wrong"})
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("False", "UpstreamRefuses")
    assert section(subject)["password"] == ACCOUNT["password"]
    subject.cluster.drop(kinds.SECRET, "keys")
    subject.deliver()
    subject.respec({**proxy(), "log": {"level": "debug"}})
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("False", "SecretMissing")
    assert section(subject)["password"] == ACCOUNT["password"]
    assert "level: debug" in subject.secret(config_of(subject))["config.yml"]


@pytest.mark.parametrize("says", [None, Answer(Access.SILENT, "the connection fails")], ids=["not yet known", "silent"])
async def test_without_its_secret_a_pod_is_not_replaced_either_before_the_other_registry_answers(says: Any) -> None:
    """The last good credentials are asked with, as the next pod would use them."""
    subject = await serving()
    before = template(subject)
    subject.cluster.drop(kinds.SECRET, "keys")
    subject.upstreams.says = says
    subject.respec({**proxy(), "log": {"level": "debug"}})
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("False", "SecretMissing")
    assert template(subject) == before
    assert subject.upstreams.asked.password == ACCOUNT["password"]
    subject.upstreams.says = Answer(Access.OPEN)
    await subject.settle()
    assert template(subject) != before


async def test_a_rotation_that_is_being_tried_lets_nothing_else_pass() -> None:
    subject = await serving()
    before = template(subject)
    subject.upstreams.says = None
    bring(subject, {**ACCOUNT, "password": "next"})
    subject.respec({**proxy(), "log": {"level": "debug"}})
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("False", "TryingUpstream")
    assert template(subject) == before
    subject.upstreams.says = Answer(Access.OPEN)
    await subject.settle()
    assert section(subject)["password"] == "next"


@pytest.mark.parametrize(
    ("data", "labels", "reason"),
    [
        (ACCOUNT, {}, "SecretNotLabelled"),
        ({"username": "alice"}, None, "SecretInvalid"),
        ({"username": "alice", "password": "x\n"}, None, "SecretInvalid"),
    ],
)
async def test_a_secret_that_may_not_be_used(data: dict[str, str], labels: Object | None, reason: str) -> None:
    subject = Subject()
    bring(subject, data, {"teamregistry.io/usable-by": "registries"} if labels is None else labels)
    subject.make(proxy())
    await subject.settle()
    assert subject.condition("UpstreamReady") == ("False", reason)
    assert subject.upstreams.asked is None, "nothing is sent anywhere"


async def test_line_2_is_warned_of() -> None:
    subject = await serving({**proxy(), "version": "2"})
    warnings = [event for event in subject.told.events if event[1] == "VulnerableProxy"]
    assert len(warnings) == 1
    assert "CVE-2026-33540" in warnings[0][2]
    assert "ttl" not in section(subject)
