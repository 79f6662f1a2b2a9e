"""The real registry of either line starts from each rendered configuration, and does what the Registry asks for.

What it does with a bucket is tried on a real S3 server (tests/unit/registry/test_drivers.py), what a cache
does beside a real registry (test_upstream.py there).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from registry_operator.api.registry import Registry
from registry_operator.desired import deployment, object_storage
from registry_operator.desired.attached import folder
from registry_operator.registry import probe
from registry_operator.registry.config import Line
from registry_operator.registry.http import Target
from registry_operator.registry.probe import HttpError, Ok, TlsExpectation
from tests.distribution import LINES, LOOPBACK, started
from tests.golden.children import NAMES, config_text, registry
from tests.ports import free_port
from tests.unit.registry.serving import CA, HOST, PASSWORD, USER, google_key, write_files

ON_A_VOLUME = [name for name in NAMES if registry(name).spec.storage.bucket is None and not registry(name).spec.proxy]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("case", ON_A_VOLUME)
async def test_the_registry_starts_and_does_as_told(case: str, line: Line, tmp_path: Path) -> None:
    subject = registry(case)
    subject = replace(subject, spec=replace(subject.spec, version=line))
    port = free_port()
    write_files(tmp_path)
    (tmp_path / "data").mkdir()
    with started(line, _relocated(config_text(subject), tmp_path, port), tmp_path, port):
        await _judge(subject, Target(host=HOST, port=443, address=LOOPBACK, address_port=port))


@pytest.mark.parametrize("case", [name for name in NAMES if registry(name).spec.storage.bucket])
async def test_line_3_starts_on_a_bucket(case: str, tmp_path: Path) -> None:
    """Debian's line 2 has the driver of S3 alone. No bucket is asked before the first request for content."""
    subject, port = registry(case), free_port()
    subject = replace(subject, spec=replace(subject.spec, version="3"))
    write_files(tmp_path)
    text = config_text(subject).replace(f"{folder(object_storage.NAME)}/", f"{tmp_path}/")
    (tmp_path / object_storage.GCS_KEY).write_text(google_key())
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    with started("3", _listening(_files(text, tmp_path), port), tmp_path, port, keys):
        target = Target(host=HOST, port=443, address=LOOPBACK, address_port=port)
        assert isinstance(await probe.login(target, TlsExpectation(ca_pem=CA.crt), USER, PASSWORD), Ok)


async def _judge(subject: Registry, target: Target) -> None:
    spec = subject.spec
    tls = TlsExpectation(ca_pem=CA.crt) if spec.tls.enabled else None
    user = USER if spec.auth.mode == "Htpasswd" else None
    assert isinstance(await probe.login(target, tls, user, PASSWORD), Ok)
    anonymous = await probe.login(target, tls, None)
    assert isinstance(anonymous, probe.Refused if user else Ok)
    upload = await probe.upload(target, tls, user, PASSWORD)
    if spec.access == "ReadOnly":
        assert isinstance(upload, HttpError)
        assert upload.status == 405
    else:
        assert isinstance(upload, Ok)


def _relocated(text: str, folder: Path, port: int) -> str:
    """The pod's folders and port, as this machine has them; each must be there, or the case would prove nothing."""
    assert f"{deployment.DATA_FOLDER}\n" in text
    return _listening(_files(text.replace(deployment.DATA_FOLDER, str(folder / "data")), folder), port)


def _files(text: str, folder: Path) -> str:
    for inside in (deployment.TLS_FOLDER, deployment.HTPASSWD_FOLDER):
        text = text.replace(f"{inside}/", f"{folder}/")
    return text


def _listening(text: str, port: int) -> str:
    assert f"addr: :{deployment.PORT}\n" in text
    text = text.replace(f"addr: :{deployment.METRICS_PORT}\n", f"addr: {LOOPBACK}:{free_port()}\n")
    return text.replace(f"addr: :{deployment.PORT}\n", f"addr: {LOOPBACK}:{port}\n")
