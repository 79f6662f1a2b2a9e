"""The process: how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.stage.process import Operator, plain_kubeconfig
from tests.stage.waiting import eventually


class Failing(BaseHTTPRequestHandler):
    """An API server that has our CRD and answers nothing else."""

    def do_GET(self) -> None:
        known = "nobody" in self.path
        body = json.dumps({"metadata": {"resourceVersion": "1"}, "items": []} if known else {}).encode()
        self.send_response(200 if known else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def failing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_wish_and_no_failure(tmp_path: Path, failing: str, number: signal.Signals) -> None:
    """Also while the API server fails, and though kopf would take the signals for itself."""
    operator = Operator(plain_kubeconfig(tmp_path / "kubeconfig", failing), tmp_path, {"LOG_FORMAT": "text"})
    operator.start(wait=False)
    try:
        eventually(lambda: "Request attempt #2" in operator.log(), "kopf's being at work", seen=operator.tail)
        os.kill(operator.pid, number)
        code = eventually(lambda: (operator.exited(),) if operator.exited() is not None else None, "its end")
        assert code == (0,), operator.tail()
        assert operator.unhandled() == []
    finally:
        operator.end()


SIZE_OF_A_BUFFER = """
import asyncio, ssl
from asyncio import sslproto
from registry_operator.__main__ import be_frugal
be_frugal()
made = sslproto.SSLProtocol(asyncio.new_event_loop(), asyncio.Protocol(), ssl.create_default_context(), None)
print(len(made._ssl_buffer))
"""


def test_a_tls_connection_keeps_a_small_buffer() -> None:
    """It is no documented part of asyncio: a Python that names it otherwise would take more memory without a word."""
    done = subprocess.run([sys.executable, "-c", SIZE_OF_A_BUFFER], capture_output=True, text=True)
    assert done.stdout == f"{32 * 1024}\n", done.stderr
