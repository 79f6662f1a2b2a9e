"""What a team does with Docker: log in, tag, push and pull, over TLS, with the generated password."""

from __future__ import annotations

import base64

import bcrypt
import pytest

from registry_operator.kube.kinds import POD, SECRET, SERVICE
from tests.cluster import images as built
from tests.cluster.docker_engine import DockerEngine
from tests.cluster.local import LocalCluster
from tests.demo.client import Access
from tests.e2e.managed import PATIENCE, Managed
from tests.stage.waiting import eventually


def push_and_pull(engine: DockerEngine, host: str) -> None:
    name = f"{host}/hello:1"
    engine.load(built.archive("client"))
    engine.docker("tag", built.CLIENT, name)
    engine.docker("push", name)
    engine.docker("rmi", "--force", name, built.CLIENT)
    assert "Downloaded newer image" in engine.docker("pull", name).stdout
    engine.docker("rmi", "--force", name)


def test_a_person_with_docker(engine: DockerEngine, images: Managed) -> None:
    """By the Service's name: an unknown CA and a wrong password are refused, the right ones let in."""
    reached = images.apply().ready().access()
    engine.name_host(reached.host, reached.address)
    untrusted = engine.login(reached.host, reached.username, reached.password, check=False)
    assert "certificate signed by unknown authority" in untrusted.stderr
    engine.trust(reached.host, reached.ca)
    wrong = engine.login(reached.host, reached.username, "not the password", check=False)
    assert "401 Unauthorized" in wrong.stderr
    assert "Login Succeeded" in engine.login(reached.host, reached.username, reached.password).stdout
    push_and_pull(engine, reached.host)


def test_by_a_node_port(node: LocalCluster, engine: DockerEngine, images: Managed) -> None:
    """By the node's own address, which the certificate names."""
    images.apply({"service": {"type": "NodePort"}, "tls": {"selfSigned": {}, "ipAddresses": [node.node_ip]}}).ready()
    reached = images.access()
    port = images.kube.get(SERVICE, images.namespace, images.name)["spec"]["ports"][0]["nodePort"]
    host = f"{node.node_ip}:{port}"
    engine.trust(host, reached.ca)
    assert "Login Succeeded" in engine.login(host, reached.username, reached.password).stdout
    push_and_pull(engine, host)


@pytest.mark.parametrize("line", ["2", "3"])
def test_both_lines(images: Managed, line: str) -> None:
    images.apply({"version": line, "tls": {"selfSigned": {}}}).ready()
    images.push("hello:1")
    assert images.digest("hello:1").startswith("sha256:")
    assert images.get()["status"]["version"].startswith(f"{line}")


def run_pod(images: Managed, image: str) -> None:
    """A pod that pulls with the Registry's own Secret."""
    container = {"name": "hello", "image": image, "imagePullPolicy": "Always", "command": ["sh", "-c", "echo hello"]}
    spec = {"restartPolicy": "Never", "imagePullSecrets": [{"name": f"{images.name}-admin"}], "containers": [container]}
    images.kube.create(POD, {"metadata": {"namespace": images.namespace, "name": "hello"}, "spec": spec})


def test_a_pod_pulls_with_the_generated_secret(node: LocalCluster, images: Managed) -> None:
    reached: Access = images.apply({"tls": {"selfSigned": {}}}).ready().access()
    images.push("hello:1")
    node.trust(reached.host, reached.ca, reached.address)
    run_pod(images, f"{reached.host}/hello:1")

    def phase() -> str:
        return str(images.kube.get(POD, images.namespace, "hello")["status"].get("phase"))

    eventually(lambda: phase() == "Succeeded", "the pod's end", within=PATIENCE, seen=phase)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def team_file(images: Managed, content: str) -> None:
    meta = {"namespace": images.namespace, "name": "team"}
    images.kube.apply(SECRET, {"metadata": meta, "data": {"htpasswd": encoded(content)}})


def line(user: str) -> str:
    """An htpasswd line whose password is `<user>-password`."""
    return f"{user}:{bcrypt.hashpw(f'{user}-password'.encode(), bcrypt.gensalt(5)).decode()}\n"


def test_users_come_and_go_without_a_restart(images: Managed) -> None:
    alice, bob = line("alice"), line("bob")
    team_file(images, alice)
    images.apply({"tls": {"selfSigned": {}}, "auth": {"htpasswd": {"secretRef": {"name": "team", "key": "htpasswd"}}}})
    images.ready().push("hello:1")
    pods = {pod["metadata"]["uid"] for pod in images.pods()}
    assert images.admits("alice", "alice-password")
    assert not images.admits("bob", "bob-password")

    team_file(images, bob)
    eventually(lambda: images.admits("bob", "bob-password"), "bob's log-in", within=PATIENCE, seen=images.conditions)
    images.wait("CredentialsReady", "True")
    assert not images.admits("alice", "alice-password")
    assert {pod["metadata"]["uid"] for pod in images.pods()} == pods

    images.kube.delete(SECRET, images.namespace, "team")
    images.wait("CredentialsReady", "False", "SecretMissing")
    images.evict()
    images.wait("WorkloadReady", "True")
    eventually(lambda: images.admits("bob", "bob-password"), "bob's log-in on the new pod", within=PATIENCE)
