"""The probe against the real registry, and against servers that do what no registry should."""

import asyncio
import base64
import datetime
import gc
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry_operator.registry import authority, certificates, probe
from registry_operator.registry.config import Line
from registry_operator.registry.http import Target
from registry_operator.registry.probe import TlsExpectation, Trust
from tests.distribution import LINES, LOOPBACK, Running, running
from tests.ports import free_port
from tests.unit.registry.serving import CA, HOST, NOW, OPTIONS, PAIR, PASSWORD, USER, write_files
from tests.unit.registry.talking import answering, server

SERVED = certificates.parse_leaf(PAIR.crt)
OTHER_CA = authority.make_ca("another CA", "team-b", NOW)
EXPECTED = TlsExpectation(ca_pem=CA.crt, fingerprint=SERVED.fingerprint)
PINNED = TlsExpectation(fingerprint=SERVED.fingerprint)


@pytest.fixture(scope="module", params=LINES)
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """TLS and passwords, as the operator configures them."""
    folder = tmp_path_factory.mktemp("registry")
    write_files(folder)
    options = replace(OPTIONS, line=request.param, tls_folder=str(folder), htpasswd_file=str(folder / "htpasswd"))
    with running(options, folder) as found:
        yield found


def target(port: int, host: str = HOST) -> Target:
    return Target(host=host, port=443, address=LOOPBACK, address_port=port)


async def test_a_login_with_the_right_password_works(registry: Running) -> None:
    outcome = await probe.login(target(registry.port), EXPECTED, USER, PASSWORD)
    assert outcome == probe.Ok(served=outcome.served, trust=Trust.AUTHORITY)
    assert outcome.served is not None
    assert outcome.served.fingerprint == SERVED.fingerprint


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD), (None, "")])
async def test_a_login_with_anything_else_is_refused(registry: Running, user: str | None, password: str) -> None:
    outcome = await probe.login(target(registry.port), EXPECTED, user, password)
    assert isinstance(outcome, probe.Refused)
    assert "wrong" not in outcome.message


async def test_an_upload_begins_where_no_catalog_lists_it(registry: Running) -> None:
    before = len(registry.log)
    outcome = await probe.upload(target(registry.port), EXPECTED, USER, PASSWORD)
    assert isinstance(outcome, probe.Ok), outcome
    repository = registry.log_file.parent / "data/docker/registry/v2/repositories" / probe.REPOSITORY
    (upload,) = (repository / "_uploads").iterdir()
    assert (upload / "startedat").exists()
    assert [entry.name for entry in repository.iterdir()] == ["_uploads"]
    assert '"level":"error"' not in registry.log[before:]
    assert _catalog(registry.port) == b'{"repositories":[]}\n'


async def test_an_upload_with_a_wrong_password_is_refused(registry: Running) -> None:
    assert isinstance(await probe.upload(target(registry.port), EXPECTED, USER, "wrong"), probe.Refused)


async def test_a_volume_that_takes_nothing_is_told(registry: Running) -> None:
    data = registry.log_file.parent / "data"
    data.mkdir(exist_ok=True)  # the registry makes it with its first write only
    aside = data.rename(data.with_name("aside"))
    data.write_text("in the way")
    try:
        outcome = await probe.upload(target(registry.port), EXPECTED, USER, PASSWORD)
    finally:
        data.unlink()
        aside.rename(data)
    assert isinstance(outcome, probe.HttpError)
    assert outcome.status == 500
    assert outcome.message == "answered 500 (UNKNOWN)"


@pytest.mark.parametrize("line", LINES)
async def test_a_registry_that_is_read_only_takes_no_upload(line: Line, tmp_path: Path) -> None:
    with running(replace(OPTIONS, line=line, read_only=True), tmp_path) as registry:
        assert await probe.login(target(registry.port), None, None) == probe.Ok(trust=Trust.PLAIN)
        outcome = await probe.upload(target(registry.port), None, None)
        assert isinstance(outcome, probe.HttpError)
        assert outcome.status == 405


async def test_the_served_certificate_is_told_and_judged(registry: Running) -> None:
    outcome = await probe.login(target(registry.port), EXPECTED, USER, PASSWORD)
    assert isinstance(outcome, probe.Ok)
    assert outcome.served is not None
    assert (outcome.served.not_after, outcome.served.issuer) == (SERVED.not_after, SERVED.issuer)


async def test_the_certificate_that_was_expected_is_believed_without_an_authority(registry: Running) -> None:
    outcome = await probe.login(target(registry.port), PINNED, USER, PASSWORD)
    assert isinstance(outcome, probe.Ok)
    assert outcome.trust is Trust.PINNED


async def test_without_anything_expected_nothing_unknown_is_believed(registry: Running) -> None:
    outcome = await probe.login(target(registry.port), TlsExpectation(), USER, PASSWORD)
    assert isinstance(outcome, probe.Untrusted)
    assert "unable to get local issuer certificate" in outcome.message
    assert outcome.served is not None


async def test_an_authority_that_was_given_must_vouch_even_for_the_expected_certificate(registry: Running) -> None:
    expected = TlsExpectation(ca_pem=OTHER_CA.crt, fingerprint=SERVED.fingerprint)
    outcome = await probe.login(target(registry.port), expected, USER, PASSWORD)
    assert isinstance(outcome, probe.Untrusted)


@pytest.mark.parametrize("ca", [CA.crt, OTHER_CA.crt, None])
async def test_another_certificate_than_the_expected_one_is_told(registry: Running, ca: str | None) -> None:
    outcome = await probe.login(target(registry.port), TlsExpectation(ca_pem=ca, fingerprint="0" * 64), USER, PASSWORD)
    assert isinstance(outcome, probe.WrongCertificate)
    assert outcome.served is not None
    assert outcome.served.fingerprint[:16] in outcome.message


