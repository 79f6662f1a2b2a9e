"""The small images of a cluster, made from programs that this machine built or installed: no hub is asked.

Each one is written once, under the name of what went into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import cache, packages
from tests.cluster.archive import Image
from tests.cluster.programs import program
from tests.cluster.runtime import PAUSE_IMAGE
from tests.cluster.shell import run
from tests.cluster.worker import HELPER_IMAGE

REGISTRY_2 = "registry:2.8.2"  # what Debian 12 packages; 2.8.3 behaves the same
REGISTRY_3 = "registry:3.1.1"
CLIENT = "registry-client:1"

# What the official images of distribution do with their arguments, so that ours can stand in for them.
_ENTRYPOINT = """#!/bin/sh
set -e
case "$1" in
    *.yaml|*.yml) set -- registry serve "$@" ;;
    serve|garbage-collect|help|-*) set -- registry "$@" ;;
esac
exec "$@"
"""


@dataclass(frozen=True)
class Recipe:
    """What goes in (its state names the archive) and how the image is put together."""

    inputs: Callable[[], list[Path]]
    make: Callable[[], Image]


def _shell(image: Image) -> None:
    """busybox as the only shell and tool box; applets by name."""
    busybox = packages.find("busybox")
    image.copy("/bin/busybox", busybox)
    for applet in run(str(busybox), "--list").stdout.split():
        if applet != "busybox":
            image.link(f"/bin/{applet}", "busybox")
    image.file("/etc/passwd", b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n", 0o644)
    image.file("/etc/group", b"root:x:0:\nnobody:x:65534:\n", 0o644)
    image.folder("/tmp", 0o1777)


def _libraries(binary: Path) -> list[Path]:
    """The shared libraries of a program, its loader included; none when it is static."""
    listing = run("ldd", str(binary), check=False).stdout
    return [Path(match) for match in re.findall(r"(/\S+) \(0x", listing)]


def _pause() -> Image:
    image = Image([PAUSE_IMAGE], entrypoint=["/pause"])
    image.copy("/pause", program("pause"))
    return image


def _busybox() -> Image:
    image = Image([HELPER_IMAGE, "busybox:latest"], command=["sh"])
    _shell(image)
    return image


def _client() -> Image:
    """What a pod of a team has: a shell, name look-ups (busybox's crash when it is static) and a registry client."""
    image = Image([CLIENT], command=["sh"])
    _shell(image)
    image.copy("/usr/local/bin/lookup", program("lookup"))
    image.copy("/usr/local/bin/crane", program("crane"))
    return image


def _registry(tags: list[str], binary: Path, configuration: str) -> Image:
    image = Image(tags, entrypoint=["/entrypoint.sh"], command=[configuration])
    _shell(image)
    image.copy("/bin/registry", binary)
    for library in _libraries(binary):
        image.copy(str(library), library.resolve())
    image.file("/entrypoint.sh", _ENTRYPOINT.encode())
    image.folder("/var/lib/registry")
    return image


RECIPES = {
    "pause": Recipe(lambda: [program("pause")], _pause),
    "busybox": Recipe(lambda: [packages.find("busybox")], _busybox),
    "client": Recipe(lambda: [packages.find("busybox"), program("lookup"), program("crane")], _client),
    "registry-2": Recipe(
        lambda: [packages.find("busybox"), packages.find("docker-registry")],
        lambda: _registry(
            [REGISTRY_2, "registry:2"], packages.find("docker-registry"), "/etc/docker/registry/config.yml"
        ),
    ),
    "registry-3": Recipe(
        lambda: [packages.find("busybox"), program("registry")],
        lambda: _registry([REGISTRY_3, "registry:3"], program("registry"), "/etc/distribution/config.yml"),
    ),
}


def archive(name: str) -> Path:
    """The archive of one of the images above."""
    recipe = RECIPES[name]
    state = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in recipe.inputs()]
    recipes = Path(__file__).read_bytes() + (Path(__file__).parent / "archive.py").read_bytes()
    folder = cache.root() / "images"
    path = folder / f"{name}-{cache.digest([recipes, *state])}.tar"
    if not path.exists():
        with cache.locked(folder):
            scratch = path.with_suffix(".part")
            recipe.make().write(scratch)
            for old in folder.glob(f"{name}-*.tar"):
                old.unlink()
            scratch.replace(path)
    return path


def archives() -> list[Path]:
    """All of them."""
    return [archive(name) for name in RECIPES]
