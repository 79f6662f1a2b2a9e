"""The stub registry must refuse what the real one refuses, or tests on it prove nothing."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp
import bcrypt
import pytest
import yaml

from tests.stage import container, pods
from tests.stage.container import Broken, Container, NotMounted
from tests.stage.pairs import Pair, make_pair
from tests.stage.stub import StubRegistry, Trouble

Object = dict[str, Any]
HOST = "images.team.svc"


def secret(**data: str) -> Object:
    return {"data": {key.replace("__", "."): base64.b64encode(text.encode()).decode() for key, text in data.items()}}


def line(user: str, password: str) -> str:
    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}\n"


def config(*, tls: bool = True, auth: bool = True, read_only: bool = False) -> str:
    document: Object = {"version": 0.1, "storage": {"filesystem": {}}, "http": {"addr": ":5000"}}
    if read_only:
        document["storage"]["maintenance"] = {"readonly": {"enabled": True}}
    if tls:
        document["http"]["tls"] = {"certificate": "/tls/tls.crt", "key": "/tls/tls.key"}
    if auth:
        document["auth"] = {"htpasswd": {"realm": "registry", "path": "/auth/htpasswd"}}
    return yaml.safe_dump(document)


POD: Object = {
    "metadata": {
        "namespace": "team",
        "name": "images-1",
        "uid": "u1",
        "creationTimestamp": pods.NOW,
        "labels": {"teamregistry.io/registry": "images"},
    },
    "spec": {
        "containers": [
            {
                "name": "registry",
                "image": "registry:2.8.3",
                "args": ["serve", "/config/config.yml"],
                "volumeMounts": [
                    {"name": "config", "mountPath": "/config"},
                    {"name": "tls", "mountPath": "/tls"},
                    {"name": "auth", "mountPath": "/auth"},
                ],
            }
        ],
        "volumes": [
            {"name": "config", "secret": {"secretName": "images-config"}},
            {"name": "tls", "projected": {"sources": [{"secret": {"name": "images-tls", "optional": True}}]}},
            {"name": "auth", "secret": {"secretName": "images-htpasswd", "optional": True}},
        ],
    },
}


@pytest.fixture(scope="module")
def pair() -> Pair:
    return make_pair([HOST, "images.example.org"])


@pytest.fixture
def secrets(pair: Pair) -> dict[str, Object]:
    return {
        "images-config": secret(config__yml=config()),
        "images-tls": secret(tls__crt=pair.certificate, tls__key=pair.key),
        "images-htpasswd": secret(htpasswd=line("alice", "right")),
    }


def started(secrets: Mapping[str, Object]) -> Container:
    return container.start(POD, secrets.get)


# -------------------------------------------------------------------- starting
def test_a_secret_that_is_missing_keeps_the_pod_from_starting(secrets: dict[str, Object]) -> None:
    del secrets["images-config"]
    with pytest.raises(NotMounted, match='secret "images-config" not found'):
        started(secrets)


def test_a_file_that_the_configuration_names_must_be_mounted(secrets: dict[str, Object]) -> None:
    del secrets["images-tls"]
    with pytest.raises(Broken, match=r"open /tls/tls\.crt: no such file"):
        started(secrets)


@pytest.mark.parametrize("text", ["", "version: 0.1", "a: [b"])
def test_a_broken_configuration_ends_the_program(secrets: dict[str, Object], text: str) -> None:
    secrets["images-config"] = secret(config__yml=text)
    with pytest.raises(Broken, match="configuration error"):
        started(secrets)


def test_a_key_of_another_certificate_ends_the_program(secrets: dict[str, Object], pair: Pair) -> None:
    secrets["images-tls"] = secret(tls__crt=pair.certificate, tls__key=make_pair(["x"]).key)
    with pytest.raises(Broken, match="tls"):
        started(secrets)


def test_the_password_file_is_read_at_each_request(secrets: dict[str, Object]) -> None:
    runs = started(secrets)
    assert runs.admits("alice", "right")
    assert not runs.admits("alice", "wrong")
    assert not runs.admits("bob", "right")
    secrets["images-htpasswd"] = secret(htpasswd=line("bob", "other"))
    assert runs.admits("bob", "other")
    assert not runs.admits("alice", "right")


def test_without_a_password_file_everybody_is_admitted(secrets: dict[str, Object]) -> None:
    secrets["images-config"] = secret(config__yml=config(auth=False))
    assert started(secrets).admits("", "")


# -------------------------------------------------------------------- answering
async def ask(  # one request as the operator's probe sends it
    stub: StubRegistry,
    path: str = "/v2/",
    *,
    method: str = "GET",
    scheme: str = "https",
    host: str = HOST,
    trust: Pair | None = None,
    password: str = "right",
) -> aiohttp.ClientResponse:
    context = ssl.create_default_context(cadata=trust.authority) if trust else False
    headers = {"Host": host, "Authorization": aiohttp.encode_basic_auth("alice", password)}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
        session.request(
            method, f"{scheme}://{stub.address}{path}", ssl=context, server_hostname=host, headers=headers
        ) as answer,
    ):
        await answer.read()
        return answer


async def test_it_shows_the_certificate_of_the_registry_that_is_asked_for(
    secrets: dict[str, Object], pair: Pair
) -> None:
    runs = started(secrets)
    async with StubRegistry(lambda host: runs if host in runs.names else None) as stub:
        assert (await ask(stub, trust=pair)).status == 200
        assert (await ask(stub, host="images.example.org", trust=pair)).status == 200
        with pytest.raises(aiohttp.ClientError):
            await ask(stub, host="another.team.svc")


async def test_it_refuses_a_wrong_password(secrets: dict[str, Object]) -> None:
    async with StubRegistry(lambda _: started(secrets)) as stub:
        answer = await ask(stub, password="wrong")
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
        assert (await ask(stub, "/", password="wrong")).status == 200  # kubelet's probe needs no password


async def test_uploads_are_started_and_cancelled_unless_it_is_read_only(secrets: dict[str, Object]) -> None:
    async with StubRegistry(lambda _: started(secrets)) as stub:
        begun = await ask(stub, "/v2/probe/blobs/uploads/", method="POST")
        assert begun.status == 202
        location = begun.headers["Location"].removeprefix(f"https://{HOST}")
        assert (await ask(stub, location, method="DELETE")).status == 204
        secrets["images-config"] = secret(config__yml=config(read_only=True))
        assert (await ask(stub, "/v2/probe/blobs/uploads/", method="POST")).status == 405


async def test_plain_http_is_for_registries_without_tls_only(secrets: dict[str, Object]) -> None:
    async with StubRegistry(lambda _: started(secrets)) as stub:
        assert (await ask(stub, scheme="http")).status == 400
        secrets["images-config"] = secret(config__yml=config(tls=False))
        assert (await ask(stub, scheme="http")).status == 200
        with pytest.raises(aiohttp.ClientError):
            await ask(stub, scheme="https")


async def test_nothing_answers_where_no_registry_is_ready() -> None:
    async with StubRegistry(lambda _: None) as stub:
        for scheme in ("http", "https"):
            with pytest.raises(aiohttp.ClientError):
                await ask(stub, scheme=scheme)


@pytest.mark.parametrize(
    ("trouble", "method", "path", "status"),
    [
        (Trouble.FAILING, "GET", "/v2/", 503),
        (Trouble.FORGETFUL, "GET", "/v2/", 401),
        (Trouble.FULL, "POST", "/v2/probe/blobs/uploads/", 500),
        (Trouble.FULL, "GET", "/v2/", 200),
    ],
)
async def test_troubles(secrets: dict[str, Object], trouble: Trouble, method: str, path: str, status: int) -> None:
    async with StubRegistry(lambda _: started(secrets)) as stub:
        stub.troubles["team", "images"] = trouble
        assert (await ask(stub, path, method=method)).status == status
