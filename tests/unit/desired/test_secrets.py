"""What Secrets hold, and which of it is written how."""

import base64
import json

from registry_operator.desired import meta, secrets
from registry_operator.desired.meta import Object
from tests.golden.children import NAMES, children
from tests.golden.children import registry as golden
from tests.unit.desired.registries import registry

KEY = b"salt key"


def data(secret: Object) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def test_the_administrators_secret_is_a_pull_secret_and_readable() -> None:
    secret = secrets.admin(registry(), username="admin", password="pass:word", hosts=["a.svc", "b.example"], ca="CA")
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    found = data(secret)
    assert found["registry"] == "a.svc"
    assert found["ca.crt"] == "CA"
    assert (found["username"], found["password"]) == ("admin", "pass:word")
    entries = json.loads(found[".dockerconfigjson"])["auths"]
    assert list(entries) == ["a.svc", "b.example"]
    assert base64.b64decode(entries["b.example"]["auth"]) == b"admin:pass:word"


def test_without_an_authority_no_empty_one_is_given() -> None:
    assert "ca.crt" not in secrets.admin(registry(), username="a", password="p", hosts=["h"], ca=None)["data"]


def test_generated_keys_are_keys_of_their_secrets() -> None:
    subject = registry()
    internal = secrets.internal(subject, http_secret="a", probe_password="b", salt_key="c")
    admin = secrets.admin(subject, username="a", password="p", hosts=["h"], ca="CA")
    own = secrets.selfsigned(subject, ca_crt="a", ca_key="b", crt="c", key="d")
    assert set(internal["data"]) == secrets.INTERNAL_GENERATED
    assert set(admin["data"]) > secrets.ADMIN_GENERATED
    assert set(own["data"]) == secrets.SELFSIGNED_GENERATED


def test_what_cannot_change_is_named_after_what_it_holds() -> None:
    subject = registry()
    one, two = (secrets.config(subject, text, salt_key=KEY) for text in ("a: 1", "a: 2"))
    assert one["immutable"] is True
    assert one["metadata"]["name"] != two["metadata"]["name"]
    assert one["metadata"]["name"] == f"images-config-{meta.content_hash(KEY, b'a: 1')}"
    pair = secrets.tls(subject, crt="crt", key="key", salt_key=KEY)
    assert pair["immutable"] is True
    assert pair["metadata"]["name"] != secrets.tls(subject, crt="crt", key="other", salt_key=KEY)["metadata"]["name"]


def test_the_password_file_can_change_in_place() -> None:
    assert "immutable" not in secrets.htpasswd(registry(), "text")


def test_nothing_secret_stands_outside_of_secrets() -> None:
    known = ["http-secret", "probe-password", "salt key of", "password-of-admin", "PRIVATE", "KEY-----"]
    for case in NAMES:
        for child in children(golden(case)):
            if child["kind"] != "Secret":
                assert not [secret for secret in known if secret in json.dumps(child)], child["kind"]