@pytest.mark.parametrize("tls", [EXPECTED, PINNED])
async def test_a_certificate_for_another_name_is_not_believed(registry: Running, tls: TlsExpectation) -> None:
    outcome = await probe.login(target(registry.port, "other.team-a.svc"), tls, USER, PASSWORD)
    assert isinstance(outcome, probe.Untrusted)
    assert outcome.message == "serves a certificate that is not for other.team-a.svc"


async def test_authorities_that_cannot_be_read_are_told(registry: Running) -> None:
    outcome = await probe.login(target(registry.port), TlsExpectation(ca_pem="nothing"), USER, PASSWORD)
    assert outcome == probe.Untrusted(message="ca.crt holds no certificate that can be read: it must be in PEM form")


async def test_the_system_may_vouch(registry: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(cadata=CA.crt)
    monkeypatch.setattr(probe, "verifying_by_system", lambda: context)
    outcome = await probe.login(target(registry.port), PINNED, USER, PASSWORD)
    assert isinstance(outcome, probe.Ok)
    assert outcome.trust is Trust.SYSTEM


@pytest.mark.parametrize("tls", [EXPECTED, PINNED])
async def test_an_expired_certificate_is_not_believed(tls: TlsExpectation) -> None:
    """The registry itself would serve it happily."""
    old = authority.make_leaf(CA, [HOST], [], NOW - datetime.timedelta(days=100))
    fingerprint = certificates.parse_leaf(old.crt).fingerprint
    async with server(answering(b"HTTP/1.1 200 OK\r\n\r\n"), old) as port:
        outcome = await probe.login(target(port), replace(tls, fingerprint=fingerprint), USER, PASSWORD)
    assert isinstance(outcome, probe.Untrusted)
    assert outcome.message.startswith("serves a certificate that expired at 20")


@pytest.mark.parametrize(
    "tls", [TlsExpectation(), replace(EXPECTED, fingerprint="0" * 64), TlsExpectation(ca_pem=OTHER_CA.crt)]
)
async def test_no_byte_is_sent_before_the_certificate_is_believed(tls: TlsExpectation) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard.put_nowait(await reader.read())
        except OSError:
            heard.put_nowait(b"")
        writer.close()

    async with server(listen, PAIR) as port:
        outcome = await probe.login(target(port), tls, USER, PASSWORD)
        assert isinstance(outcome, probe.Untrusted | probe.WrongCertificate)
        assert await asyncio.wait_for(heard.get(), 10) == b""


async def test_a_pod_can_be_asked_by_its_address_under_the_name_of_its_service() -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with server(listen) as port:
        where = Target(host=HOST, port=5443, address=LOOPBACK, address_port=port)
        assert await probe.login(where, None, None) == probe.Ok(trust=Trust.PLAIN)
    assert b"\r\nHost: images.team-a.svc:5443\r\n" in heard[0]
    assert b"Authorization" not in heard[0]


async def test_silence_ends_in_time() -> None:
    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    for tls in (None, EXPECTED):
        async with server(keep_silent) as port:
            outcome = await probe.login(target(port), tls, USER, PASSWORD, seconds=0.05)
            assert outcome == probe.TimedOut(message="gave no answer within 0.05 s")


async def test_a_closed_port_is_unreachable() -> None:
    assert await probe.login(target(free_port()), None, None) == probe.Unreachable(
        message="cannot be reached: connection refused"
    )


async def test_a_server_without_tls_is_told() -> None:
    async with server(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        outcome = await probe.login(target(port), EXPECTED, USER, PASSWORD)
    assert isinstance(outcome, probe.Unreachable)
    assert "TLS handshake" in outcome.message


@pytest.mark.parametrize(
    "nonsense",
    [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"", b"HTTP/1.1 200", b"x" * 20_000 + b"\r\n\r\n", b"HTTP/1.1 999 No\r\n\r\n"],
)
async def test_what_is_not_http_is_told(nonsense: bytes) -> None:
    async with server(answering(nonsense)) as port:
        outcome = await probe.login(target(port), None, None)
    assert outcome == probe.Unreachable(message="does not answer in HTTP")


async def test_an_error_is_told_by_its_code_and_a_known_cause_and_never_by_its_text() -> None:
    body = b'{"errors":[{"code":"UNKNOWN","message":"token abc","detail":"mkdir /x: no space left on device"}]}'
    async with server(answering(b"HTTP/1.1 500 Oh\r\nContent-Type: application/json\r\n\r\n" + body)) as port:
        outcome = await probe.upload(target(port), None, None)
    assert outcome == probe.HttpError(status=500, message="answered 500 (UNKNOWN, no space left on device)")


async def test_an_endless_error_is_cut_off() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 No\r\n\r\n" + b"x" * 1_000_000)
        await reader.read()
        writer.close()

    async with server(pour) as port:
        assert await probe.login(target(port), None, None) == probe.HttpError(status=503, message="answered 503")


async def test_nothing_is_left_open_by_a_probe_that_is_given_up(registry: Running) -> None:
    """Warnings are errors here: a connection that is collected instead of closed fails the test."""
    for _ in range(3):
        asked = asyncio.create_task(probe.login(target(registry.port), EXPECTED, USER, PASSWORD))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    gc.collect()


def _catalog(port: int) -> bytes:
    request = urllib.request.Request(f"https://{LOOPBACK}:{port}/v2/_catalog")
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
    with urllib.request.urlopen(request, timeout=10, context=ssl.create_default_context(cadata=CA.crt)) as response:
        content: bytes = response.read()
        return content
