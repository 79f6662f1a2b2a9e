"""The real registry of either line starts from each rendered configuration, and does what the Registry asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from registry_operator.api.registry import Registry
from registry_operator.desired import deployment
from registry_operator.registry import probe
from registry_operator.registry.config import Line
from registry_operator.registry.http import Target
from registry_operator.registry.probe import HttpError, Ok, TlsExpectation
from tests.distribution import LINES, LOOPBACK, free_port, started
from tests.golden.children import NAMES, config_text, registry
from tests.unit.registry.serving import CA, HOST, PASSWORD, USER, write_files


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("case", NAMES)
async def test_the_registry_starts_and_does_as_told(case: str, line: Line, tmp_path: Path) -> None:
    subject = registry(case)
    subject = replace(subject, spec=replace(subject.spec, version=line))
    port = free_port()
    write_files(tmp_path)
    (tmp_path / "data").mkdir()
    with started(line, _relocated(config_text(subject), tmp_path, port), tmp_path, port):
        await _judge(subject, Target(host=HOST, port=443, address=LOOPBACK, address_port=port))


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
    text = text.replace(deployment.DATA_FOLDER, str(folder / "data"))
    for inside in (deployment.TLS_FOLDER, deployment.HTPASSWD_FOLDER):
        text = text.replace(f"{inside}/", f"{folder}/")
    assert f"addr: :{deployment.PORT}\n" in text
    return text.replace(f"addr: :{deployment.PORT}\n", f"addr: {LOOPBACK}:{port}\n")
