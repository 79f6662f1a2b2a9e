"""Builds the operator's image from the repository's Dockerfile with buildah, on a base made from Debian packages.

The Dockerfile is the one that ships; only its argument BASE differs, because no hub may be needed for a test.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from tests.cluster import cache, debian, packages
from tests.cluster.machine import REPOSITORY
from tests.cluster.shell import run

BASE_PACKAGES = ("python3-venv", "ca-certificates", "busybox-static")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
INPUTS = ("Dockerfile", ".dockerignore", ".ci/requirements.txt", "pyproject.toml", "README.md", "LICENSE")


def name() -> str:
    """The image's name: the chart's default for this version, so that a loaded image is simply found."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return f"{project['name']}:{project['version']}"


def build() -> Path:
    """The archive of the operator's image; built anew when a source of it has changed."""
    tag = name()
    packages.require(packages.IMAGE)
    base = debian.resolve(BASE_PACKAGES) if debian.available() else ["public"]
    sources = [(REPOSITORY / name).read_bytes() for name in INPUTS]
    code = cache.digest_of_files(REPOSITORY / "operator", suffixes=(".py", ".typed", ".yaml", ".json"))
    folder = cache.root() / "images"
    path = folder / f"operator-{cache.digest([tag, code, *sources, *base])}.tar"
    if path.exists():
        return path
    with cache.locked(folder):
        print("Building the operator's image …", flush=True)
        _Builder(cache.root() / "buildah").build(tag, base, path.with_suffix(".part"))
        for old in folder.glob("operator-*.tar"):
            old.unlink()
        path.with_suffix(".part").replace(path)
    return path


class _Builder:
    """buildah with a storage of its own, whose layers make the second build quick."""

    def __init__(self, storage: Path) -> None:
        kind = run("stat", "--file-system", "--format=%T", str(cache.root())).stdout.strip()
        driver = "vfs" if kind == "overlayfs" else "overlay"  # an overlay cannot lie on an overlay
        self._buildah = [
            "buildah", "--root", f"{storage}/root", "--runroot", f"{storage}/run", "--storage-driver", driver,
        ]  # fmt: skip

    def _run(self, *argv: str, timeout: float = 900) -> str:
        return run(*self._buildah, *argv, timeout=timeout).stdout.strip()

    def build(self, tag: str, base: list[str], archive: Path) -> None:
        image = f"localhost/{tag}"
        with tempfile.TemporaryDirectory() as folder:
            argv = ["--build-arg", f"BASE={self._base(base)}"] if base != ["public"] else []
            argv += self._pip_settings(Path(folder))
            self._run(
                "build", "--layers", "--quiet", "--isolation", "chroot", "--network", "host", "--format", "docker",
                *argv, "--file", str(REPOSITORY / "Dockerfile"), "--tag", image, str(REPOSITORY),
            )  # fmt: skip
        archive.unlink(missing_ok=True)
        self._run("push", "--quiet", image, f"docker-archive:{archive}:docker.io/library/{tag}")

    def _base(self, resolved: list[str]) -> str:
        name = f"localhost/base:{cache.digest(resolved)}"
        if name in self._run("images", "--format", "{{.Name}}:{{.Tag}}").splitlines():
            return name
        container = self._run("from", "scratch")
        try:
            with tempfile.TemporaryDirectory() as folder:
                debian.unpack(BASE_PACKAGES, Path(folder))
                Path(folder).chmod(0o755)
                self._run("copy", "--quiet", container, folder, "/")
            path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            self._run("config", "--env", path, "--cmd", "python3", container)
            self._run("commit", "--quiet", container, name)
        finally:
            self._run("rm", container)
        return name

    def _pip_settings(self, folder: Path) -> list[str]:
        """pip inside finds packages as pip outside does (index, proxy, certificates); the image keeps none of it."""
        lines = ["[global]"]
        volumes = []
        for line in run(sys.executable, "-m", "pip", "config", "list").stdout.splitlines():
            key, _, value = line.partition("=")
            option = key.rpartition(".")[2]
            if option in {"index-url", "extra-index-url", "trusted-host", "proxy", "timeout"}:
                lines.append(f"{option} = {value.strip(chr(39))}")
        if CERTIFICATES.exists():
            lines.append("cert = /run/host-certificates.crt")
            shutil.copy(CERTIFICATES, folder / "certificates.crt")
            volumes += ["--volume", f"{folder}/certificates.crt:/run/host-certificates.crt:ro"]
        (folder / "pip.conf").write_text("\n".join(lines) + "\n")
        return [*volumes, "--volume", f"{folder}/pip.conf:/etc/pip.conf:ro"]
