"""What a cache finds at the registry that it caches: asked of real registries, and cached by real ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from registry_operator.registry import config, upstream
from registry_operator.registry.config import Line
from registry_operator.registry.http import Response
from registry_operator.registry.upstream import Access, Question
from tests.distribution import LINES, LOOPBACK, Running, started
from tests.ports import free_port
from tests.stage.waiting import eventually
from tests.unit.registry.asking import ask
from tests.unit.registry.serving import CA, OPTIONS, PASSWORD, USER, write_files


@contextmanager
def origin(folder: Path, *, password: bool) -> Iterator[Running]:
    """A registry over TLS, with an image, that asks for a password or not."""
    folder.mkdir()
    write_files(folder)
    port = free_port()
    options = replace(
        OPTIONS,
        line="3",
        port=port,
        storage=config.filesystem(str(folder / "data")),
        tls_folder=str(folder),
        htpasswd_file=str(folder / "htpasswd") if password else None,
    )
    with started("3", config.render(options), folder, port) as registry:
        push(registry, (USER, PASSWORD) if password else None)
        yield registry


def push(registry: Running, account: tuple[str, str] | None) -> None:
    blob = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    status, headers, _ = ask(registry.port, "POST", "/v2/team/app/blobs/uploads/", b"", ca=CA.crt, account=account)
    assert status == 202
    status, _, _ = ask(registry.port, "PUT", f"{headers['Location']}&digest={digest}", blob, ca=CA.crt, account=account)
    assert status == 201
    kind = "application/vnd.oci.image.manifest.v1+json"
    image = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(blob)}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": image, "layers": []}).encode()
    status, _, _ = ask(
        registry.port, "PUT", "/v2/team/app/manifests/1", manifest, ca=CA.crt, account=account, kind=kind
    )
    assert status == 201


@contextmanager
def cache(
    line: Line, folder: Path, url: str, account: tuple[str, str] | None, *, ttl: str = "24h", read_only: bool = False
) -> Iterator[Running]:
    """A cache of it, as a pod would run it."""
    folder.mkdir()
    (folder / "ca").mkdir()
    (folder / "ca" / "ca.crt").write_text(CA.crt)
    port, (user, password) = free_port(), account or (None, None)
    options = replace(
        OPTIONS,
        line=line,
        port=port,
        storage=config.filesystem(str(folder / "data")),
        proxy=config.proxy(line, url, user=user, password=password, ttl=ttl),
        read_only=read_only,
    )
    with started(line, config.render(options), folder, port, {"SSL_CERT_DIR": str(folder / "ca")}) as registry:
        yield registry


def pulled(registry: Running) -> int:
    return ask(registry.port, "GET", "/v2/team/app/manifests/1")[0]


def question(registry: Running, line: Line, account: tuple[str, str] | None) -> Question:
    user, password = account or (None, None)
    url = f"https://{LOOPBACK}:{registry.port}"
    return Question(url=url, line=line, user=user, password=password, ca_pem=CA.crt)


@pytest.mark.parametrize("line", LINES)
async def test_an_open_registry_is_cached_and_served_when_it_is_gone(line: Line, tmp_path: Path) -> None:
    with origin(tmp_path / "origin", password=False) as there:
        asked = question(there, line, None)
        assert (await upstream.look(asked)).access is Access.OPEN
        with cache(line, tmp_path / "cache", asked.url, None) as here:
            assert pulled(here) == 200
            assert ask(here.port, "POST", "/v2/team/app/blobs/uploads/", b"")[0] == 405
            there.process.kill()
            there.process.wait(10)
            assert pulled(here) == 200
    assert (await upstream.look(asked)).access is Access.SILENT


async def test_a_registry_with_passwords_is_cached_by_line_3(tmp_path: Path) -> None:
    account = (USER, PASSWORD)
    with origin(tmp_path / "origin", password=True) as there:
        asked = question(there, "3", account)
        assert (await upstream.look(asked)).access is Access.OPEN
        with cache("3", tmp_path / "cache", asked.url, account) as here:
            assert pulled(here) == 200


@pytest.mark.parametrize(
    ("line", "account", "access"),
    [
        ("3", (USER, "wrong"), Access.REFUSED),
        ("3", None, Access.CLOSED),
        ("2", (USER, PASSWORD), Access.BASIC),
    ],
)
async def test_what_distribution_answers_404_to_is_told_apart(
    line: Line, account: tuple[str, str] | None, access: Access, tmp_path: Path
) -> None:
    with origin(tmp_path / "origin", password=True) as there:
        asked = question(there, line, account)
        assert (await upstream.look(asked)).access is access
        with cache(line, tmp_path / "cache", asked.url, account) as here:
            assert pulled(here) == 404
    assert PASSWORD not in repr(asked)


def test_what_is_older_than_ttl_goes(tmp_path: Path) -> None:
    """Which distribution does only where deletes are enabled."""
    with (
        origin(tmp_path / "origin", password=False) as there,
        cache("3", tmp_path / "cache", f"https://{LOOPBACK}:{there.port}", None, ttl="1s") as here,
    ):
        assert pulled(here) == 200
        eventually(lambda: stored(tmp_path / "cache"), "the image in the cache")
        eventually(lambda: not stored(tmp_path / "cache"), "the end of the image", seen=lambda: here.log)
        assert pulled(here) == 200, "brought again"


def stored(folder: Path) -> list[Path]:
    """The manifests that the cache keeps."""
    return list(folder.glob("data/docker/registry/v2/repositories/team/app/_manifests/revisions/sha256/*/link"))


@pytest.mark.parametrize("line", LINES)
def test_a_cache_that_is_read_only_is_a_cache(line: Line, tmp_path: Path) -> None:
    with (
        origin(tmp_path / "origin", password=False) as there,
        cache(line, tmp_path / "cache", f"https://{LOOPBACK}:{there.port}", None, read_only=True) as here,
    ):
        assert pulled(here) == 200
        there.process.kill()
        there.process.wait(10)
        assert pulled(here) == 200


@pytest.mark.parametrize("line", LINES)
def test_a_cache_ends_at_its_start_without_the_other_registry(line: Line, tmp_path: Path) -> None:
    with (
        pytest.raises(pytest.fail.Exception, match="connection refused"),
        cache(line, tmp_path / "cache", f"https://{LOOPBACK}:{free_port()}", None),
    ):
        pass


async def test_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    with origin(tmp_path / "origin", password=False) as there:
        asked = replace(question(there, "3", None), ca_pem=None)
        assert (await upstream.look(asked)).access is Access.UNTRUSTED


HUB = "https://registry-1.docker.io"


@pytest.mark.parametrize(
    ("url", "realm", "own"),
    [
        (HUB, "https://auth.docker.io/token", True),
        (HUB, "https://registry-1.docker.io/token", True),
        (HUB, "https://auth.docker.io.example.org/token", False),
        (HUB, "https://evildocker.io/token", False),
        ("https://ghcr.io", "https://ghcr.io/token", True),
        ("https://ghcr.io", "https://other.io/token", False),
        ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth", True),
        ("https://registry.shop.co.uk", "https://auth.shop.co.uk/token", True),
        ("https://registry.shop.co.uk", "https://auth.other.co.uk/token", False),
        ("https://images.team-a.svc", "https://auth.team-b.svc/token", False),
        ("https://192.0.2.1", "https://192.0.2.1/token", True),
        ("https://192.0.2.1", "https://192.0.2.1:5001/token", False),
        ("https://192.0.2.1", "https://10.0.2.1/token", False),
        ("https://[2001:db8::1]", "https://[2001:db8::2]/token", False),
        ("https://localhost", "https://other/token", False),
    ],
)
def test_credentials_go_to_the_registrys_own_hosts_alone(url: str, realm: str, own: bool) -> None:
    assert upstream._own(upstream._place(url), upstream._place(realm)) is own


@pytest.mark.parametrize("realm", ["http://auth.docker.io/token", "", "https://", "https://[", "https://a:b/token"])
def test_what_is_no_https_address_is_no_place(realm: str) -> None:
    assert upstream._place(realm)[0] == ""


async def test_a_token_is_asked_for_where_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the hub does it, with a host of its own for that."""
    asked = Question(url=HUB, line="2", user="alice", password="secret")
    challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
    answers = {f"{HUB}/v2/": Response(401, challenges=(challenge,))}
    seen: dict[str, dict[str, str]] = {}

    async def get(_: Question, url: str, headers: dict[str, str]) -> Response:
        seen[url] = headers
        return answers.get(url, Response(200))

    monkeypatch.setattr(upstream, "_get", get)
    token = "https://auth.docker.io/token?service=registry.docker.io"
    assert (await upstream.look(asked)).access is Access.OPEN
    assert seen[f"{HUB}/v2/"] == {}
    assert seen[token]["Authorization"].startswith("Basic ")
    answers[token] = Response(401)
    assert (await upstream.look(asked)).access is Access.REFUSED
    assert (await upstream.look(replace(asked, user=None))).access is Access.CLOSED
    answers[f"{HUB}/v2/"] = Response(401, challenges=('Bearer realm="https://evil.example.org/token"',))
    assert await upstream.look(asked) == upstream.Answer(Access.FOREIGN, "evil.example.org")
    elsewhere = "https://evil.example.org/token?service="
    assert elsewhere not in seen
    assert (await upstream.look(replace(asked, user=None))).access is Access.OPEN
    assert seen[elsewhere] == {}
    answers[f"{HUB}/v2/"] = Response(404)
    assert await upstream.look(asked) == upstream.Answer(Access.FAILING, "404")
