"""A registry that gives tokens, asked and cached by the real programs of both lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry_operator.registry import config, upstream
from registry_operator.registry.config import Line
from registry_operator.registry.upstream import Access, Question
from tests.distribution import LINES
from tests.tokens import Door, behind_tokens
from tests.unit.registry.serving import CA, OPTIONS, PAIR, PASSWORD, USER
from tests.unit.registry.test_upstream import cache, origin, pulled


@pytest.fixture(scope="module", params=LINES)
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A registry of either line, with an image from the time before it asked for tokens."""
    folder = tmp_path_factory.mktemp("door")
    with origin(folder / "origin", password=False):
        pass
    options = replace(OPTIONS, storage=config.filesystem(str(folder / "origin" / "data")))
    with behind_tokens(options, request.param, folder, PAIR, CA.crt, (USER, PASSWORD)) as door:
        yield door


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    ("account", "access", "status"),
    [
        ((USER, PASSWORD), Access.OPEN, 200),
        ((USER, "wrong"), Access.REFUSED, 404),
        (None, Access.CLOSED, 404),
    ],
)
async def test_the_operator_finds_what_clients_of_a_cache_will_find(
    door: Door, line: Line, account: tuple[str, str] | None, access: Access, status: int, tmp_path: Path
) -> None:
    user, password = account or (None, None)
    question = Question(url=door.url, line=line, user=user, password=password, ca_pem=CA.crt)
    assert (await upstream.look(question)).access is access
    del door.asked[:]
    with cache(line, tmp_path / "cache", door.url, account) as here:
        assert pulled(here) == status
    assert set(door.asked) == {user or ""}
