"""The real registry of either line tells a real receiver what happens, with the headers that it was given."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from registry_operator.registry import config
from registry_operator.registry.config import Line
from tests.distribution import LINES, LOOPBACK, running
from tests.unit.registry.serving import OPTIONS

TOKEN = "Bearer of-the-receiver"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Receiver:
    """Keeps what it gets; `answer` is the status of its answers."""

    port: int = 0
    answer: int = 200
    got: list[tuple[Mapping[str, str], dict[str, Any]]] = field(default_factory=list)

    def actions(self) -> list[str]:
        """Of manifests only: layers are events, too."""
        events = [event for _, body in self.got for event in body["events"]]
        return [event["action"] for event in events if event["target"].get("mediaType") == MANIFEST]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if receiver.answer == 200:
                receiver.got.append((dict(self.headers), body))
            self.send_response(receiver.answer)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def ask(port: int, method: str, path: str, body: bytes | None = None, kind: str = "application/octet-stream") -> str:
    """The Location of the answer."""
    request = urllib.request.Request(f"http://{LOOPBACK}:{port}{path}", data=body, method=method)
    request.add_header("Content-Type", kind)
    request.add_header("Accept", MANIFEST)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.headers.get("Location", ""))


def push(port: int) -> None:
    """An image without layers."""
    blob = b"{}"
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    location = ask(port, "POST", "/v2/team/app/blobs/uploads/", b"")
    ask(port, "PUT", f"{location}&digest={digest}", blob)
    empty = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(blob)}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": empty, "layers": []}
    ask(port, "PUT", "/v2/team/app/manifests/1", json.dumps(manifest).encode(), MANIFEST)


def wait(receiver: Receiver, actions: list[str]) -> None:
    end = time.monotonic() + 20
    while receiver.actions() != actions:
        if time.monotonic() > end:
            pytest.fail(f"the receiver got {receiver.actions()} and not {actions}")
        time.sleep(0.02)


def endpoint(receiver: Receiver, **more: Any) -> config.Endpoint:
    return config.Endpoint(name="audit", url=f"http://{LOOPBACK}:{receiver.port}/events", **more)


@pytest.mark.parametrize("line", LINES)
def test_a_push_reaches_the_receiver_with_its_header_and_the_log_keeps_silent(line: Line, tmp_path: Path) -> None:
    with receiving() as receiver:
        endpoints = [endpoint(receiver, headers={"Authorization": TOKEN})]
        with running(replace(OPTIONS, line=line, log_level="warn", endpoints=endpoints), tmp_path) as registry:
            push(registry.port)
            wait(receiver, ["push"])
            assert TOKEN not in registry.log
        headers, body = receiver.got[-1]
        assert headers["Authorization"] == TOKEN
        assert body["events"][0]["target"]["repository"] == "team/app"


@pytest.mark.parametrize("line", LINES)
def test_at_info_the_log_tells_the_header(line: Line, tmp_path: Path) -> None:
    """Which is why the API refuses that. Should a line stop doing so, the rule may go."""
    with receiving() as receiver:
        endpoints = [endpoint(receiver, headers={"Authorization": TOKEN})]
        with running(replace(OPTIONS, line=line, endpoints=endpoints), tmp_path) as registry:
            assert TOKEN in registry.log


@pytest.mark.parametrize("line", LINES)
def test_what_is_ignored_is_not_told(line: Line, tmp_path: Path) -> None:
    with receiving() as receiver:
        endpoints = [endpoint(receiver, ignored_actions=["push"], ignored_media_types=["application/octet-stream"])]
        with running(replace(OPTIONS, line=line, endpoints=endpoints), tmp_path) as registry:
            push(registry.port)
            ask(registry.port, "GET", "/v2/team/app/manifests/1")
            wait(receiver, ["pull"])
        assert len(receiver.got) == 1


@pytest.mark.parametrize("line", LINES)
def test_an_event_waits_for_a_receiver_that_fails(line: Line, tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.answer = 503
        with running(replace(OPTIONS, line=line, endpoints=[endpoint(receiver)]), tmp_path) as registry:
            push(registry.port)
            receiver.answer = 200
            wait(receiver, ["push"])
