"""The steps of the demo."""

from __future__ import annotations

import json
import os

from tests.cluster import images, operator_image
from tests.cluster.choose import Cluster
from tests.cluster.context import ContextCluster
from tests.cluster.errors import ClusterError
from tests.cluster.kubectl import Kubectl, helm_path
from tests.cluster.machine import REPOSITORY
from tests.cluster.shell import run
from tests.demo import install
from tests.demo.client import Access, Client, access, client
from tests.demo.install import OPERATOR
from tests.demo.story import Story

NAMESPACE = "team-a"
NAME = "images"
SAMPLE = "manifests/samples/registry.yaml"
POD = "tests/demo/pod.yaml"
APPLICATION = "hello:1"


class Demo:
    """One run of the story on one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._kubectl = Kubectl(cluster.kubeconfig)
        self._story = Story(steps=7)

    def run(self) -> None:
        self._start_cluster()
        self._load_images()
        self._install_operator()
        self._make_registry()
        reached = access(self._kubectl, NAMESPACE, NAME)
        with client(self._cluster, reached, NAMESPACE, NAME) as docker:
            self._push(docker, reached)
            self._pull(docker)
            self._run_pod(reached)
            self._go_on(docker, reached)

    def _start_cluster(self) -> None:
        self._story.step("Start a Kubernetes cluster")
        self._cluster.up()
        self._story.command(f"export KUBECONFIG={self._cluster.kubeconfig}")
        self._story.result(self._kubectl("get", "nodes").stdout)

    def _load_images(self) -> None:
        self._story.step("Build the operator's image and give it to the node")
        if isinstance(self._cluster, ContextCluster):
            if not os.environ.get("IMAGE"):
                raise ClusterError(
                    "with CLUSTER=context:NAME, push the operator's image (`make image` builds it) to a registry that "
                    "the cluster's nodes reach, and say IMAGE=that/repository"
                )
            self._story.result(f"the cluster pulls {os.environ['IMAGE']}")
            return
        self._story.command("make image")
        self._cluster.load(operator_image.build())

    def _install_operator(self) -> None:
        self._story.step("Install the operator from its Helm chart")
        settings = [f"registryImages.v{line}={image}" for line, image in self._cluster.registry_images.items()]
        if os.environ.get("IMAGE") and isinstance(self._cluster, ContextCluster):
            settings.append(f"image.repository={os.environ['IMAGE']}")
        shown = " ".join(install.options(settings))
        self._story.command(f"helm upgrade --install {OPERATOR} charts/{OPERATOR} {shown} --wait")
        install.install(self._cluster.kubeconfig, settings)
        self._story.result(self._kubectl("get", "pods", f"--namespace={OPERATOR}").stdout)

    def _make_registry(self) -> None:
        self._story.step(f"Make a Registry for {NAMESPACE}")
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        self._story.command(f"kubectl create namespace {NAMESPACE}")
        self._kubectl("apply", "--filename=-", input=json.dumps(namespace))
        self._story.command(f"kubectl apply -n {NAMESPACE} -f {SAMPLE}")
        self._kubectl("apply", f"--namespace={NAMESPACE}", f"--filename={REPOSITORY / SAMPLE}")
        wait = ["wait", f"registry/{NAME}", "--for=condition=Ready", "--timeout=180s"]
        self._story.command(f"kubectl -n {NAMESPACE} {' '.join(wait)}")
        waited = self._kubectl(f"--namespace={NAMESPACE}", *wait, check=False, timeout=200)
        if waited.returncode:
            raise ClusterError(f"the Registry did not become ready:\n{self._troubles()}")
        self._story.result(self._kubectl("get", f"--namespace={NAMESPACE}", "registry,pods,services").stdout)

    def _troubles(self) -> str:
        """What the Registry, its pods and the operator say."""
        asked = (
            ("describe", "registry", NAME, f"--namespace={NAMESPACE}"),
            ("get", "pods,events", f"--namespace={NAMESPACE}"),
            ("logs", f"deployment/{OPERATOR}", f"--namespace={OPERATOR}", "--tail=20"),
        )
        return "\n".join(self._kubectl(*argv, check=False).stdout for argv in asked)

    def _push(self, docker: Client, reached: Access) -> None:
        self._story.step("Log in with the generated password and push, as a Docker user over TLS")
        for line in docker.exports():
            self._story.command(line)
        self._story.command(
            f"kubectl -n {NAMESPACE} get secret {NAME}-admin -o jsonpath='{{.data.password}}' | base64 -d | "
            f"docker login --username {reached.username} --password-stdin {docker.host}"
        )
        login = docker.docker(
            "login", "--username", reached.username, "--password-stdin", docker.host, input=reached.password
        )
        self._story.result(login.stdout)
        self._story.command(f"docker load --input {images.archive('client')}")
        docker.docker("load", "--quiet", "--input", str(images.archive("client")))
        for argv in (["tag", images.CLIENT, self._name(docker)], ["push", self._name(docker)]):
            self._story.command(f"docker {' '.join(argv)}")
            self._story.result(docker.docker(*argv).stdout)

    def _name(self, docker: Client) -> str:
        return f"{docker.host}/{APPLICATION}"

    def _pull(self, docker: Client) -> None:
        self._story.step("Forget the image and pull it again")
        docker.docker("rmi", "--force", self._name(docker), images.CLIENT)
        self._story.command(f"docker pull {self._name(docker)}")
        self._story.result(docker.docker("pull", self._name(docker)).stdout)

    def _run_pod(self, reached: Access) -> None:
        self._story.step("Run a pod from it: the node pulls with the Registry's own Secret")
        try:
            self._cluster.trust(reached.host, reached.ca, reached.address)
        except ClusterError as error:
            self._story.result(f"left out: {error}")
            return
        self._kubectl("delete", "pod", "hello", f"--namespace={NAMESPACE}", "--ignore-not-found", "--wait")
        self._story.command(f"kubectl apply -n {NAMESPACE} -f {POD}")
        self._kubectl("apply", f"--namespace={NAMESPACE}", f"--filename={REPOSITORY / POD}")
        succeeded = ["wait", "pod/hello", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=90s"]
        waited = self._kubectl(f"--namespace={NAMESPACE}", *succeeded, check=False)
        if waited.returncode:
            raise ClusterError(f"the pod did not run:\n{self._troubles()}")
        self._story.command(f"kubectl -n {NAMESPACE} logs hello")
        self._story.result(self._kubectl("logs", "hello", f"--namespace={NAMESPACE}").stdout)

    def _go_on(self, docker: Client, reached: Access) -> None:
        self._story.plain("\nAll of it works. To go on by hand:")
        for line in (f"export KUBECONFIG={self._cluster.kubeconfig}", *docker.exports()):
            self._story.command(line)
        for line in (
            f"kubectl get registries -n {NAMESPACE} -o wide",
            f"kubectl describe registry {NAME} -n {NAMESPACE}",
            f"docker pull {reached.host}/{APPLICATION}",
            "make demo-down        # ends it",
        ):
            self._story.command(line)


def undo(cluster: Cluster) -> None:
    """End the demo; on a cluster that is not ours, take back what the demo put there."""
    if isinstance(cluster, ContextCluster):
        cluster.up()
        kubectl = Kubectl(cluster.kubeconfig)
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", timeout=300)
        helm = [str(helm_path()), f"--kubeconfig={cluster.kubeconfig}", "uninstall", OPERATOR, "--namespace", OPERATOR]
        run(*helm, "--ignore-not-found", "--wait", timeout=240)
    cluster.down()
