"""Keys of object storage: what is let through comes out as it was, and what is not is told without telling the key."""

from __future__ import annotations

import json

import pytest

from registry_operator.registry import bucket_keys
from registry_operator.registry.bucket_keys import BadKeys
from tests.unit.registry.serving import google_key

ACCOUNT = json.loads(google_key())


@pytest.mark.parametrize("value", ["AKIA0123", "0012345", "wJalr/XUtn+FEMI=K7", "*x", "#x", "null"])
def test_what_fits_into_a_variable_stays_as_it_is(value: str) -> None:
    assert bucket_keys.one_line({"k": value.encode()}, "k") == value


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"s3crets": b"x"}, "there is no key k$"),
        ({"k": b""}, "k is empty"),
        ({"k": b"s3cret\n"}, "k ends with a line break or a space"),
        ({"k": b"s3cret s3cret"}, "one line of printable ASCII"),
        ({"k": b"s3cret\ns3cret"}, "one line of printable ASCII"),
        ({"k": "s3crét".encode()}, "one line of printable ASCII"),
        ({"k": b"s3cret\xff"}, "must be text in UTF-8"),
    ],
)
def test_what_does_not_is_told(data: dict[str, bytes], words: str) -> None:
    with pytest.raises(BadKeys, match=words) as caught:
        bucket_keys.one_line(data, "k")
    assert "s3cr" not in str(caught.value)


def test_azure_wants_base64() -> None:
    assert bucket_keys.azure({"k": b"MDAxMjM0NQ=="}, "k") == "MDAxMjM0NQ=="
    with pytest.raises(BadKeys, match="base64"):
        bucket_keys.azure({"k": b"s3cret!"}, "k")


def test_google_wants_a_whole_key_file() -> None:
    assert bucket_keys.google({"k": google_key().encode()}, "k") == google_key()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s3cret", "not in JSON form"),
        ("[]", "service_account"),
        (json.dumps({**ACCOUNT, "type": "authorized_user"}), "service_account"),
        (json.dumps({"type": "service_account", "client_email": "a"}), "no private_key and no token_uri"),
        (json.dumps({**ACCOUNT, "private_key": "s3cret"}), "cannot be read"),
        (google_key()[:-20], "not in JSON form"),
    ],
)
def test_half_a_key_file_is_told(text: str, words: str) -> None:
    with pytest.raises(BadKeys, match=words) as caught:
        bucket_keys.google({"k": text.encode()}, "k")
    assert "s3cret" not in str(caught.value)
