"""The OCI distribution conformance suite, through the endpoint that the operator made and against the bare program.

The suite asks for more than distribution gives (digests of SHA-512, the referrers API, …), so what counts is that
nothing fails here which the program alone passes.
"""

from __future__ import annotations

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

from registry_operator.registry import config
from tests import distribution
from tests.cluster.programs import program
from tests.e2e.managed import Managed


def suite(folder: Path, registry: str, **settings: str) -> Counter[str]:
    """How many tests of each name passed: one name stands for the same test on several digests or images."""
    results = folder / "results"
    environment = {
        "PATH": os.environ["PATH"],
        "OCI_REGISTRY": registry,
        "OCI_REPO1": "conformance/one",
        "OCI_REPO2": "conformance/two",
        "OCI_VERSION": "1.1",
        "OCI_RESULTS_DIR": str(results),
        **settings,
    }
    done = subprocess.run(
        [str(program("conformance"))], env=environment, cwd=folder, capture_output=True, text=True, timeout=300
    )
    report = results / "junit.xml"
    assert report.exists(), f"the suite did not run: {done.stderr[-1000:]}"
    cases = ElementTree.parse(report).iter("testcase")
    return Counter(case.attrib["name"] for case in cases if case.attrib["status"] == "passed")


@pytest.mark.parametrize("line", distribution.LINES)
def test_nothing_fails_that_the_bare_program_passes(images: Managed, line: config.Line, tmp_path: Path) -> None:
    bare_folder, made_folder = tmp_path / "bare", tmp_path / "made"
    bare_folder.mkdir()
    made_folder.mkdir()
    options = config.Options(
        line=line, port=0, drain_seconds=60, http_secret="conformance", storage=config.filesystem("/")
    )
    with distribution.running(options, bare_folder) as running:
        bare = suite(bare_folder, f"{distribution.LOOPBACK}:{running.port}", OCI_TLS="disabled")

    reached = images.apply({"version": line, "tls": {"selfSigned": {}}}).ready().access()
    trusted = made_folder / "ca.crt"
    trusted.write_text(reached.ca)
    account = {"OCI_USERNAME": reached.username, "OCI_PASSWORD": reached.password}
    made = suite(made_folder, reached.address, OCI_TLS="enabled", SSL_CERT_FILE=str(trusted), **account)

    assert bare.total() > 500, "the baseline itself is broken"
    assert bare - made == Counter()
