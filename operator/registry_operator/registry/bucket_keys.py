"""The keys of an object storage, judged before a pod gets them. Messages never hold any of them.

A registry with keys that cannot be right starts and looks well for half a minute, until its first checks of the storage
have failed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

Data = Mapping[str, bytes]
_FIELDS = ("client_email", "private_key", "token_uri")


class BadKeys(ValueError):
    """Keys that must not be used; the message says why and what would do."""


def one_line(data: Data, key: str) -> str:
    """A value that fits into an environment variable and into a header."""
    value = _present(data, key)
    if value.rstrip() != value:
        raise BadKeys(f"{key} ends with a line break or a space: write it without (printf instead of echo)")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise BadKeys(f"{key} must be one line of printable ASCII characters without spaces")
    return value


def azure(data: Data, key: str) -> str:
    """A key of a storage account."""
    value = one_line(data, key)
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        raise BadKeys(f"{key} is no key of a storage account: those are in base64 form") from None
    return value


def google(data: Data, key: str) -> str:
    """The key file of a service account."""
    text = _present(data, key)
    try:
        content = json.loads(text)
    except ValueError:
        raise BadKeys(
            f"{key} is not in JSON form: it must be the key file of a service account as it was given"
        ) from None
    if not isinstance(content, dict) or content.get("type") != "service_account":
        raise BadKeys(f'{key} must be the key file of a service account ("type": "service_account")')
    if missing := [name for name in _FIELDS if not isinstance(content.get(name), str)]:
        raise BadKeys(f"{key} has no {' and no '.join(missing)}: it must be the key file as it was given")
    try:
        load_pem_private_key(content["private_key"].encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKeys(f"{key} has a private_key that cannot be read: it must be the key file as it was given") from None
    return text


def _present(data: Data, key: str) -> str:
    if key not in data:
        raise BadKeys(f"there is no key {key}")
    try:
        value = data[key].decode()
    except UnicodeDecodeError:
        raise BadKeys(f"{key} must be text in UTF-8") from None
    if not value:
        raise BadKeys(f"{key} is empty")
    return value
