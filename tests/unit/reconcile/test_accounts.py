"""Who may log in: generated values are kept, bad input keeps the last good file, nobody is locked out by accident."""

from __future__ import annotations

from typing import Any

import bcrypt
import pytest

from registry_operator.kube import kinds
from registry_operator.kube.errors import Forbidden, Invalid
from tests.unit.reconcile.subject import NAMES, SELF_SIGNED, Subject, encoded, secret

TEAM = {**SELF_SIGNED, "auth": {"htpasswd": {"secretRef": {"name": "team", "key": "users"}}}}
CAROL = "carol:" + bcrypt.hashpw(b"pw", bcrypt.gensalt(4)).decode()


async def served(spec: dict[str, Any] | None = None, **data: str) -> Subject:
    subject = Subject()
    if data:
        subject.cluster.put(kinds.SECRET, secret("team", data))
    subject.make(spec or SELF_SIGNED)
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    return subject


def users(subject: Subject) -> set[str]:
    lines = subject.secret(NAMES.htpasswd)["htpasswd"].splitlines()
    return {line.partition(":")[0] for line in lines if not line.startswith("operator-")}


def set_data(subject: Subject, name: str, **data: str | bytes | None) -> None:
    def change(obj: dict[str, Any]) -> None:
        for key, value in data.items():
            if value is None:
                obj["data"].pop(key, None)
            else:
                obj["data"] |= encoded({key: value})

    subject.cluster.edit(kinds.SECRET, name, change)
    subject.deliver()


async def test_the_admin_account_lets_its_user_in() -> None:
    subject = await served()
    admin = subject.secret(NAMES.admin)
    line = next(each for each in subject.secret(NAMES.htpasswd)["htpasswd"].splitlines() if each.startswith("admin:"))
    assert bcrypt.checkpw(admin["password"].encode(), line.partition(":")[2].encode())
    assert admin["registry"] == "images.team-a.svc"
    assert "BEGIN CERTIFICATE" in admin["ca.crt"]
    assert subject.status["adminSecretName"] == NAMES.admin


@pytest.mark.parametrize("name", [NAMES.internal, NAMES.admin, NAMES.selfsigned])
async def test_values_that_are_lost_are_made_anew(name: str) -> None:
    """Somebody emptied the Secret. What is gone is gone: the Registry must come back by itself."""
    subject = await served()
    before = subject.secret(name)
    set_data(subject, name, **dict.fromkeys(before, ""))
    await subject.settle()
    after = subject.secret(name)
    assert after.keys() == before.keys()
    assert all(after.values())
    assert subject.condition("Ready") == ("True", "Serving")
    assert subject.condition("Stalled") == ("False", "NotStalled")


async def test_only_the_lost_value_is_made_anew() -> None:
    subject = await served()
    before = subject.secret(NAMES.internal)
    set_data(subject, NAMES.internal, **{"http-secret": None})
    await subject.settle()
    after = subject.secret(NAMES.internal)
    assert after["http-secret"] != before["http-secret"]
    assert after | {"http-secret": ""} == before | {"http-secret": ""}


async def test_a_password_that_a_person_sets_is_taken() -> None:
    subject = await served()
    set_data(subject, NAMES.admin, password="chosen")
    await subject.settle()
    admin = subject.secret(NAMES.admin)
    assert admin["password"] == "chosen"
    assert '"password":"chosen"' in admin[".dockerconfigjson"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "x" * 73),
        ("password", "chosen\n"),
        ("password", b"\xff\xfe"),
        ("username", "ad:min"),
        ("username", "admin\nroot:x"),
        ("username", "operator-0123456789"),
        ("username", b"\xff"),
    ],
    ids=str,
)
async def test_an_account_that_no_file_can_hold_is_told_and_keeps_the_last_good_file(
    key: str, value: str | bytes
) -> None:
    subject = await served()
    before = subject.secret(NAMES.htpasswd)
    set_data(subject, NAMES.admin, **{key: value})
    await subject.settle()
    assert subject.condition("Stalled") == ("True", "SecretInvalid")
    assert NAMES.admin in subject.message("Stalled")
    assert "chosen" not in str(subject.status)
    assert subject.secret(NAMES.htpasswd) == before
    assert subject.condition("Ready") == ("True", "Serving")


async def test_an_admin_secret_that_cannot_be_written_is_not_deleted() -> None:
    """The step that keeps it in shape is refused: that is no reason to prune it, and its password with it."""
    subject = await served()
    before = subject.secret(NAMES.admin)["password"]
    subject.cluster.edit(kinds.SECRET, NAMES.admin, lambda obj: obj["data"].pop("registry"))
    subject.deliver()
    subject.cluster.errors["apply", "Secret"] = Invalid(422, "Invalid", "no")
    await subject.settle()
    assert subject.condition("Stalled") == ("True", "Refused")
    assert subject.secret(NAMES.admin)["password"] == before
    subject.cluster.errors.clear()
    await subject.settle()
    assert "registry" in subject.secret(NAMES.admin)


async def test_a_foreign_admin_secret_locks_nobody_out() -> None:
    subject = await served(TEAM, users=CAROL)
    assert users(subject) == {"admin", "carol"}
    subject.cluster.drop(kinds.SECRET, NAMES.admin)
    subject.cluster.put(kinds.SECRET, secret(NAMES.admin, {"theirs": "x"}))
    subject.deliver()
    await subject.settle()
    assert subject.condition("Stalled") == ("True", "NameConflict")
    assert subject.secret(NAMES.admin) == {"theirs": "x"}
    assert users(subject) == {"admin", "carol"}, "the last good file"


