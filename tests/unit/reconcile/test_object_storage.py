"""A bucket: its keys are checked and copied before a pod gets them, and what is wrong disturbs no pod that runs."""

from __future__ import annotations

from typing import Any

import pytest

from registry_operator.kube import kinds
from registry_operator.status.findings import Answer, Login
from tests.unit.reconcile.cluster import Object
from tests.unit.reconcile.subject import GOOD, SELF_SIGNED, Subject, secret
from tests.unit.registry.serving import CA, google_key

ENDPOINT = "https://minio.storage.svc:9000"
KEYS = {"AWS_ACCESS_KEY_ID": "one", "AWS_SECRET_ACCESS_KEY": "0012345"}
USABLE = {"teamregistry.io/usable-by": "registries"}


def s3(**members: Any) -> Object:
    given = {"bucket": "b", "endpoint": ENDPOINT, "credentialsSecretRef": {"name": "keys"}, **members}
    return {**SELF_SIGNED, "storage": {"s3": {key: value for key, value in given.items() if value is not None}}}


def bring(subject: Subject, data: dict[str, str], labels: Object | None = USABLE, *, name: str = "keys") -> None:
    subject.cluster.put(kinds.SECRET, secret(name, data, labels=labels or {}))
    subject.world.user_secrets.forget("team-a", name)
    subject.deliver()


async def serving(spec: Object | None = None, data: dict[str, str] | None = None) -> Subject:
    subject = Subject()
    bring(subject, data or KEYS)
    subject.make(spec or s3())
    await subject.settle()
    return subject


def container(subject: Subject) -> Object:
    found = subject.cluster.find(kinds.DEPLOYMENT, "images")
    assert found is not None
    result: Object = found["spec"]["template"]["spec"]["containers"][0]
    return result


def variables(subject: Subject) -> dict[str, str]:
    """What the pod's variables hold, by way of the Secrets that they name."""
    result = {}
    for each in container(subject)["env"]:
        if source := each.get("valueFrom", {}).get("secretKeyRef"):
            result[each["name"]] = subject.secret(source["name"])[source["key"]]
        elif "value" in each:
            result[each["name"]] = each["value"]
    return result


def template(subject: Subject) -> Object:
    found = subject.cluster.find(kinds.DEPLOYMENT, "images")
    assert found is not None
    result: Object = found["spec"]["template"]
    return result


def copies(subject: Subject) -> list[str]:
    names = [name for kind, _, name in subject.cluster.objects if kind is kinds.SECRET]
    return sorted(name for name in names if name.startswith("images-storage-"))


async def test_pods_get_a_copy_of_the_keys_in_the_sdks_own_variables() -> None:
    subject = await serving()
    assert variables(subject).items() >= KEYS.items()
    (copy,) = copies(subject)
    found = subject.cluster.find(kinds.SECRET, copy)
    assert found is not None
    assert found["immutable"] is True
    assert not any(each["name"].startswith("REGISTRY_") for each in container(subject)["env"])
    assert subject.condition("StorageReady") == ("True", "BucketInUse")
    assert subject.status["storage"] == {
        "kind": "S3", "bucket": "b", "redirect": "Disabled", "whenDeleted": "Retain"
    }  # fmt: skip


async def test_there_is_no_volume_for_images() -> None:
    subject = await serving()
    assert "data" not in {volume["name"] for volume in template(subject)["spec"]["volumes"]}
    assert subject.cluster.find(kinds.PERSISTENT_VOLUME_CLAIM, "images-data") is None


async def test_a_session_token_goes_with_the_keys() -> None:
    subject = await serving(data={**KEYS, "AWS_SESSION_TOKEN": "token", "OTHER": "not for the pod"})
    assert variables(subject)["AWS_SESSION_TOKEN"] == "token"
    assert "OTHER" not in subject.secret(copies(subject)[0])


