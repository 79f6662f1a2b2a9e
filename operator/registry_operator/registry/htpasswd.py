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

COST = 4  # of generated passwords, the least there is: 128 random bits need no slow hash, and each request pays it
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

    Keyed by user and salt, which stand for the password without being it.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._hashes: OrderedDict[tuple[str, str], str] = OrderedDict()

    def hashed(self, user: str, password: str, salt: str) -> str:
        found = self._hashes.get((user, salt))
        if found is None:
            found = bcrypt.hashpw(password.encode(), salt.encode()).decode()
        self.put(user, salt, found)
        return found

    def put(self, user: str, salt: str, hashed: str) -> None:
        self._hashes[user, salt] = hashed
        self._hashes.move_to_end((user, salt))
        if len(self._hashes) > self._size:
            self._hashes.popitem(last=False)


_memory = _Memory(8192)


def line(user: str, password: str, key: bytes, cost: int = COST) -> str:
    """The line of an account; the same for the same arguments."""
    return f"{user}:{_hash(user, password, key, cost)}"


def _hash(user: str, password: str, key: bytes, cost: int = COST) -> str:
    if len(password.encode()) > MAXIMUM_PASSWORD_BYTES:
        raise ValueError(f"bcrypt takes at most {MAXIMUM_PASSWORD_BYTES} bytes of a password")
    digest = hmac.digest(key, user.encode() + b"\0" + password.encode(), hashlib.sha256)
    salt = base64.b64encode(digest[:16]).decode().rstrip("=").translate(_TO_BCRYPT)
    return _memory.hashed(user, password, f"$2b${cost:02d}${salt}")


def recall(text: str, users: Collection[str], key: bytes) -> None:
    """Take the hashes of these users from a file that this operator composed, so that a restart pays for no bcrypt.

    Who tampers with a file may leave any hash behind a right salt. But the name of one account is a keyed hash over all
    other lines: a file without that account, or with another line, is not believed.
    """
    lines = text.splitlines()
    for number, each in enumerate(lines):
        user, _, _ = each.partition(":")
        others = "".join(f"{other}\n" for other in [*lines[:number], *lines[number + 1 :]])
        if is_probe_user(user) and user == probe_user(others, key):
            for user, _, hashed in (other.partition(":") for other in others.splitlines()):
                if user in users:
                    _memory.put(user, hashed[:_SALT_LENGTH], hashed)
            return


_SALT_LENGTH = len("$2b$05$") + 22


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


def standing_user(key: bytes) -> str:
    """The name of the operator's other account, which stands in every file of a Registry.

    While kubelet brings a newer file it still gets in, which tells a registry that serves from one that does not.
    """
    return probe_user("", key)


def compose(lines: Iterable[str], *, probe_password: str, key: bytes) -> File:
    """The file with these accounts and the operator's own two: sorted, so that order makes no change.

    Those two share one hash. So it is vouched for, with all other lines, by the name of the newest account.
    """
    standing = standing_user(key)
    hashed = _hash(standing, probe_password, key)
    others = sorted([*lines, f"{standing}:{hashed}"])
    user = probe_user("".join(f"{each}\n" for each in others), key)
    content = sorted([*others, f"{user}:{hashed}"])
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
