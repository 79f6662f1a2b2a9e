"""Finding the cluster, and the credentials that change while the operator runs."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from registry_operator.kube.auth import ClusterConfig, ConfigError, load
from registry_operator.kube.credentials import ExecPlugin, Plugin, TokenFile
from registry_operator.kube.errors import Unauthorized


def pair() -> tuple[bytes, bytes]:
    """A self-signed certificate and its key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


CERTIFICATE, KEY = pair()


@pytest.fixture
def service_account(tmp_path: Path) -> Path:
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text("first\n")
    (folder / "namespace").write_text("registry-system")
    (folder / "ca.crt").write_bytes(CERTIFICATE)
    return folder


Write = Callable[..., ClusterConfig]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Write a kubeconfig with this user and cluster, and load it."""

    def write(user: dict[str, Any] | None = None, **cluster: Any) -> ClusterConfig:
        content: dict[str, Any] = {
            "current-context": "one",
            "contexts": [{"name": "one", "context": {"cluster": "c", "namespace": "team-a"}}],
            "clusters": [{"name": "c", "cluster": {"server": "http://localhost:8001", **cluster}}],
        }
        if user is not None:
            content["contexts"][0]["context"]["user"] = "u"
            content["users"] = [{"name": "u", "user": user}]
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(content))
        return load(None, {"KUBECONFIG": str(path)})

    return write


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


def plugin(folder: Path, script: str, **arguments: Any) -> Plugin:
    """A plugin in shell; it writes a line to the file `runs` each time."""
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\necho run >> {folder}/runs\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Plugin("./plugin", folder=folder, **arguments)


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().split())


def printed(**status: str) -> str:
    return f"echo '{json.dumps({'kind': 'ExecCredential', 'status': status})}'"


async def test_a_plugin_is_run_until_shortly_before_its_credential_expires(tmp_path: Path) -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    now = [start]
    script = printed(token="t", expirationTimestamp="2030-01-01T01:00:00Z")
    credentials = ExecPlugin(plugin(tmp_path, script), None, lambda: now[0])
    many = await asyncio.gather(*(credentials.headers() for _ in range(5)))
    assert many == [{"Authorization": "Bearer t"}] * 5
    assert runs(tmp_path) == 1
    now[0] = start + timedelta(minutes=58)
    await credentials.headers()
    assert runs(tmp_path) == 1
    now[0] = start + timedelta(minutes=59, seconds=1)
    await credentials.headers()
    assert runs(tmp_path) == 2
    assert await credentials.refresh()
    assert runs(tmp_path) == 3


async def test_requests_that_are_refused_together_run_the_plugin_once(tmp_path: Path) -> None:
    credentials = ExecPlugin(plugin(tmp_path, printed(token="t")), None)
    await credentials.headers()
    await asyncio.gather(*(credentials.refresh() for _ in range(5)))
    assert runs(tmp_path) == 2


async def test_a_plugin_gets_its_arguments_and_the_cluster(tmp_path: Path) -> None:
    script = f'echo "$1 $COLOUR $KUBERNETES_EXEC_INFO" > {tmp_path}/got\n{printed(token="t")}'
    one = plugin(tmp_path, script, args=["login"], env={"COLOUR": "red"}, cluster={"server": "https://a"})
    await ExecPlugin(one, None).headers()
    argument, colour, info = (tmp_path / "got").read_text().split(" ", 2)
    assert (argument, colour) == ("login", "red")
    assert json.loads(info)["spec"] == {"interactive": False, "cluster": {"server": "https://a"}}


async def test_a_plugin_may_give_a_client_certificate(tmp_path: Path) -> None:
    script = printed(clientCertificateData=CERTIFICATE.decode(), clientKeyData=KEY.decode()).replace("\\n", "\\\\n")
    context = ssl.create_default_context()
    assert await ExecPlugin(plugin(tmp_path, script), context).headers() == {}


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("echo secret; exit 3", "exit code 3"),
        ("echo secret", "no ExecCredential"),
        ("echo '{\"status\": {}}'", "neither a token nor a client certificate"),
    ],
)
async def test_a_plugin_that_fails_says_so_and_nothing_else(tmp_path: Path, script: str, text: str) -> None:
    with pytest.raises(Unauthorized, match=text) as caught:
        await ExecPlugin(plugin(tmp_path, script), None).headers()
    assert "secret" not in str(caught.value)


async def test_a_plugin_that_is_not_installed(written: Write) -> None:
    config = written({"exec": {"command": "no-such-plugin-here", "installHint": "Install it from the shop."}})
    with pytest.raises(Unauthorized, match=r"cannot be run.*Install it from the shop"):
        await config.credentials.headers()


async def test_a_plugin_of_a_kubeconfig(written: Write, tmp_path: Path) -> None:
    plugin(tmp_path, f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/got\n{printed(token="from-plugin")}')
    entry = {"command": "./plugin", "apiVersion": "client.authentication.k8s.io/v1beta1", "provideClusterInfo": True}
    config = written({"exec": {**entry, "env": [{"name": "A", "value": "b"}], "args": None}})
    assert await config.credentials.headers() == {"Authorization": "Bearer from-plugin"}
    info = json.loads((tmp_path / "got").read_text())
    assert info["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert info["spec"]["cluster"]["server"] == "http://localhost:8001"
