"""What a team does with crane from a machine that knows the Service's name: with the published CA and pull secret."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from registry_operator.kube.kinds import SECRET
from tests.cluster import images as built
from tests.cluster import trust
from tests.cluster.local import LocalCluster
from tests.cluster.programs import program
from tests.cluster.shell import Result
from tests.e2e.managed import Managed


@dataclass(frozen=True)
class Crane:
    """crane on the node, where the name stands in the hosts file; `folder` has its log-in and the CA."""

    node: LocalCluster
    folder: Path

    def __call__(self, *argv: str, trusting: bool = True, check: bool = True) -> Result:
        # An empty folder of certificates, too: Go reads the machine's beside the file.
        store = {"SSL_CERT_FILE": self.folder / "ca.crt", "SSL_CERT_DIR": self.folder} if trusting else {}
        settings = [f"{name}={value}" for name, value in {**store, "DOCKER_CONFIG": self.folder}.items()]
        return self.node.exec(["env", *settings, str(program("crane")), *argv], check=check, timeout=120)

    def log_in(self, config: str) -> None:
        (self.folder / "config.json").write_text(config)


def test_a_person_with_crane(node: LocalCluster, images: Managed, tmp_path: Path) -> None:
    """Push, look, pull by the Service's name; neither a machine without the CA nor a wrong password gets in."""
    reached = images.apply().ready().access()
    trust.name_host(node.layout.hosts, reached.host, reached.address)
    crane, name = Crane(node, tmp_path), f"{reached.host}/hello:1"
    (tmp_path / "ca.crt").write_text(reached.ca)
    secret = images.kube.get(SECRET, images.namespace, "images-admin")["data"]
    generated = base64.b64decode(secret[".dockerconfigjson"]).decode()
    crane.log_in(generated.replace(reached.password, "wrong").replace(_auth(reached.password), _auth("wrong")))
    assert "UNAUTHORIZED" in crane("ls", f"{reached.host}/hello", check=False).stderr
    crane.log_in(generated)
    untrusted = crane("digest", name, trusting=False, check=False)
    assert "certificate signed by unknown authority" in untrusted.stderr

    crane("push", str(built.archive("client")), name)
    assert crane("ls", f"{reached.host}/hello").stdout.split() == ["1"]
    digest = crane("digest", name).stdout.strip()
    assert digest == images.digest("hello:1")
    crane("pull", f"{reached.host}/hello@{digest}", str(tmp_path / "pulled.tar"))
    crane("push", str(tmp_path / "pulled.tar"), f"{reached.host}/hello:2")
    assert crane("digest", f"{reached.host}/hello:2").stdout.strip() == digest


def _auth(password: str) -> str:
    """As it stands in the generated log-in."""
    return base64.b64encode(f"admin:{password}".encode()).decode()