async def test_the_admin_account_goes_when_it_is_no_longer_wanted() -> None:
    subject = await served(TEAM, users=CAROL)
    subject.respec({**TEAM, "auth": {**TEAM["auth"], "adminUser": "Disabled"}})
    await subject.settle()
    assert users(subject) == {"carol"}
    assert NAMES.admin not in subject.cluster.named(kinds.SECRET)


async def test_the_password_outlives_a_time_without_log_in() -> None:
    """An attempt at `mode: Disabled`, for a minute, must not lock out whoever has the password."""
    subject = await served()
    before = subject.secret(NAMES.admin)["password"]
    subject.respec({**SELF_SIGNED, "auth": {"mode": "Disabled"}})
    await subject.settle()
    assert NAMES.htpasswd not in subject.cluster.named(kinds.SECRET)
    subject.respec(SELF_SIGNED)
    await subject.settle()
    assert subject.secret(NAMES.admin)["password"] == before


async def test_the_ca_in_the_admin_secret_goes_with_tls() -> None:
    subject = await served()
    subject.respec({"tls": {"disabled": {}}})
    await subject.settle()
    admin = subject.secret(NAMES.admin)
    assert "ca.crt" not in admin
    assert admin["password"]


async def test_what_people_add_to_the_admin_secret_stays_and_costs_no_writes() -> None:
    subject = await served()
    set_data(subject, NAMES.admin, note="theirs")
    await subject.settle()
    subject.cluster.calls.clear()
    await subject.reconcile()
    assert subject.cluster.writes == []
    assert subject.secret(NAMES.admin)["note"] == "theirs"


# ---------------------------------------------------------------------- the team's own file
async def test_users_of_the_team_come_and_go() -> None:
    subject = await served(TEAM, users=CAROL)
    assert subject.status["users"] == 2
    set_data(subject, "team", users="# nobody\n")
    await subject.settle()
    assert users(subject) == {"admin"}
    assert subject.status["users"] == 1


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        ({"users": "carol"}, "HtpasswdInvalid", "line 1"),
        ({"users": f"{CAROL}\nadmin:x"}, "HtpasswdInvalid", "line 2"),
        ({"users": None}, "SecretInvalid", "there is no such key"),
    ],
    ids=["malformed", "a reserved name", "no such key"],
)
async def test_a_bad_file_keeps_the_last_good_one(data: dict[str, str | None], reason: str, said: str) -> None:
    subject = await served(TEAM, users=CAROL)
    set_data(subject, "team", **data)
    await subject.settle()
    assert subject.condition("Stalled") == ("True", reason)
    assert "spec.auth.htpasswd.secretRef" in subject.message("Stalled")
    assert said in subject.message("Stalled")
    assert users(subject) == {"admin", "carol"}
    assert subject.condition("Ready") == ("True", "Serving")


async def test_a_file_that_vanishes_keeps_the_last_good_one_and_is_noticed_when_it_returns() -> None:
    subject = await served(TEAM, users=CAROL)
    subject.cluster.drop(kinds.SECRET, "team")
    subject.woken.clear()
    subject.deliver()
    assert subject.woken == [("team-a", "images")]
    await subject.settle()
    assert subject.condition("CredentialsReady") == ("False", "SecretMissing")
    assert users(subject) == {"admin", "carol"}
    subject.cluster.put(kinds.SECRET, secret("team", {"users": ""}))
    subject.deliver()
    await subject.settle()
    assert subject.condition("CredentialsReady") == ("True", "Live")
    assert users(subject) == {"admin"}


async def test_a_file_that_may_not_be_read_is_told() -> None:
    subject = Subject()
    subject.cluster.put(kinds.SECRET, secret("team", {"users": CAROL}))
    rbac = 'secrets "team" is forbidden: User "system:serviceaccount:a:b" cannot get resource "secrets"'
    subject.make(TEAM)
    subject.cluster.put(kinds.SECRET, secret("team", {"users": ""}))
    subject.deliver()
    await subject.settle()
    subject.cluster.put(kinds.SECRET, secret("team", {"users": CAROL}))
    subject.deliver()
    subject.cluster.errors["get", "Secret"] = Forbidden(403, "Forbidden", rbac)
    await subject.reconcile()
    assert subject.condition("CredentialsReady") == ("False", "Forbidden")
    assert users(subject) == {"admin"}


async def test_what_nobody_names_any_more_is_forgotten() -> None:
    subject = await served(TEAM, users=CAROL)
    assert subject.world.user_secrets._content.keys() == {("team-a", "team")}
    subject.respec(SELF_SIGNED)
    await subject.settle()
    assert subject.world.user_secrets._content == {}
    subject = await served(TEAM, users=CAROL)
    subject.cluster.drop(kinds.REGISTRY, "images")
    subject.deliver()
    await subject.reconcile()
    assert subject.world.user_secrets._content == {}


async def test_costly_hashes_are_warned_of_once() -> None:
    costly = "carol:$2b$10$" + "." * 53
    subject = await served(TEAM, users=costly)
    await subject.reconcile()
    subject.cluster.drop(kinds.SECRET, "team")  # a walk that is blocked before it can warn
    subject.deliver()
    await subject.settle()
    subject.cluster.put(kinds.SECRET, secret("team", {"users": costly}))
    subject.deliver()
    await subject.settle()
    assert [reason for _, reason, _ in subject.told.events].count("CostlyHash") == 1


async def test_no_secret_is_told_anywhere() -> None:
    subject = await served(TEAM, users=CAROL)
    known = {*subject.secret(NAMES.internal).values(), subject.secret(NAMES.admin)["password"], CAROL.partition(":")[2]}
    set_data(subject, "team", users=f"{CAROL}\n{CAROL}")
    await subject.settle()
    assert subject.prober.followed is not None
    told = f"{subject.status} {subject.told.events} {subject.prober.followed}"
    assert not [value for value in known if value in told]
