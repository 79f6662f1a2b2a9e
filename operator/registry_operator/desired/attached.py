"""What pods take beside configuration, certificate and accounts: keys as variables, authorities as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry_operator.desired import meta
from registry_operator.desired.config_map import CA_KEY


@dataclass(frozen=True, slots=True)
class Attached:
    """A Secret of the Registry's own, immutable and named after its content, and which of its keys go where."""

    name: str
    secret: str
    variables: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        return folder(self.name)


def folder(name: str) -> str:
    """Where the files of what is attached under that name lie."""
    return f"/etc/registry-{name}"


def env(attached: Sequence[Attached]) -> list[meta.Object]:
    """The SDK's own variables. Authorities by SSL_CERT_DIR, which adds to those of the image: AWS_CA_BUNDLE makes line
    2 panic."""
    result: list[meta.Object] = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": each.secret, "key": name}}}
        for each in attached
        for name in each.variables
    ]
    folders = [each.folder for each in attached if CA_KEY in each.files]
    return [*result, {"name": "SSL_CERT_DIR", "value": ":".join(folders)}] if folders else result


def volumes(attached: Sequence[Attached]) -> list[meta.Object]:
    """Only what is read as a file, so that no key lies where another program of the pod might look."""
    return [
        {
            "name": each.name,
            "secret": {
                "secretName": each.secret,
                "defaultMode": 0o440,
                "items": [{"key": name, "path": name} for name in each.files],
            },
        }
        for each in attached
        if each.files
    ]


def mounts(attached: Sequence[Attached]) -> list[meta.Object]:
    return [{"name": each.name, "mountPath": each.folder, "readOnly": True} for each in attached if each.files]
