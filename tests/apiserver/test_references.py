"""Secrets of the user's that appear, rotate, break and vanish: the registry follows, or serves on with what it has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import bcrypt
import pytest

from registry_operator.kube.kinds import DEPLOYMENT, SECRET
from registry_operator.registry.authority import make_ca, make_leaf
from registry_operator.registry.certificates import parse_pair
from tests.apiserver.registries import SELF_SIGNED, Subject
from tests.stage.kube import Kube, Object
from tests.stage.pairs import Pair, make_pair
from tests.stage.stage import StagedOperator
from tests.stage.waiting import eventually, steady

PAIR: Object = {"tls": {"secretRef": {"name": "pair"}}}
USERS: Object = {**SELF_SIGNED, "auth": {"htpasswd": {"secretRef": {"name": "users", "key": "htpasswd"}}}}


def pair_for(images: Subject, *, days: int = 30) -> Pair:
    return make_pair([f"images.{images.namespace}.svc"], days=days)


def bring(images: Subject, pair: Pair) -> None:
    images.user_secret("pair", pair.data, kind="kubernetes.io/tls")


def line(user: str, password: str, cost: int = 4) -> str:
    return f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()}\n"


def rolls(images: Subject) -> int:
    return int(images.child(DEPLOYMENT)["metadata"]["generation"])


def served(images: Subject) -> str:
    fingerprint = str(images.get()["status"].get("certificate", {}).get("fingerprint", ""))
    return fingerprint.replace(":", "").lower()


def test_a_certificate_that_appears_rotates_and_vanishes(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    images.apply(PAIR)
    assert "pair" in images.expect("CertificateReady", "False", "SecretMissing")
    assert kube.find(DEPLOYMENT, images.namespace, "images") is None
    first, second = pair_for(images), pair_for(images)
    bring(images, first)
    images.ready()
    assert served(images) == first.fingerprint

    before = rolls(images)
    bring(images, second)
    eventually(lambda: served(images) == second.fingerprint, "the new certificate", seen=images.seen)
    images.ready()
    assert rolls(images) == before + 1

    kube.patch(SECRET, images.namespace, "pair", {"metadata": {"labels": {"example.org/a": "b"}}})
    kube.delete(SECRET, images.namespace, "pair")
    assert "pair" in images.expect("CertificateReady", "False", "SecretMissing")
    images.evict()
    eventually(lambda: images.container, "the pod's successor", seen=images.seen)
    images.expect("Ready", "True")
    assert rolls(images) == before + 1
    bring(images, second)
    images.ready()
    assert rolls(images) == before + 1


def test_a_renewed_certificate_reaches_pods_that_may_not_have_the_rest(
    operator: StagedOperator, kube: Kube, images: Subject
) -> None:
    """The spec asks for a line that its store must not be given to, and the pods' certificate is near its end."""
    now = datetime.now(UTC)
    authority = make_ca("stage", images.namespace, now - timedelta(days=100))
    host = [f"images.{images.namespace}.svc"]
    old, new = (make_leaf(authority, host, (), now - timedelta(days=age), 30) for age in (28, 1))
    data = {"tls.crt": old.crt, "tls.key": old.key, "ca.crt": authority.crt}
    images.user_secret("pair", data, kind="kubernetes.io/tls")
    images.apply({**PAIR, "version": "3"})
    images.ready()
    before = images.child(DEPLOYMENT)
    images.edit({"version": "2", "log": {"level": "debug"}})
    images.expect("Stalled", "True", "DowngradeRefused")
    images.user_secret("pair", {**data, "tls.crt": new.crt, "tls.key": new.key}, kind="kubernetes.io/tls")
    renewed = parse_pair(new.crt, new.key).fingerprint
    eventually(lambda: served(images) == renewed, "the new certificate", seen=images.seen)
    images.expect("Ready", "True")
    assert containers(images.child(DEPLOYMENT)) == containers(before)
    assert steady(lambda: rolls(images), quiet=1) == before["metadata"]["generation"] + 1


def containers(deployment: Object) -> Object:
    found: Object = deployment["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("expired", "CertificateExpired"),
        ("mismatched", "CertificateInvalid"),
        ("not PEM", "CertificateInvalid"),
        ("another name", "CertificateInvalid"),
    ],
)
def test_a_bad_certificate_never_reaches_the_pods(
    operator: StagedOperator, images: Subject, fault: str, reason: str
) -> None:
    good = pair_for(images)
    bring(images, good)
    images.apply(PAIR)
    images.ready()
    before = rolls(images)
    bad = {
        "expired": pair_for(images, days=-1).data,
        "mismatched": {**good.data, "tls.key": pair_for(images).key},
        "not PEM": {**good.data, "tls.crt": "x"},
        "another name": make_pair(["elsewhere.example.org"]).data,
    }[fault]
    images.user_secret("pair", bad, kind="kubernetes.io/tls")
    images.expect("CertificateReady", "False")
    images.expect("Stalled", "True", reason)
    images.evict()
    images.expect("Ready", "True")
    assert (rolls(images), served(images)) == (before, good.fingerprint)
    bring(images, good)
    images.ready()


