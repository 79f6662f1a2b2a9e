"""The operator as a process: a test must hear at once that it died, not wait for what can't come."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.stage.process import Operator, plain_kubeconfig
from tests.stage.waiting import eventually, steady

SERVES = """
import http.server, os, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["REGISTRY_OPERATOR_PROBE_RESOLVER"].encode())
print("starts with", os.environ["KUBECONFIG"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["REGISTRY_OPERATOR_HEALTH_PORT"])), Page).serve_forever()
"""


def operator(folder: Path, program: str) -> Operator:
    kubeconfig = plain_kubeconfig(folder / "kubeconfig", "http://127.0.0.1:1")
    return Operator(kubeconfig, folder, {"PROBE_RESOLVER": "127.0.0.1:2"}, command=(sys.executable, "-c", program))


def test_it_is_started_with_its_settings_killed_and_started_again(tmp_path: Path) -> None:
    process = operator(tmp_path, SERVES).start()
    try:
        assert process.http("/x") == (200, "127.0.0.1:2")
        first = process.pid
        process.kill()
        assert process.http("/x") == (0, "")
        assert process.start().pid != first
        assert process.log().count(f"starts with {tmp_path}/kubeconfig") == 2
    finally:
        process.end()
    assert not process.alive


def test_one_that_dies_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"exited with 3\nbad setting"):
        operator(tmp_path, "import sys; print('bad setting', flush=True); sys.exit(3)").start()


def test_unhandled_exceptions_are_found_in_the_log(tmp_path: Path) -> None:
    process = operator(tmp_path, "1/0").start(wait=False)
    eventually(lambda: process.exited() == 1)
    assert len(process.unhandled()) == 1


def test_waiting_ends_with_what_was_seen_last() -> None:
    answers = iter([0, 0, 7])
    assert eventually(lambda: next(answers)) == 7
    with pytest.raises(AssertionError, match=r"the light did not come true within 0 s: dark; seen: night"):
        eventually(lambda: _fail("dark"), "the light", within=0.05, seen=lambda: "night")


def test_rest_is_when_nothing_changes_any_more() -> None:
    answers = iter([1, 2, 3])
    assert steady(lambda: next(answers, 4), quiet=0.2) == 4
    moving = iter(range(10**6))
    with pytest.raises(AssertionError, match="did not come to rest"):
        steady(lambda: next(moving), quiet=0.2, within=0.5)


def _fail(message: str) -> bool:
    raise AssertionError(message)
