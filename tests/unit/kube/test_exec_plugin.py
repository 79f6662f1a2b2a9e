"""Credentials from a program, as kubectl's exec plugins give them."""

from __future__ import annotations

import asyncio
import json
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry_operator.kube.credentials import ExecPlugin, Plugin
from registry_operator.kube.errors import Unauthorized
from tests.unit.kube.credentials import CERTIFICATE, KEY, Write


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