def test_users_come_change_and_go_without_a_restart(operator: StagedOperator, kube: Kube, images: Subject) -> None:
    images.apply(USERS)
    assert "users" in images.expect("CredentialsReady", "False", "SecretMissing")
    images.user_secret("users", {"htpasswd": line("alice", "one")})
    images.ready()
    assert images.admits("alice", "one")
    pods, admin = [pod["metadata"]["uid"] for pod in images.pods()], images.secret("-htpasswd", "htpasswd")

    images.user_secret("users", {"htpasswd": line("alice", "two") + line("bob", "three")})
    eventually(lambda: images.admits("bob", "three"), "the new user", seen=images.seen)
    images.ready()
    assert images.admits("alice", "two")
    assert not images.admits("alice", "one")
    assert [pod["metadata"]["uid"] for pod in images.pods()] == pods

    def account(text: str) -> str:
        return next(entry for entry in text.splitlines() if entry.startswith("admin:"))

    assert account(images.secret("-htpasswd", "htpasswd")) == account(admin), "a password that fits was hashed anew"
    assert images.get()["status"]["users"] >= 2

    kube.delete(SECRET, images.namespace, "users")
    images.expect("CredentialsReady", "False", "SecretMissing")
    images.evict()
    eventually(lambda: images.admits("bob", "three"), "serving on with the last good accounts", seen=images.seen)
    images.user_secret("users", {"htpasswd": line("carol", "four")})
    eventually(lambda: images.admits("carol", "four"), seen=images.seen)
    images.ready()
    assert not images.admits("bob", "three")


@pytest.mark.parametrize(
    ("text", "number"),
    [("alice", "1"), ("bob:$2b$05$short\n", "1"), ("\n# x\nbob:{SHA}abc\n", "3"), ("bob:$apr1$abc$def\n", "1")],
    ids=["no-colon", "short", "sha", "md5"],
)
def test_a_malformed_line_is_named_and_never_reaches_the_pods(
    operator: StagedOperator, images: Subject, text: str, number: str
) -> None:
    images.user_secret("users", {"htpasswd": line("alice", "one")})
    images.apply(USERS)
    images.ready()
    before = images.secret("-htpasswd", "htpasswd")
    images.user_secret("users", {"htpasswd": text})
    message = images.expect("Stalled", "True", "HtpasswdInvalid")
    assert f"line {number}" in message
    assert "$apr1$" not in message
    assert images.secret("-htpasswd", "htpasswd") == before
    images.expect("Ready", "True")
    images.user_secret("users", {"htpasswd": line("alice", "two")})
    images.ready()
    assert images.admits("alice", "two")


@pytest.mark.parametrize("admin", ["Enabled", "Disabled"])
def test_accounts_that_kubelet_has_not_brought_yet_are_not_called_live(
    operator: StagedOperator, images: Subject, admin: str
) -> None:
    """Clients can still log in meanwhile, with the accounts of a moment ago: it never ceases to be Ready."""
    images.user_secret("users", {"htpasswd": line("alice", "one")})
    images.apply({**USERS, "auth": {**USERS["auth"], "adminUser": admin}})
    images.ready()
    eventually(lambda: "Serving" in events(operator, images, 0), "the Event of its start, which follows the status")
    mark = operator.proxy.mark
    images.stage.hold_secret(images.namespace, "images-htpasswd", True)
    images.user_secret("users", {"htpasswd": line("alice", "two")})
    images.expect("CredentialsReady", "False", "Propagating")
    images.stage.hold_secret(images.namespace, "images-htpasswd", False)
    images.expect("CredentialsReady", "True", "Live")
    writes = operator.proxy.writes(mark, namespace=images.namespace)
    told = [write.body["status"]["conditions"][0] for write in writes if write.subresource == "status"]
    assert {(each["type"], each["status"]) for each in told} == {("Ready", "True")}
    assert events(operator, images, mark) == []


def events(operator: StagedOperator, images: Subject, mark: int) -> list[str]:
    """The reasons of Events that were told of it since then."""
    writes = operator.proxy.writes(mark, namespace=images.namespace)
    return [write.body["reason"] for write in writes if write.resource == "events"]


def test_a_users_secret_with_our_labels_is_read_as_any_other(operator: StagedOperator, images: Subject) -> None:
    """Tools that copy an object copy its labels."""
    labels = {"app.kubernetes.io/managed-by": "registry-operator", "teamregistry.io/registry": "images"}
    images.user_secret("users", {"htpasswd": line("alice", "one")}, labels=labels)
    images.apply(USERS)
    images.ready()
    assert images.admits("alice", "one")
    images.user_secret("users", {"htpasswd": line("alice", "two")}, labels=labels)
    eventually(lambda: images.admits("alice", "two"), "the new password")
    assert images.ready()


def test_a_secret_of_which_only_labels_change_moves_nothing(
    operator: StagedOperator, kube: Kube, images: Subject
) -> None:
    bring(images, pair_for(images))
    images.apply(PAIR)
    images.ready()
    mark = steady(lambda: operator.proxy.mark, quiet=1)
    kube.patch(SECRET, images.namespace, "pair", {"metadata": {"labels": {"example.org/a": "b"}}})
    steady(lambda: operator.proxy.mark, quiet=1)
    assert [str(write) for write in operator.proxy.writes(mark, namespace=images.namespace)] == []
    assert any(request.resource == "secrets" for request in operator.proxy.requests[mark:])  # it did look
