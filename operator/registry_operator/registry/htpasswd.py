"""The registry's password file: made, checked and never passed through raw.

A malformed file is dangerous in distribution: the first request after it gets a 400, all later ones are judged by the
*old* list, so that removed users keep their access; and after a restart nobody gets in. So every file is composed here,
from lines that were checked one by one.

The file is a pure function of its inputs. Random salts would make each composition differ from the last: a write and,
through the account of the probe, a false change for every Registry at every restart, and two operators that never
agree. So the salt of a line is keyed with a secret of the Registry's own, over the user and the password: as
unpredictable to others as a random one, and the same for the same password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import bcrypt

COST = 5  # of generated passwords: 128 random bits need no slow hash, and the registry verifies at every request
COSTLY = 8  # above it, a push of many layers takes seconds of hashing: worth a warning
MAXIMUM_COST = 12  # above it, a single login may take the registry's CPU for seconds
MAXIMUM_PASSWORD_BYTES = 72  # bcrypt ignores the rest

_HASH = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
_PROBE_USER = re.compile(r"operator-[0-9a-f]{10}")
_STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BCRYPT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TO_BCRYPT = str.maketrans(_STANDARD, _BCRYPT)


class BadHtpasswd(ValueError):
    """A user's file that the registry must not get; the message names the line and what is allowed, never content."""

    def __init__(self, line_number: int, message: str) -> None:
        super().__init__(f"line {line_number} {message}")
        self.line_number = line_number
        self.message = message


@dataclass(frozen=True, slots=True)
class Account:
    """A checked line of a user's file."""

    user: str
    hashed: str
    line_number: int
    cost: int

    @property
    def line(self) -> str:
        return f"{self.user}:{self.hashed}"

    @property
    def costly(self) -> bool:
        """Whether each request of this user costs the registry more than it should."""
        return self.cost > COSTLY


@dataclass(frozen=True, slots=True)
class File:
    """A composed file, and the account whose successful login proves that this very file is live."""

    text: str
    probe_user: str


class _Memory:
    """Hashes made by this process, so that a reconcile does not pay for bcrypt again.

    Keyed by the salt, which stands for user and password without being either. Rejected: trusting a hash that is found
    in the live Secret because its salt is right, since that is what someone who tampers with the file would leave.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._hashes: OrderedDict[str, str] = OrderedDict()

    def hashed(self, password: str, salt: str) -> str:
        found = self._hashes.get(salt)
        if found is None:
            found = bcrypt.hashpw(password.encode(), salt.encode()).decode()
        self._hashes[salt] = found
        self._hashes.move_to_end(salt)
        if len(self._hashes) > self._size:
            self._hashes.popitem(last=False)
        return found


_memory = _Memory(8192)


def line(user: str, password: str, key: bytes, cost: int = COST) -> str:
    """The line of an account; the same for the same arguments."""
    if len(password.encode()) > MAXIMUM_PASSWORD_BYTES:
        raise ValueError(f"bcrypt takes at most {MAXIMUM_PASSWORD_BYTES} bytes of a password")
    digest = hmac.digest(key, user.encode() + b"\0" + password.encode(), hashlib.sha256)
    salt = base64.b64encode(digest[:16]).decode().rstrip("=").translate(_TO_BCRYPT)
    return f"{user}:{_memory.hashed(password, f'$2b${cost:02d}${salt}')}"


def unusable(user: str, password: str) -> str | None:
    """Why an account cannot stand in the file, for people; None if it can."""
    if not _named(user) or ":" in user:
        return "its user name must be 1 to 255 printable bytes without a colon"
    if is_probe_user(user):
        return "its user name is one that the operator keeps for itself"
    if not 1 <= len(password.encode()) <= MAXIMUM_PASSWORD_BYTES or not _readable(password):
        return f"its password must be 1 to {MAXIMUM_PASSWORD_BYTES} printable bytes (no line break at the end)"
    return None


def _named(user: str) -> bool:
    return bool(user) and user == user.strip() and _readable(user) and len(user.encode()) <= 255


def _readable(text: str) -> bool:
    return text.isprintable() and "\ufffd" not in text  # which stands for bytes that were no text


def probe_user(content: str, key: bytes) -> str:
    """The name of the operator's account in a file with this other content.

    A login by that name succeeds only where the registry has read exactly this file.
    """
    return f"operator-{hmac.digest(key, content.encode(), hashlib.sha256).hex()[:10]}"


def is_probe_user(user: str) -> bool:
    """Whether it is a name that `probe_user` gives."""
    return _PROBE_USER.fullmatch(user) is not None


def compose(lines: Iterable[str], *, probe_password: str, key: bytes) -> File:
    """The file with these accounts and the operator's own: never empty, and sorted, so that order makes no change."""
    others = sorted(lines)
    user = probe_user("".join(f"{each}\n" for each in others), key)
    content = sorted([*others, line(user, probe_password, key)])
    return File("".join(f"{each}\n" for each in content), user)


def validate(content: str | bytes, reserved: Collection[str] = ()) -> list[Account]:
    """The accounts of a user's file, or BadHtpasswd; `reserved` are the names that the operator uses itself."""
    accounts: dict[str, Account] = {}
    for number, raw in enumerate(_decode(content).removeprefix("\ufeff").split("\n"), start=1):
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        account = _account(number, text, reserved)
        if account.user in accounts:
            raise BadHtpasswd(
                number, f"repeats the user of line {accounts[account.user].line_number}: keep one of the two"
            )
        accounts[account.user] = account
    return list(accounts.values())


def _decode(content: str | bytes) -> str:
    if isinstance(content, str):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadHtpasswd(content[: error.start].count(b"\n") + 1, "is not UTF-8 text") from None


def _account(number: int, text: str, reserved: Collection[str]) -> Account:
    user, colon, hashed = text.partition(":")
    if not colon:
        raise BadHtpasswd(number, "has no colon: write user:hash, as `htpasswd -nbB user password` prints it")
    if not _named(user):
        raise BadHtpasswd(number, "has no usable user name: write 1 to 255 printable bytes before the colon")
    if user in reserved or is_probe_user(user):
        raise BadHtpasswd(number, "uses a name that the operator keeps for itself: choose another user name")
    match = _HASH.fullmatch(hashed)
    if match is None:
        raise BadHtpasswd(number, "has no bcrypt hash, the only kind the registry knows: make it with `htpasswd -B`")
    cost = int(match["cost"])
    if not 4 <= cost <= MAXIMUM_COST:
        raise BadHtpasswd(
            number, f"has a bcrypt cost of {cost}: use 4 to {MAXIMUM_COST}, the registry pays it at every request"
        )
    return Account(user, hashed, number, cost)
