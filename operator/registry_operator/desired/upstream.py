"""How the pods of a cache get at the registry that they cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry_operator.api.registry import Registry
from registry_operator.desired.attached import Attached
from registry_operator.desired.config_map import CA_KEY
from registry_operator.registry import config

NAME = "upstream"
URL_KEY = "url"  # a file that nobody reads: it tells which copy a pod has, and for which address it was made
USER_KEY, PASSWORD_KEY = "username", "password"


@dataclass(frozen=True, slots=True)
class Login:
    """What the configuration says; there is no other way to tell the registry."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)


NOBODY = Login()


def attached(secret: str, data: Mapping[str, str]) -> Attached:
    """The copy of the authorities, and of the credentials, which go into the configuration from there."""
    return Attached(NAME, secret, files=tuple(sorted({CA_KEY, URL_KEY} & set(data))))


def login(data: Mapping[str, str]) -> Login:
    return Login(data.get(USER_KEY), data.get(PASSWORD_KEY))


def section(registry: Registry, who: Login) -> config.Section | None:
    """The section of the configuration; None for a Registry that is no cache."""
    wanted = registry.spec.proxy
    if wanted is None:
        return None
    return config.proxy(registry.spec.version, wanted.remote_url, user=who.user, password=who.password, ttl=wanted.ttl)
