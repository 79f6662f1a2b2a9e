"""Each rendered configuration means to the real registry what it says."""

import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from registry_operator.registry import config
from registry_operator.registry.config import Line
from tests.distribution import LINES, LOOPBACK, listening, running
from tests.ports import free_port
from tests.unit.registry.serving import CA, OPTIONS, write_files


def test_the_smallest_file_is_complete() -> None:
    data = yaml.safe_load(config.render(OPTIONS))
    assert data["version"] == 0.1
    assert data["http"]["draintimeout"] == "60s"
    assert data["http"]["relativeurls"] is True
    assert data["http"]["http2"] == {"disabled": True}
    assert data["http"]["secret"] == "0012345"
    assert data["storage"]["delete"] == {"enabled": True}
    assert data["storage"]["maintenance"] == {
        "readonly": {"enabled": False},
        "uploadpurging": {"enabled": True, "age": "168h", "interval": "24h", "dryrun": False},
    }
    assert "cache" not in data["storage"]
    assert data["health"]["storagedriver"]["enabled"] is True
    assert "auth" not in data
    assert "tls" not in data["http"]


def test_line_3_keeps_http2() -> None:
    assert "http2" not in yaml.safe_load(config.render(replace(OPTIONS, line="3")))["http"]


def test_what_is_written_depends_on_no_order() -> None:
    one = replace(OPTIONS, log_fields={"a": "1", "b": "2"})
    assert config.render(one) == config.render(replace(one, log_fields={"b": "2", "a": "1"}))


@pytest.mark.parametrize(
    "text", ["*x", "a: b", "#x", "null", "- x", "{x", "%x", 'a"b', "0x1F", "1e3", "yes", "ü\u2028x"]
)
def test_a_text_cannot_become_anything_else(text: str) -> None:
    assert yaml.safe_load(config.render(replace(OPTIONS, http_secret=text)))["http"]["secret"] == text


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("access_log", [True, False])
@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize("level", ["error", "warn", "info", "debug"])
def test_every_way_to_log_is_taken(level: str, log_format: str, access_log: bool, line: Line, tmp_path: Path) -> None:
    options = replace(OPTIONS, line=line, log_level=level, log_format=log_format, access_log=access_log)
    with running(options, tmp_path) as registry:
        assert _status(registry.port, "/") == 200
        assert _status(registry.port, "/v2/") == 200
        assert ('"service":"registry"' in registry.log) is (log_format == "json" and level in ("info", "debug"))
        if access_log:
            registry.wait_for_log('"GET /v2/ HTTP/1.1" 200')
        else:
            assert '"GET /v2/ HTTP/1.1" 200' not in registry.log


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_tls_and_passwords_are_served_as_told(version: str, line: Line, tmp_path: Path) -> None:
    write_files(tmp_path)
    options = replace(
        OPTIONS,
        line=line,
        tls_folder=str(tmp_path),
        min_tls_version="1.3" if version == "1.3" else "1.2",
        htpasswd_file=str(tmp_path / "htpasswd"),
    )
    with running(options, tmp_path) as registry:
        context = ssl.create_default_context(cadata=CA.crt)
        assert _status(registry.port, "/", context) == 200
        assert _status(registry.port, "/v2/", context) == 401
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if version == "1.3":
            with pytest.raises(urllib.error.URLError, match=r"(?i)protocol.version"):
                _status(registry.port, "/", context)
        else:
            assert _status(registry.port, "/", context) == 200


def test_http2_is_off_on_line_2(tmp_path: Path) -> None:
    write_files(tmp_path)
    options = replace(OPTIONS, tls_folder=str(tmp_path))
    with running(options, tmp_path) as registry:
        context = ssl.create_default_context(cadata=CA.crt)
        context.set_alpn_protocols(["h2", "http/1.1"])
        with (
            socket.create_connection(("127.0.0.1", registry.port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
        ):
            assert tls.selected_alpn_protocol() != "h2"


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("read_only", "upload", "deletion"), [(False, 202, 404), (True, 405, 405)])
def test_uploads_and_deletions_follow_the_access(
    read_only: bool, upload: int, deletion: int, line: Line, tmp_path: Path
) -> None:
    """404 instead of 405: deletion is enabled, it is only that there is nothing to delete."""
    options = replace(OPTIONS, line=line, read_only=read_only)
    with running(options, tmp_path) as registry:
        assert _status(registry.port, "/v2/team/app/blobs/uploads/", method="POST") == upload
        digest = "sha256:" + "0" * 64
        assert _status(registry.port, f"/v2/team/app/manifests/{digest}", method="DELETE") == deletion


@pytest.mark.parametrize("line", LINES)
def test_answers_are_relative_and_not_to_be_sniffed(line: Line, tmp_path: Path) -> None:
    with running(replace(OPTIONS, line=line), tmp_path) as registry:
        headers = _headers(registry.port, "/v2/team/app/blobs/uploads/", method="POST")
        assert headers["Location"].startswith("/v2/team/app/blobs/uploads/")
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("line", LINES)
def test_headers_are_added_beside_those_of_the_registry(line: Line, tmp_path: Path) -> None:
    added = {"Access-Control-Allow-Origin": "https://ui.example.org", "X-Note": "a: {b} #c"}
    with running(replace(OPTIONS, line=line, headers=added), tmp_path) as registry:
        headers = _headers(registry.port, "/v2/", method="GET")
        assert {name: headers[name] for name in added} == added
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("line", LINES)
def test_an_upload_survives_a_restart(line: Line, tmp_path: Path) -> None:
    """Because the secret that signs its state is given, not made up at each start."""
    options = replace(OPTIONS, line=line)
    with running(options, tmp_path) as registry:
        location = _headers(registry.port, "/v2/team/app/blobs/uploads/", method="POST")["Location"]
    with running(options, tmp_path) as registry:
        assert _status(registry.port, location, method="DELETE") == 204


def _answer(
    port: int, path: str, context: ssl.SSLContext | None = None, method: str = "GET"
) -> tuple[int, Mapping[str, str]]:
    scheme = "https" if context else "http"
    request = urllib.request.Request(f"{scheme}://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as response:
            return response.status, dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers)


def _status(port: int, path: str, context: ssl.SSLContext | None = None, method: str = "GET") -> int:
    return _answer(port, path, context, method)[0]


def _headers(port: int, path: str, method: str) -> Mapping[str, str]:
    return _answer(port, path, None, method)[1]


@pytest.mark.parametrize("line", LINES)
def test_the_port_of_the_metrics_shows_what_receivers_are_sent(line: config.Line, tmp_path: Path) -> None:
    """Why the schema allows no metrics beside headers from a Secret."""
    port = free_port()
    receiver = config.Endpoint(name="audit", url="http://127.0.0.1:1/", headers={"Authorization": "Bearer not-for-all"})
    options = replace(OPTIONS, line=line, metrics_port=port, endpoints=(receiver,))
    with running(options, tmp_path) as registry:
        listening(registry, port)
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/debug/vars", timeout=10) as answer:
            assert "not-for-all" in answer.read().decode()
