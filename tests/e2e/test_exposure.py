"""A client outside of the cluster: through a port of the node, with the address and the trust that status tells."""

from __future__ import annotations

import ssl
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from registry_operator.kube.kinds import INGRESS, NETWORK_POLICY, SERVICE
from tests.cluster import images as archives
from tests.cluster.local import LocalCluster
from tests.cluster.shell import run
from tests.e2e.managed import Managed
from tests.stage.kube import Object


def test_the_port_of_a_node_leads_to_the_registry(images: Managed, node: LocalCluster) -> None:
    """Push and look by what `status.endpoints.external` says; the upload goes on where it began, by relative URLs."""
    address = str(node.addresses.node)
    header = {"name": "X-Team", "value": "a"}
    images.apply(
        {
            "tls": {"selfSigned": {}, "ipAddresses": [address]},
            "service": {"type": "NodePort", "externalTrafficPolicy": "Local", "ipFamilyPolicy": "PreferDualStack"},
            "http": {"headers": [header]},
        }
    ).ready()
    port = images.kube.get(SERVICE, images.namespace, images.name)["spec"]["ports"][0]["nodePort"]
    (url,) = images.get()["status"]["endpoints"]["external"]
    assert url == f"https://{address}:{port}"
    images.wait("Exposed", "True", "ReachedFromOutside")

    reached, there = images.access(), url.partition("://")[2]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "ca.crt").write_text(reached.ca)
        account = f"{reached.username}:{reached.password}"
        side = [f"--dest-cert-dir={folder}", f"--dest-creds={account}"]
        archive = f"docker-archive:{archives.archive('client')}"
        run("skopeo", "copy", *side, archive, f"docker://{there}/hello:1", timeout=120)
        asked = [f"--cert-dir={folder}", f"--creds={account}", "--format={{.Digest}}"]
        seen = run("skopeo", "inspect", *asked, f"docker://{there}/hello:1", timeout=120).stdout.strip()
    assert seen == images.digest("hello:1")

    trust = ssl.create_default_context(cadata=reached.ca)
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:  # nobody has logged in
        urllib.request.urlopen(f"{url}/v2/", context=trust, timeout=30)
    with refused.value as answer:
        assert answer.headers["X-Team"] == "a"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_plain_node_takes_the_objects_around_a_registry(images: Managed) -> None:
    """No ingress controller runs there: the registry works all the same, and status says what is unanswered."""
    expose = {"ingress": {"host": "images.example.org", "className": "nginx"}}
    gateway = {"hostnames": ["images.example.org"], "parentRefs": [{"name": "shared"}]}
    mine: list[Object] = [{"podSelector": {}}]
    images.apply({"tls": {"selfSigned": {}}, "expose": expose, "networkPolicy": {"from": mine}}).ready()
    images.push("hello:1")
    images.wait("Exposed", "Unknown", "ExposurePending")
    ingress = images.kube.get(INGRESS, images.namespace, images.name)
    assert ingress["spec"]["tls"][0]["secretName"].startswith("images-tls-")
    policy = images.kube.get(NETWORK_POLICY, images.namespace, images.name)
    operator, *others = policy["spec"]["ingress"][0]["from"]
    assert others == mine
    assert operator["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "registry-operator"}
    assert operator["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "registry-operator"

    images.apply({"tls": {"selfSigned": {}}, "expose": {"gateway": gateway}})
    images.wait("Exposed", "False", "GatewayAPIMissing")
    images.wait("Ready", "True")
    assert images.kube.find(INGRESS, images.namespace, images.name) is None
