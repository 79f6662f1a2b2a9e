"""Writes an image archive from files in memory: the same input gives the same bytes, and no build tool is needed."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass
class Image:
    """An image with one layer."""

    tags: Sequence[str]
    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    _members: dict[str, tuple[tarfile.TarInfo, bytes]] = field(default_factory=dict)

    def file(self, path: str, data: bytes, mode: int = 0o755) -> None:
        member = tarfile.TarInfo(path.strip("/"))
        member.size, member.mode = len(data), mode
        self._add(member, data)

    def copy(self, path: str, source: Path) -> None:
        """A program of this machine, at a path of the image."""
        self.file(path, source.read_bytes())

    def folder(self, path: str, mode: int = 0o755) -> None:
        member = tarfile.TarInfo(path.strip("/"))
        member.type, member.mode = tarfile.DIRTYPE, mode
        self._add(member, b"")

    def link(self, path: str, target: str) -> None:
        member = tarfile.TarInfo(path.strip("/"))
        member.type, member.linkname = tarfile.SYMTYPE, target
        self._add(member, b"")

    def _add(self, member: tarfile.TarInfo, data: bytes) -> None:
        parent = str(Path(member.name).parent)
        if parent != "." and parent not in self._members:
            self.folder(parent)
        self._members[member.name] = (member, data)

    def _layer(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as layer:
            for member, data in self._members.values():
                layer.addfile(member, io.BytesIO(data))
        return buffer.getvalue()

    def _configuration(self, layer: bytes) -> bytes:
        configuration = {
            "created": "1970-01-01T00:00:00Z",
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": list(self.entrypoint), "Cmd": list(self.command), "Env": [PATH]},
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
            "history": [{"created": "1970-01-01T00:00:00Z"}],
        }
        return json.dumps(configuration, sort_keys=True).encode()

    def write(self, path: Path) -> None:
        """As `docker save` does; docker, containerd, skopeo and crane all read it."""
        layer = self._layer()
        configuration = self._configuration(layer)
        name = hashlib.sha256(configuration).hexdigest()
        manifest = [{"Config": f"{name}.json", "RepoTags": list(self.tags), "Layers": [f"{name}/layer.tar"]}]
        with tarfile.open(path, "w") as archive:
            for member_name, data in (
                (f"{name}.json", configuration),
                (f"{name}/layer.tar", layer),
                ("manifest.json", json.dumps(manifest).encode()),
            ):
                member = tarfile.TarInfo(member_name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
