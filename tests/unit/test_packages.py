"""The set-up on a machine that lacks a program: it installs the package, or says what to install."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests import prepare, run
from tests.cluster import packages
from tests.cluster.errors import ClusterError
from tests.cluster.packages import Package

WANTED = Package("a-package", "a-program-that-nobody-has", "is what this test is about")


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("apt", "user", "way"), [(None, 0, "your distribution's package manager"), ("/usr/bin/apt-get", 1000, "as root")]
)
def test_what_cannot_be_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, apt: str | None, user: int, way: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: apt if name == "apt-get" else None)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(ClusterError, match=way) as refusal:
        packages.require([WANTED])
    assert "a-package: is what this test is about" in str(refusal.value)


def test_what_is_missing_is_installed_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    installed: list[str] = []

    def which(name: str, path: str | None = None) -> str | None:
        return "/usr/bin/x" if name == "apt-get" or (name == WANTED.program and installed) else None

    monkeypatch.setattr(shutil, "which", which)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packages, "_install", installed.extend)
    packages.require([WANTED], [WANTED])
    packages.require([WANTED])
    assert installed == ["a-package"]
    assert "a-package: is what this test is about" in capsys.readouterr().out


def test_every_stage_brings_what_it_needs_before_it_starts() -> None:
    assert prepare.STAGES.keys() == run.PYTEST.keys()


def test_a_stage_that_cannot_have_what_it_needs_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking() -> None:
        raise ClusterError("install docker-registry")

    monkeypatch.setitem(prepare.STAGES, "unit", lacking)
    assert run.pytest("unit") == run.Count(failed=1)
    assert "install docker-registry" in capsys.readouterr().out
