"""The programs that a distribution brings: which, what for, and how to get them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import cache, debian, runtime
from tests.cluster.errors import ClusterError
from tests.cluster.shell import run


@dataclass(frozen=True)
class Package:
    """A Debian package, the program that proves its presence, and why we want it."""

    name: str
    program: str
    why: str

    def missing(self) -> bool:
        if self.name == "containernetworking-plugins":
            return not (runtime.plugin_folder() / self.program).exists()
        return shutil.which(self.program, path=SEARCH) is None


LOCK = ("-o", "DPkg::Lock::Timeout=600")  # a fresh machine may be busy upgrading itself
SEARCH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))


def find(program: str) -> Path:
    """The file of a program, also of one that only root has in its PATH."""
    found = shutil.which(program, path=SEARCH)
    if found is None:
        raise ClusterError(f"the program {program} is missing: install it")
    return Path(found).resolve()


CONTROL_PLANE = (
    Package("iproute2", "ip", "gives each cluster its network"),
    Package("util-linux", "unshare", "makes the namespaces that are a node"),
)
REGISTRY = (Package("docker-registry", "docker-registry", "is the registry of line 2"),)
MONITORING = (Package("prometheus", "promtool", "scrapes the metrics and tries the alerts"),)
NODE = (
    *CONTROL_PLANE,
    *REGISTRY,
    Package("containerd", "containerd", "runs the node's containers"),
    Package("runc", "runc", "starts each container"),
    Package("containernetworking-plugins", "ptp", "gives each pod its network"),
    Package("nftables", "nft", "routes Services to pods"),
    Package("conntrack", "conntrack", "forgets connections to pods that ended"),
    Package("busybox-static", "busybox", "is the shell of small images"),
)
BUILD = (Package("ca-certificates", "update-ca-certificates", "lets Go trust the server of its modules"),)
IMAGE = (Package("buildah", "buildah", "builds the operator's image from its Dockerfile"),)
CLIENTS = (
    Package("docker.io", "dockerd", "is the Docker engine that logs in, pushes and pulls"),
    Package("skopeo", "skopeo", "copies images between registries and archives"),
)


def require(*wanted: Iterable[Package]) -> None:
    """Install what is missing, after saying what and why; where that is not possible, say what to install."""
    packages = {package.name: package for group in wanted for package in group}
    if not _missing(packages.values()):
        return
    with cache.locked(cache.root() / "packages"):  # the workers of one test run want the same at the same time
        missing = _missing(packages.values())
        if missing:
            _bring(missing)


def _missing(packages: Iterable[Package]) -> list[Package]:
    return [package for package in packages if package.missing()]


def _bring(missing: list[Package]) -> None:
    listing = "\n".join(f"  {package.name}: {package.why}" for package in missing)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        way = "as root" if shutil.which("apt-get") else "with your distribution's package manager"
        raise ClusterError(
            f"these programs are missing; install their packages {way} (names as in Debian) and try again:\n{listing}"
        )
    print(f"Installing Debian packages:\n{listing}", flush=True)
    _install([package.name for package in missing])
    absent = [f"{package.program} ({package.name})" for package in _missing(missing)]
    if absent:
        raise ClusterError(f"installed, but still not found: {', '.join(absent)}; look at PATH")


def _install(names: list[str]) -> None:
    """Without recommendations and without starting the services, which would run beside ours for nothing."""
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        debian.refresh()
        argv = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *LOCK, *names)
        if run(*argv, check=False, env=debian.QUIET, timeout=1200).returncode:
            debian.refresh(always=True)  # lists of last month name files that the mirrors no longer have
            run(*argv, env=debian.QUIET, timeout=1200)
    finally:
        if ours:
            policy.unlink(missing_ok=True)
