"""A push on the real node reaches a real receiver, with the header from the Secret."""

from __future__ import annotations

import base64
import json

from registry_operator.kube.kinds import DEPLOYMENT, POD, SECRET, SERVICE
from tests.demo.install import OPERATOR
from tests.e2e.managed import PATIENCE, Managed
from tests.stage.waiting import eventually

TOKEN = "Bearer of-the-receiver"
PROGRAM = """
import http.server, json

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for event in body["events"]:
            told = {"action": event["action"], "repository": event["target"]["repository"],
                    "tag": event["target"].get("tag"), "by": event["actor"].get("name"),
                    "authorization": self.headers["Authorization"]}
            print(json.dumps(told), flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


def receive(images: Managed) -> None:
    """A pod with the image that has Python already, and a Service before it."""
    operator = images.kube.get(DEPLOYMENT, OPERATOR, OPERATOR)["spec"]["template"]["spec"]
    meta = {"namespace": images.namespace, "name": "receiver"}
    container = {
        "name": "receiver",
        "image": operator["containers"][0]["image"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", PROGRAM],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }
    pod = {"metadata": {**meta, "labels": {"app": "receiver"}}, "spec": {"containers": [container]}}
    service = {"metadata": meta, "spec": {"selector": {"app": "receiver"}, "ports": [{"port": 80, "targetPort": 8080}]}}
    images.kube.create(SERVICE, service)
    images.kube.create(POD, pod)


def told(images: Managed) -> list[dict[str, str]]:
    said = images.kubectl("logs", f"--namespace={images.namespace}", "receiver", check=False).stdout
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def test_a_push_is_told_with_the_header_of_the_secret(images: Managed) -> None:
    receive(images)
    secret = {
        "metadata": {
            "namespace": images.namespace,
            "name": "headers",
            "labels": {"teamregistry.io/usable-by": "registries"},
        },
        "data": {"Authorization": base64.b64encode(TOKEN.encode()).decode()},
    }
    images.kube.create(SECRET, secret)
    endpoint = {
        "name": "audit",
        "url": f"http://receiver.{images.namespace}.svc/events",
        "headersSecretRef": {"name": "headers"},
        "ignore": {"actions": ["pull"]},
    }
    images.apply(
        {"tls": {"selfSigned": {}}, "log": {"level": "warn"}, "notifications": {"endpoints": [endpoint]}}
    ).ready().push("hello:1")

    def event() -> bool:
        wanted = {"action": "push", "repository": "hello", "tag": "1", "by": "admin", "authorization": TOKEN}
        return wanted in told(images)

    eventually(event, "the event of the push", within=PATIENCE, seen=lambda: told(images))
    assert {each["action"] for each in told(images)} == {"push"}
    log = images.kubectl("logs", f"--namespace={images.namespace}", f"deployment/{images.name}").stdout
    assert TOKEN not in log
