"""What the real registry of either line does with a bucket, on a real S3 server that checks keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry_operator.registry import config, drivers
from registry_operator.registry.config import Line
from tests import s3
from tests.distribution import LINES, LOOPBACK, Running, running, started
from tests.ports import free_port
from tests.s3 import BUCKET, Keys, S3Server
from tests.stage.waiting import eventually
from tests.unit.registry.asking import ask
from tests.unit.registry.serving import CA, OPTIONS, google_key, write_files

BLOB = b"layer" * 1000
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Over TLS, signed by an authority that nobody knows."""
    folder = tmp_path_factory.mktemp("s3")
    write_files(folder)
    with s3.running(folder, LOOPBACK, free_port(), pair=folder, ca=CA.crt) as server:
        yield server


@pytest.fixture(scope="module")
def keys(server: S3Server) -> Keys:
    return server.make_user("registry")


def options(line: Line, server: S3Server, **more: Any) -> config.Options:
    """A registry in the bucket, for the pod's half of the S3 settings."""
    settings: dict[str, Any] = {"region": None, "path_style": True, "root": None, "encrypt": False, "kms_key": None}
    driver = drivers.s3(line, bucket=BUCKET, endpoint=server.url, **(settings | more))
    return replace(OPTIONS, line=line, storage=driver, redirect=False)


def env(folder: Path, keys: Keys) -> dict[str, str]:
    (folder / "ca").mkdir()
    (folder / "ca" / "ca.crt").write_text(CA.crt)
    return {**keys.data, "SSL_CERT_DIR": str(folder / "ca")}


def push(registry: Running, repository: str = "team/app") -> int:
    _, headers, _ = ask(registry.port, "POST", f"/v2/{repository}/blobs/uploads/", b"")
    return ask(registry.port, "PUT", f"{headers['Location']}&digest={DIGEST}", BLOB)[0]


@pytest.mark.parametrize("line", LINES)
def test_a_layer_goes_into_the_bucket_and_comes_back(line: Line, server: S3Server, keys: Keys, tmp_path: Path) -> None:
    root = f"registries/line-{line}"
    with running(options(line, server, root=root), tmp_path, env(tmp_path, keys)) as registry:
        assert push(registry) == 201
        assert ask(registry.port, "GET", f"/v2/team/app/blobs/{DIGEST}")[::2] == (200, BLOB)
    assert any(name.startswith(f"{root}/docker/registry/v2/blobs/") for name in server.objects())


def test_line_3_finds_what_line_2_wrote(server: S3Server, keys: Keys, tmp_path: Path) -> None:
    variables = env(tmp_path, keys)
    with running(options("2", server, root="moved"), tmp_path, variables) as registry:
        assert push(registry) == 201
    with running(options("3", server, root="moved"), tmp_path, variables) as registry:
        assert ask(registry.port, "GET", f"/v2/team/app/blobs/{DIGEST}")[0] == 200


@pytest.mark.parametrize("line", LINES)
def test_clients_are_sent_to_the_bucket_if_they_may_be(
    line: Line, server: S3Server, keys: Keys, tmp_path: Path
) -> None:
    wished = replace(options(line, server, root="redirects"), redirect=True)
    with running(wished, tmp_path, env(tmp_path, keys)) as registry:
        assert push(registry) == 201
        status, headers, _ = ask(registry.port, "GET", f"/v2/team/app/blobs/{DIGEST}")
    assert status == 307
    assert headers["Location"].startswith(f"{server.url}/{BUCKET}/redirects/")


@pytest.mark.parametrize("line", LINES)
def test_wrong_keys_look_well_until_three_checks_have_failed(
    line: Line, server: S3Server, keys: Keys, tmp_path: Path
) -> None:
    """Why pods of a bucket have to be ready for a while before older ones may go."""
    port = free_port()
    text = config.render(replace(options(line, server), port=port)).replace("interval: 10s", "interval: 1s")
    assert "interval: 1s" in text
    with started(line, text, tmp_path, port, env(tmp_path, Keys(keys.id, "not-the-secret"))) as registry:
        assert ask(registry.port, "GET", "/")[0] == 200
        assert push_refused(registry)
        eventually(lambda: ask(registry.port, "GET", "/")[0] == 503, "the registry's own check to fail")


def push_refused(registry: Running) -> bool:
    return ask(registry.port, "POST", "/v2/team/app/blobs/uploads/", b"")[0] >= 400


@pytest.mark.parametrize("line", LINES)
def test_an_unknown_authority_is_not_trusted(line: Line, server: S3Server, keys: Keys, tmp_path: Path) -> None:
    with running(options(line, server), tmp_path, keys.data) as registry:
        assert push_refused(registry)
        assert "certificate signed by unknown authority" in registry.log


def test_amazons_own_variable_for_authorities_ends_line_2(server: S3Server, keys: Keys, tmp_path: Path) -> None:
    """If this ever starts, that variable may be thought of again."""
    variables = env(tmp_path, keys)
    variables["AWS_CA_BUNDLE"] = f"{variables.pop('SSL_CERT_DIR')}/ca.crt"
    with (
        pytest.raises(pytest.fail.Exception, match="HTTPClient's transport unsupported type"),
        running(options("2", server), tmp_path, variables),
    ):
        pass


def test_each_key_of_s3_is_one_that_the_driver_reads() -> None:
    """The registry ignores what it does not know, so the names are held against its documentation here."""
    section = drivers.s3(
        "3", bucket="b", region="r", endpoint="e", path_style=True, root="a", encrypt=True, kms_key="k"
    )["s3"]
    assert section == {
        "bucket": "b",
        "region": "r",
        "regionendpoint": "e",
        "forcepathstyle": True,
        "rootdirectory": "/a",
        "encrypt": True,
        "keyid": "k",
    }
    assert (
        "forcepathstyle"
        not in drivers.s3(
            "2", bucket="b", region=None, endpoint="e", path_style=True, root=None, encrypt=False, kms_key=None
        )["s3"]
    )


def test_line_3_starts_with_a_key_of_google(tmp_path: Path) -> None:
    """Line 2 of Debian lacks the drivers of Google and Azure; that of the official image has them."""
    (tmp_path / "key.json").write_text(google_key())
    driver = drivers.gcs(bucket=BUCKET, key_file=str(tmp_path / "key.json"), root="a/b")
    with running(replace(OPTIONS, line="3", storage=driver), tmp_path) as registry:
        assert ask(registry.port, "GET", "/v2/")[0] == 200


@pytest.mark.parametrize("key", ["MDAxMjM0NQ==", None], ids=["key", "identity"])
def test_line_3_starts_with_a_container_of_azure(key: str | None, tmp_path: Path) -> None:
    driver = drivers.azure("3", container="images", account="teama", key=key)
    with running(replace(OPTIONS, line="3", storage=driver), tmp_path) as registry:
        assert ask(registry.port, "GET", "/v2/")[0] == 200


def test_line_2_has_its_own_words_for_azure() -> None:
    """As its source reads them; the program itself cannot be run here."""
    driver = drivers.azure("2", container="images", account="teama", key="MDAxMjM0NQ==")
    assert driver == {"azure": {"container": "images", "accountname": "teama", "accountkey": "MDAxMjM0NQ=="}}