async def test_without_a_secret_the_cloud_gives_the_identity() -> None:
    subject = Subject({**SELF_SIGNED, "storage": {"s3": {"bucket": "b", "region": "eu-central-1"}}})
    await subject.settle()
    assert copies(subject) == []
    assert subject.status["storage"]["redirect"] == "Enabled"
    assert subject.condition("Ready") == ("True", "Serving")


async def test_authorities_are_added_by_a_folder_and_only_certificates_are_copied() -> None:
    subject = Subject()
    bring(subject, KEYS)
    bring(subject, {"ca.crt": f"# a note\n{CA.crt}{CA.key}"}, None, name="ca")
    subject.make(s3(caSecretRef={"name": "ca"}))
    await subject.settle()
    assert subject.secret(copies(subject)[0])["ca.crt"] == CA.crt
    (mount,) = [each for each in container(subject)["volumeMounts"] if each["name"] == "storage"]
    assert variables(subject)["SSL_CERT_DIR"] == mount["mountPath"]
    (volume,) = [each for each in template(subject)["spec"]["volumes"] if each["name"] == "storage"]
    assert [each["key"] for each in volume["secret"]["items"]] == ["ca.crt"], "keys are no files"


WRONG: dict[str, tuple[dict[str, str] | None, Object | None, str, str]] = {
    "missing": (None, USABLE, "SecretMissing", "Secret keys (spec.storage.s3.credentialsSecretRef) does not exist"),
    "a key is missing": ({"AWS_ACCESS_KEY_ID": "one"}, USABLE, "SecretInvalid", "no key AWS_SECRET_ACCESS_KEY"),
    "a line break": ({**KEYS, "AWS_ACCESS_KEY_ID": "one\n"}, USABLE, "SecretInvalid", "ends with a line break"),
    "not labelled": (KEYS, {}, "SecretNotLabelled", "kubectl label secret keys teamregistry.io/usable-by=registries"),
    "labelled otherwise": (KEYS, {"teamregistry.io/usable-by": "x"}, "SecretNotLabelled", ENDPOINT),
}


@pytest.mark.parametrize(("data", "labels", "reason", "words"), WRONG.values(), ids=WRONG)
async def test_no_pod_starts_on_a_secret_that_cannot_be_used(
    data: dict[str, str] | None, labels: Object | None, reason: str, words: str
) -> None:
    subject = Subject()
    if data is not None:
        bring(subject, data, labels)
    subject.make(s3())
    await subject.settle()
    assert subject.condition("StorageReady") == ("False", reason)
    assert words in subject.message("StorageReady")
    assert subject.condition("Stalled")[0] == ("False" if data is None else "True")
    assert subject.cluster.find(kinds.DEPLOYMENT, "images") is None
    bring(subject, KEYS)
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    assert subject.condition("Stalled")[0] == "False"


@pytest.mark.parametrize(("data", "labels", "reason", "words"), WRONG.values(), ids=WRONG)
async def test_pods_that_run_are_left_alone_by_it(
    data: dict[str, str] | None, labels: Object | None, reason: str, words: str
) -> None:
    subject = await serving()
    before = template(subject)
    if data is None:
        subject.cluster.drop(kinds.SECRET, "keys")
        subject.deliver()
    else:
        bring(subject, data, labels)
    await subject.settle()
    assert subject.condition("StorageReady") == ("False", reason)
    assert subject.condition("Ready") == ("True", "Serving")
    assert template(subject) == before
    subject.respec({**s3(), "log": {"level": "debug"}})
    await subject.settle()
    assert template(subject) != before, "what else changes is still brought about"
    assert variables(subject).items() >= KEYS.items()


async def test_new_keys_roll_the_pods_once_and_the_old_copy_goes() -> None:
    subject = await serving()
    (old,) = copies(subject)
    before = len(subject.cluster.writes)
    bring(subject, {"AWS_ACCESS_KEY_ID": "two", "AWS_SECRET_ACCESS_KEY": "x"})
    await subject.settle()
    assert variables(subject)["AWS_ACCESS_KEY_ID"] == "two"
    assert old not in copies(subject)
    assert [kind for _, kind, _ in subject.cluster.writes[before:]].count("Deployment") == 1


