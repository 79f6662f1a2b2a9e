"""Reads one object of a spec, member by member, and names the path of what it can't understand.

The API server has checked everything already, but against the CRD that was installed then: a newer one may allow modes
and members that this operator does not know, and an object may be older than a rule. Those must become a message, and
never a default: a storage this operator doesn't know is no reason to serve an empty volume.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast, get_args
from urllib.parse import urlsplit

from . import duration, quantity
from .common import SecretKeyRef

T = TypeVar("T", bound=str)
Default = TypeVar("Default")

_CORRECT = "correct the field, or upgrade the operator if its CRD is newer than the operator itself"


class InvalidSpec(Exception):
    """A field that can't be worked with; the message says what is allowed."""

    def __init__(self, field_path: str, message: str) -> None:
        super().__init__(f"{field_path}: {message}")
        self.field_path = field_path
        self.message = message


@dataclass(frozen=True, slots=True)
class Section:
    """One object and where it stands."""

    path: str
    content: Mapping[str, Any]

    def at(self, key: str) -> str:
        return f"{self.path}.{key}"

    def has(self, key: str) -> bool:
        return self.content.get(key) is not None

    def section(self, key: str) -> Section:
        """The object below; an absent one reads as an empty one."""
        return Section(self.at(key), self._typed(key, dict, "an object", {}))

    def sections(self, key: str) -> tuple[Section, ...]:
        items = self._typed(key, list, "a list", [])
        wrong = next((index for index, item in enumerate(items) if not isinstance(item, dict)), None)
        if wrong is not None:
            raise InvalidSpec(f"{self.at(key)}[{wrong}]", f"must be an object: {_CORRECT}")
        return tuple(Section(f"{self.at(key)}[{index}]", item) for index, item in enumerate(items))

    def text(self, key: str, default: Default) -> str | Default:
        value: str | Default = self._typed(key, str, "a text", default)
        return value

    def required(self, key: str) -> str:
        value = self.text(key, "")
        if not value:
            raise InvalidSpec(self.at(key), f"must be set: {_CORRECT}")
        return value

    def url(self, key: str) -> str:
        """A URL whose host and port can be read."""
        value = self.required(key)
        self._checked(key, lambda url: urlsplit(url).port, value)
        return value

    def number(self, key: str, default: Default) -> int | Default:
        value: int | Default = self._typed(key, int, "a whole number", default)
        return value

    def choice(self, key: str, options: Any, default: T) -> T:
        """One of the values of a Literal."""
        return cast(T, self.optional_choice(key, options) or default)

    def optional_choice(self, key: str, options: Any) -> Any:
        value = self.text(key, None)
        if value is not None and value not in get_args(options):
            allowed = ", ".join(get_args(options))
            raise InvalidSpec(
                self.at(key), f"is {value!r}, which this operator does not know; it may be one of {allowed}"
            )
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        items = self._typed(key, list, "a list", [])
        if not all(isinstance(item, str) for item in items):
            raise InvalidSpec(self.at(key), f"must be a list of texts: {_CORRECT}")
        return tuple(items)

    def map(self, key: str) -> dict[str, str]:
        items: dict[str, Any] = self._typed(key, dict, "an object", {})
        if not all(isinstance(value, str) for value in items.values()):
            raise InvalidSpec(self.at(key), f"must have texts as values: {_CORRECT}")
        return dict(items)

    def size(self, key: str, default: Default) -> str | Default:
        """A quantity in canonical form."""
        value = self.content.get(key)
        return default if value is None else self._checked(key, quantity.canonical, value)

    def duration(self, key: str, default: str) -> str:
        """A duration as it was written: cert-manager's API keeps it so."""
        value = self.text(key, default)
        self._checked(key, duration.parse, value)
        return value

    def secret(self, key: str) -> str | None:
        """The name of a Secret that is referred to."""
        return self.section(key).required("name") if self.has(key) else None

    def secret_key(self, key: str, default: str) -> SecretKeyRef | None:
        """A key of a Secret that is referred to."""
        if not self.has(key):
            return None
        reference = self.section(key)
        return SecretKeyRef(name=reference.required("name"), key=reference.text("key", default))

    def only(self, *members: str) -> None:
        """For unions: no other member than these, and at most one of them."""
        unknown = next((key for key in self.content if key not in members), None)
        if unknown is not None:
            raise InvalidSpec(
                self.at(unknown), f"is not known to this operator; {self.path} may have {_listed(members)}"
            )
        self.at_most_one(*members)

    def at_most_one(self, *members: str) -> None:
        found = [member for member in members if self.has(member)]
        if len(found) > 1:
            raise InvalidSpec(self.path, f"has {_listed(found)}, but may have one of them: remove the others")

    def _checked(self, key: str, function: Callable[[Any], Default], value: Any) -> Default:
        try:
            return function(value)
        except ValueError as error:
            raise InvalidSpec(self.at(key), str(error)) from error

    def _typed(self, key: str, kind: type, name: str, default: Any) -> Any:
        value = self.content.get(key)
        if value is None:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise InvalidSpec(self.at(key), f"must be {name}: {_CORRECT}")
        return value


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def without_empty(value: Any) -> Any:
    """Without empty lists and `matchLabels: {}`, which the API server drops; an empty selector means all and stays."""
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: part for key, part in value.items() if part not in (None, []) and (key, part) != ("matchLabels", {})}
    return {key: without_empty(part) for key, part in kept.items()}
