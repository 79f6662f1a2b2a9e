"""Finding the cluster, and the credentials that change while the operator runs."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry_operator.kube.auth import ConfigError, load
from registry_operator.kube.credentials import TokenFile
from registry_operator.kube.errors import Unauthorized
from tests.unit.kube.credentials import CERTIFICATE, KEY, Write


@pytest.fixture
def service_account(tmp_path: Path) -> Path:
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text("first\n")
    (folder / "namespace").write_text("registry-system")
    (folder / "ca.crt").write_bytes(CERTIFICATE)
    return folder


async def test_in_a_pod(service_account: Path) -> None:
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"}
    config = load(None, environ, service_account)
    assert (config.server, config.namespace) == ("https://10.0.0.1:6443", "registry-system")
    assert await config.credentials.headers() == {"Authorization": "Bearer first"}
    assert config.ssl is not None
    assert config.ssl.verify_mode is ssl.CERT_REQUIRED


def test_in_a_pod_of_an_ipv6_cluster(service_account: Path) -> None:
    assert load(None, {"KUBERNETES_SERVICE_HOST": "fd00::1"}, service_account).server == "https://[fd00::1]:443"


def test_no_cluster_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="set KUBECONFIG"):
        load(None, {}, tmp_path)
    with pytest.raises(ConfigError, match="set KUBECONFIG"):  # the token is not mounted
        load(None, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path)


def test_a_service_account_without_its_authority(service_account: Path) -> None:
    (service_account / "ca.crt").write_text("nonsense")
    with pytest.raises(ConfigError, match="cannot be used"):
        load(None, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, service_account)


class Now:
    """A clock for tokens."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def test_a_token_file_is_read_again_every_minute_and_after_a_401(tmp_path: Path) -> None:
    now, path = Now(), tmp_path / "token"
    path.write_text("one")
    token = TokenFile(path, now)
    assert await token.headers() == {"Authorization": "Bearer one"}
    path.write_text("two")
    now.seconds = 59
    assert await token.headers() == {"Authorization": "Bearer one"}
    now.seconds = 60
    assert await token.headers() == {"Authorization": "Bearer two"}
    assert not await token.refresh()  # nothing new: a second try would be a second 401
    path.write_text("three")
    assert await token.refresh()
    assert await token.headers() == {"Authorization": "Bearer three"}


async def test_a_token_file_that_vanishes_for_a_moment(tmp_path: Path) -> None:
    now, path = Now(), tmp_path / "token"
    path.write_text("one")
    token = TokenFile(path, now)
    await token.headers()
    path.unlink()
    now.seconds = 61
    assert await token.headers() == {"Authorization": "Bearer one"}
    with pytest.raises(Unauthorized, match="cannot be read"):
        await TokenFile(path, now).headers()


async def test_plain_http_without_credentials(written: Write) -> None:
    config = written()
    assert (config.server, config.ssl, config.namespace) == ("http://localhost:8001", None, "team-a")
    assert await config.credentials.headers() == {}
    assert not await config.credentials.refresh()


@pytest.mark.parametrize(
    ("user", "authorization"),
    [
        ({"token": "t"}, "Bearer t"),
        ({"username": "u", "password": "p"}, "Basic dTpw"),
        ({"tokenFile": "token"}, "Bearer from-file"),
    ],
)
async def test_tokens_and_passwords(written: Write, tmp_path: Path, user: dict[str, str], authorization: str) -> None:
    (tmp_path / "token").write_text("from-file")  # relative to the kubeconfig
    assert await written(user).credentials.headers() == {"Authorization": authorization}


def test_client_certificates_as_data_and_as_files(written: Write, tmp_path: Path) -> None:
    (tmp_path / "tls.crt").write_bytes(CERTIFICATE)
    (tmp_path / "tls.key").write_bytes(KEY)
    data = {
        "client-certificate-data": base64.b64encode(CERTIFICATE).decode(),
        "client-key-data": base64.b64encode(KEY).decode(),
    }
    files = {"client-certificate": "tls.crt", "client-key": "tls.key"}
    authority = base64.b64encode(CERTIFICATE).decode()
    for user in (data, files):
        config = written(user, server="https://a", **{"certificate-authority-data": authority})
        assert config.ssl is not None
        assert config.ssl.check_hostname
    assert written(files, server="https://a", **{"insecure-skip-tls-verify": True}).ssl is not None


def test_a_proxy(written: Write) -> None:
    assert written(server="https://a", **{"proxy-url": "http://proxy:3128"}).proxy == "http://proxy:3128"


def test_of_several_files_the_first_that_names_a_thing_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    context = {"current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "c"}}]}
    first.write_text(yaml.safe_dump({"clusters": [{"name": "c", "cluster": {"server": "http://first"}}]}))
    second.write_text(yaml.safe_dump({**context, "clusters": [{"name": "c", "cluster": {"server": "http://second"}}]}))
    paths = f"{tmp_path}/missing:{first}:{second}"
    assert load(paths, {}).server == "http://first"
    assert load(str(second), {"KUBECONFIG": str(first)}).server == "http://second"


@pytest.mark.parametrize(
    ("user", "cluster", "text"),
    [
        ({"auth-provider": {"name": "gcp"}}, {}, "'auth-provider' is not supported"),
        ({"as": "admin", "token": "t"}, {}, "'as' is not supported"),
        ({"exec": {"command": "x", "interactiveMode": "Always"}}, {}, "wants a terminal"),
        ({"client-certificate-data": "%%%"}, {"server": "https://a"}, "client-certificate-data is not base64"),
        ({"client-certificate": "missing.crt"}, {"server": "https://a"}, "client-certificate: .*missing.crt"),
        ({"client-key-data": "YQ=="}, {"server": "https://a"}, "must both be given"),
        (
            {"client-key-data": "YQ==", "client-certificate-data": "YQ=="},
            {"server": "https://a"},
            "client-certificate and client-key do not fit",
        ),
        ({}, {"server": "https://a", "certificate-authority-data": "YQ=="}, "no certificate in PEM"),
        ({}, {"server": "https://a", "tls-server-name": "b"}, "tls-server-name is not supported"),
        ({}, {"server": "localhost"}, "must start with https://"),
    ],
)
def test_what_cannot_be_used_is_named(written: Write, user: dict[str, Any], cluster: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        written(user, **cluster)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "no such file, or an empty one"),
        ("a: [", "is not YAML"),
        ("{clusters: []}", "no current-context"),
        ("{current-context: gone, contexts: []}", "names the context 'gone' but does not define it"),
    ],
)
def test_a_kubeconfig_that_leads_nowhere(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    with pytest.raises(ConfigError, match=text):
        load(str(path), {})


def test_a_broken_kubeconfig_is_not_quoted(tmp_path: Path) -> None:
    """The parser's message would show the line, and with it a token."""
    path = tmp_path / "kubeconfig"
    path.write_text("users: [{user: {token: hunter2\n")
    with pytest.raises(ConfigError) as caught:
        load(str(path), {})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
