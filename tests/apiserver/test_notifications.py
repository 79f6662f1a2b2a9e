"""Headers of notifications: from a Secret whose owner allows it, and never without."""

from __future__ import annotations

import base64
from typing import Any

import yaml

from registry_operator.kube.kinds import DEPLOYMENT, SECRET
from tests.apiserver.registries import PLAIN, Subject
from tests.stage.kube import Object
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually

ENDPOINT: Object = {"name": "audit", "url": "https://audit.example.org", "headersSecretRef": {"name": "headers"}}
TOLD: Object = {**PLAIN, "log": {"level": "warn"}, "notifications": {"endpoints": [ENDPOINT]}}
ALLOWED = {"teamregistry.io/usable-by": "registries"}


def bring(images: Subject, *, labels: dict[str, str] | None = None, **headers: str) -> None:
    images.user_secret("headers", headers, labels=labels or {})


def sent(images: Subject) -> Any:
    """The headers in the configuration of the pods."""
    name = images.mounted("config")
    text = base64.b64decode(images.stage.kube.get(SECRET, images.namespace, name)["data"]["config.yml"])
    return yaml.safe_load(text)["notifications"]["endpoints"][0].get("headers")


def test_headers_come_rotate_and_break(operator: StagedOperator, images: Subject) -> None:
    images.apply(TOLD)
    assert "headers" in images.expect("WorkloadReady", "False", "SecretMissing")
    assert images.stage.kube.find(DEPLOYMENT, images.namespace, "images") is None

    bring(images, Authorization="Bearer one")
    message = images.expect("Stalled", "True", "SecretNotLabelled")
    assert "https://audit.example.org" in message
    assert "kubectl label secret headers teamregistry.io/usable-by=registries" in message
    assert images.stage.kube.find(DEPLOYMENT, images.namespace, "images") is None

    bring(images, labels=ALLOWED, Authorization="Bearer one\n")
    images.ready()
    assert sent(images) == {"Authorization": ["Bearer one"]}

    bring(images, labels=ALLOWED, Authorization="Bearer two")
    eventually(lambda: sent(images) == {"Authorization": ["Bearer two"]}, "the new header", seen=images.seen)
    images.ready()

    bring(images, labels=ALLOWED, Authorization="Bearer three\nX-Other: a")
    message = images.expect("Stalled", "True", "SecretInvalid")
    assert "Authorization" in message
    assert "three" not in message
    images.expect("Ready", "True")
    assert sent(images) == {"Authorization": ["Bearer two"]}

    bring(images, labels=ALLOWED, **{"Content-Length": "0"})
    eventually(lambda: "key Content-Length" in images.condition("Stalled").get("message", ""), "the key's name")
    bring(images, labels=ALLOWED, Authorization="Bearer four")
    eventually(lambda: sent(images) == {"Authorization": ["Bearer four"]}, "the mended header", seen=images.seen)
    images.ready()