async def test_keys_that_were_given_for_one_server_never_go_to_another() -> None:
    """The label is gone when the author names another address: the last good copy is not used for that."""
    subject = await serving()
    before = template(subject)
    bring(subject, KEYS, {})
    subject.respec(s3(endpoint="https://elsewhere.example.org"))
    await subject.settle()
    assert subject.condition("StorageReady") == ("False", "SecretNotLabelled")
    assert template(subject) == before
    assert subject.condition("Ready") == ("True", "Serving")


async def test_a_server_without_tls_is_warned_of() -> None:
    subject = await serving(s3(endpoint="http://minio.storage.svc:9000"))
    assert [event[1] for event in subject.told.events if event[0] == "Warning"] == ["StorageInTheClear"]


async def test_google_gets_a_file_and_azure_a_line_of_the_configuration() -> None:
    google = await serving(
        {**SELF_SIGNED, "storage": {"gcs": {"bucket": "bbb", "credentialsSecretRef": {"name": "keys"}}}},
        {"key.json": google_key()},
    )
    (volume,) = [each for each in template(google)["spec"]["volumes"] if each["name"] == "storage"]
    assert google.secret(volume["secret"]["secretName"])["key.json"] == google_key()
    azure = await serving(
        {
            **SELF_SIGNED,
            "storage": {"azure": {"container": "ccc", "accountName": "aaa", "credentialsSecretRef": {"name": "keys"}}},
        },
        {"AZURE_STORAGE_KEY": "MDAxMjM0NQ=="},
    )
    (config,) = [each for each in template(azure)["spec"]["volumes"] if each["name"] == "config"]
    assert "accountkey: MDAxMjM0NQ==" in azure.secret(config["secret"]["secretName"])["config.yml"]
    azure.cluster.drop(kinds.SECRET, "keys")
    azure.deliver()
    azure.respec(_debug(azure))
    await azure.settle()
    (config,) = [each for each in template(azure)["spec"]["volumes"] if each["name"] == "config"]
    text = azure.secret(config["secret"]["secretName"])["config.yml"]
    assert "level: debug" in text
    assert "accountkey: MDAxMjM0NQ==" in text


def _debug(subject: Subject) -> Object:
    found = subject.cluster.find(kinds.REGISTRY, "images")
    assert found is not None
    return {**found["spec"], "log": {"level": "debug"}}


def config_of(subject: Subject) -> str:
    (config,) = [each for each in template(subject)["spec"]["volumes"] if each["name"] == "config"]
    name: str = config["secret"]["secretName"]
    return name


ANSWERS: dict[str, tuple[Answer | None, Object, tuple[str, str]]] = {
    "none yet": (None, {}, ("True", "BucketAccessible")),
    "an upload": (GOOD, {}, ("True", "BucketInUse")),
    "no upload": (Answer(Login.ACCEPTED, upload=False, upload_message="503"), {}, ("True", "BucketAccessible")),
    "read-only": (Answer(Login.ACCEPTED), {"access": "ReadOnly"}, ("True", "BucketAccessible")),
}


@pytest.mark.parametrize(("answer", "spec", "expected"), ANSWERS.values(), ids=ANSWERS)
async def test_what_is_known_of_the_bucket(answer: Answer | None, spec: Object, expected: tuple[str, str]) -> None:
    subject = Subject()
    bring(subject, KEYS)
    subject.prober.says = answer
    subject.make({**s3(), **spec})
    await subject.settle()
    assert subject.condition("StorageReady") == expected
    cloud = {**s3(), "storage": {"s3": {"bucket": "b", "region": "r"}}}
    identity = Subject()
    identity.prober.says = answer
    identity.make({**cloud, **spec})
    await identity.settle()
    expected = ("Unknown", "Waiting") if answer is None or answer.upload is False else ("True", "BucketInUse")
    assert identity.condition("StorageReady") == expected
