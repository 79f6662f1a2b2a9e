"""Several real registries on one storage: what a roll-out and a change of line look like to a client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registry_operator.registry import config
from tests import distribution
from tests.ports import free_port
from tests.talk import Talk

SIZE = 3_000_000


@contextmanager
def pod(line: config.Line, folder: Path, name: str) -> Iterator[Talk]:
    """A registry of that line on the storage of `folder`, with the http.secret that all pods of a Registry share."""
    own = folder / name
    own.mkdir()
    port = free_port()
    storage = config.filesystem(str(folder / "data"))
    options = config.Options(line=line, port=port, drain_seconds=60, http_secret="shared", storage=storage)
    with distribution.started(line, config.render(options), own, port):
        yield Talk(distribution.LOOPBACK, port)


@pytest.mark.parametrize("first", distribution.LINES)
@pytest.mark.parametrize("second", distribution.LINES)
def test_an_upload_goes_on_and_ends_on_another_pod(first: config.Line, second: config.Line, tmp_path: Path) -> None:
    """Of the same line, as replicas do it, and of the other one, as a change of `version` does it."""
    content = os.urandom(SIZE)
    with pod(first, tmp_path, "first") as one, pod(second, tmp_path, "second") as other:
        location = one.send(one.begin("team/app"), content[: SIZE // 3])
        location = other.send(location, content[SIZE // 3 : SIZE // 2])
        location = one.send(location, content[SIZE // 2 :])
        name = other.end(location, content)
        assert one.request("GET", f"/v2/team/app/blobs/{name}", expect=200).body == content


@pytest.mark.parametrize("first", distribution.LINES)
def test_each_line_reads_what_the_other_one_wrote(first: config.Line, tmp_path: Path) -> None:
    second: config.Line = "3" if first == "2" else "2"
    content = os.urandom(SIZE)
    with pod(first, tmp_path, "first") as one:
        one.push("team/app", "1", content)
    with pod(second, tmp_path, "second") as other:
        assert other.pull("team/app", "1") == content
        other.push("team/app", "2", content[:1000])
    with pod(first, tmp_path, "third") as one:
        assert one.pull("team/app", "2") == content[:1000]
