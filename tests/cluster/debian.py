"""Makes a root file system from packages of the Debian or Ubuntu that this machine is: no hub, no debootstrap.

apt resolves the packages as if nothing were installed, dpkg-deb unpacks them. Their scripts don't run, so what they
would do that matters is done here. That takes seconds and 60 MB; debootstrap's smallest variant a minute and 120 MB.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.shell import run

QUIET = {"DEBIAN_FRONTEND": "noninteractive"}
LISTS = Path("/var/lib/apt/lists")
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def available() -> bool:
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def refresh(*, always: bool = False) -> None:
    """Fetch the lists of packages where there are none, as in most container images; or in any case."""
    if always or not any(LISTS.glob("*_Packages*")):
        print("Fetching Debian's lists of packages …", flush=True)
        run("apt-get", "update", "-qq", env=QUIET, timeout=600)


@contextlib.contextmanager
def _apt() -> Iterator[list[str]]:
    """An apt that believes that it looks at an empty machine, and that touches nothing of this one."""
    with tempfile.TemporaryDirectory() as folder:
        status = Path(folder) / "status"
        status.touch()
        (Path(folder) / "archives" / "partial").mkdir(parents=True)
        yield [
            "apt-get", "-qq", "--yes",
            "-o", f"Dir::State::status={status}",
            "-o", f"Dir::Cache::archives={folder}/archives",
            "-o", "Debug::NoLocking=1",
            "-o", "APT::Sandbox::User=root",
            "-o", "APT::Install-Recommends=0",
        ]  # fmt: skip


def resolve(packages: Sequence[str]) -> list[str]:
    """The file names of the packages and of all that they depend on: they name versions, so they name the result."""
    refresh()
    with _apt() as apt:
        lines = run(*apt, "--print-uris", "install", *packages, timeout=120).stdout.splitlines()
    names = sorted(line.split()[1] for line in lines if line.startswith("'"))
    if not names:
        raise ClusterError("apt knows no packages: run `apt-get update` and try again")
    return names


def unpack(packages: Sequence[str], root: Path) -> None:
    """Fetch the packages with all dependencies and unpack them into a folder."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    with _apt() as apt:
        run(*apt, "--download-only", "install", *packages, timeout=600)
        archives = next(Path(word.partition("=")[2]) for word in apt if word.startswith("Dir::Cache::archives"))
        for package in sorted(archives.glob("*.deb")):
            _extract(package, root)
    _finish(root)


def _extract(package: Path, root: Path) -> None:
    """As `dpkg-deb --extract`, but a folder of the package that is a link here (`/bin`) stays the link."""
    content = package.with_suffix(".tar")
    with content.open("wb") as target:
        subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=target, check=True, timeout=120)
    run("tar", "--extract", "--keep-directory-symlink", "--file", str(content), "--directory", str(root))
    content.unlink()


def _finish(root: Path) -> None:
    """What the packages' scripts would have done."""
    for program in run(str(root / "bin" / "busybox"), "--list").stdout.split():
        if not (root / "usr" / "bin" / program).exists():
            (root / "usr" / "bin" / program).symlink_to("busybox")
    if not (root / "usr" / "bin" / "python").exists():
        (root / "usr" / "bin" / "python").symlink_to("python3")
    certificates = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(certificate.read_text().rstrip() + "\n" for certificate in certificates))
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
    (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for needless in ("usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / needless, ignore_errors=True)
