"""Log lines as a machine and as a person reads them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from registry_operator.observe import logs

LOG = logging.getLogger("test.logs")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave logging as it was: pytest has handlers of its own."""
    root, access, loop = logging.root, logging.getLogger("aiohttp.access"), logging.getLogger("asyncio")
    before = (root.handlers[:], root.level, access.propagate, loop.level)
    yield
    root.handlers[:], root.level, access.propagate, loop.level = before
    logging.captureWarnings(False)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_the_object_at_work() -> None:
    stream = io.StringIO()
    logs.set_up("info", "json", stream)
    with logs.context(namespace="team-a", name="images"), logs.context(name="mirror"):
        LOG.info("applied %s\nand more", "Ünïcode")
    LOG.warning("outside")
    LOG.debug("not shown")
    inside, outside = lines(stream)
    assert inside["message"] == "applied Ünïcode\nand more"
    assert (inside["namespace"], inside["name"]) == ("team-a", "mirror")
    assert (inside["level"], inside["logger"]) == ("info", "test.logs")
    assert inside["time"].endswith("Z")
    assert "namespace" not in outside
    assert outside["level"] == "warning"


def test_an_exception_stays_in_its_line() -> None:
    stream = io.StringIO()
    logs.set_up("info", "json", stream)
    try:
        raise ValueError("boom")
    except ValueError:
        LOG.exception("failed")
    (line,) = lines(stream)
    assert line["exception"].endswith("ValueError: boom")
    assert "Traceback" in line["exception"]


async def test_tasks_do_not_see_each_others_object() -> None:
    stream = io.StringIO()
    logs.set_up("info", "json", stream)

    async def work(name: str) -> None:
        with logs.context(name=name):
            await asyncio.sleep(0)
            LOG.info(name)

    await asyncio.gather(work("a"), work("b"))
    assert [(line["name"], line["message"]) for line in lines(stream)] == [("a", "a"), ("b", "b")]


def test_text_for_people() -> None:
    stream = io.StringIO()
    logs.set_up("debug", "text", stream)
    with logs.context(namespace="team-a"):
        LOG.debug("hello")
    try:
        raise ValueError("boom")
    except ValueError:
        LOG.exception("failed")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("DEBUG   test.logs namespace=team-a: hello")
    assert rest[-1] == "ValueError: boom"


def test_set_up_twice_writes_once_and_probes_are_silent() -> None:
    stream = io.StringIO()
    logs.set_up("info", "json", stream)
    logs.set_up("info", "json", stream)
    LOG.info("once")
    logging.getLogger("aiohttp.access").info("GET /healthz")
    assert [line["message"] for line in lines(stream)] == ["once"]


def test_warnings_are_log_lines_too() -> None:
    stream = io.StringIO()
    logs.set_up("info", "json", stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert "DeprecationWarning: old" in lines(stream)[0]["message"]
