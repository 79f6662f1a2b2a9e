"""The certificate: where it comes from, the last good one, what clients are told to trust, what pods are asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from registry_operator.kube import kinds
from registry_operator.kube.errors import Invalid
from registry_operator.registry.authority import make_ca, make_leaf
from tests.unit.reconcile.subject import NAMES, NOW, SELF_SIGNED, Subject, encoded, secret

PROVIDED = {"tls": {"secretRef": {"name": "tls"}}}
HOST = "images.team-a.svc"
CA = make_ca("theirs", "x", NOW)
OTHER_CA = make_ca("another", "x", NOW)


def pair(ca: Any = CA, names: tuple[str, ...] = (HOST,), days: int = 90) -> dict[str, str | bytes]:
    leaf = make_leaf(ca, names, (), NOW - timedelta(days=1), days)
    return {"tls.crt": leaf.crt, "tls.key": leaf.key, "ca.crt": ca.crt}


async def provided(data: dict[str, str | bytes] | None = None) -> Subject:
    subject = Subject()
    subject.cluster.put(kinds.SECRET, secret("tls", data or pair()))
    subject.make(PROVIDED)
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")
    return subject


def give(subject: Subject, data: dict[str, str | bytes]) -> None:
    subject.cluster.edit(kinds.SECRET, "tls", lambda obj: obj.update(data=encoded(data)))
    subject.deliver()


def copies(subject: Subject) -> set[str]:
    return {name for name in subject.cluster.named(kinds.SECRET) if name.startswith(NAMES.tls(""))}


def trusted(subject: Subject) -> str | None:
    found = subject.cluster.find(kinds.CONFIG_MAP, NAMES.ca_config_map)
    return found["data"]["ca.crt"] if found else None


def expected(subject: Subject) -> Any:
    """The certificate that the probe is to find."""
    assert subject.prober.followed is not None
    return subject.prober.followed.serving


async def test_a_provided_certificate_is_copied_and_its_ca_published() -> None:
    subject = await provided()
    assert subject.condition("CertificateReady") == ("True", "Provided")
    assert trusted(subject) == CA.crt
    assert {expected(subject).secret} == copies(subject)


BAD: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "no key": ({**pair(), "tls.key": b""}, "SecretInvalid", "no tls.key"),
    "a key of another": ({**pair(), "tls.key": pair()["tls.key"]}, "CertificateInvalid", "same issue"),
    "not for this name": (pair(names=("else.where",)), "CertificateInvalid", HOST),
    "expired": (pair(days=1), "CertificateExpired", "renew"),
    "no certificate": ({**pair(), "tls.crt": "x"}, "CertificateInvalid", "PEM"),
    "bytes that are no text": ({**pair(), "tls.crt": b"# M\xfcller\n" + str(pair()["tls.crt"]).encode()}, "", ""),
    "a bad CA": ({**pair(), "ca.crt": "x"}, "CertificateInvalid", "ca.crt"),
}


@pytest.mark.parametrize(("data", "reason", "said"), BAD.values(), ids=BAD)
async def test_a_bad_one_never_reaches_the_pods(data: dict[str, str | bytes], reason: str, said: str) -> None:
    subject = await provided()
    before, standing = copies(subject), expected(subject)
    give(subject, data)
    await subject.settle()
    assert subject.condition("Stalled") == ("True", reason or "CertificateInvalid")
    assert "spec.tls.secretRef" in subject.message("Stalled")
    assert said in subject.message("Stalled")
    assert subject.condition("Ready") == ("True", "Serving")
    assert copies(subject) == before
    assert expected(subject) == standing
    assert trusted(subject) == CA.crt


async def test_a_rotation_rolls_once_and_tells_of_both_authorities_meanwhile() -> None:
    subject = await provided()
    before = copies(subject)
    give(subject, pair(OTHER_CA))
    await subject.reconcile()
    bundle = trusted(subject) or ""
    assert CA.crt in bundle
    assert OTHER_CA.crt in bundle
    assert before < copies(subject), "the old pod may be evicted before the new one comes"
    await subject.settle()
    assert trusted(subject) == OTHER_CA.crt
    assert len(copies(subject)) == 1
    assert copies(subject).isdisjoint(before)


async def test_nothing_but_certificates_is_published() -> None:
    """People put comments and even keys into a bundle."""
    data = pair()
    data["ca.crt"] = f"# our CA\n{CA.crt}{CA.key}{OTHER_CA.crt}\n# the end\n"
    subject = await provided(data)
    assert trusted(subject) == CA.crt + OTHER_CA.crt


async def test_a_ca_without_a_text_encoding_is_taken() -> None:
    data = pair()
    data["ca.crt"] = b"# M\xfcller CA\n" + CA.crt.encode()
    subject = await provided(data)
    assert trusted(subject) == CA.crt


@pytest.mark.parametrize("spoilt", ["garbage", "", OTHER_CA.crt], ids=["garbage", "nothing", "another CA"])
async def test_a_bundle_that_somebody_edits_is_put_right(spoilt: str) -> None:
    subject = await provided()
    subject.cluster.edit(kinds.CONFIG_MAP, NAMES.ca_config_map, lambda obj: obj["data"].update({"ca.crt": spoilt}))
    subject.deliver()
    await subject.settle()
    assert trusted(subject) == CA.crt


async def test_a_foreign_authority_in_the_bundle_is_not_kept_through_a_rotation() -> None:
    subject = await provided()
    rogue = {"ca.crt": CA.crt + make_ca("rogue", "x", NOW).crt}
    subject.cluster.edit(kinds.CONFIG_MAP, NAMES.ca_config_map, lambda obj: obj["data"].update(rogue))
    give(subject, pair(OTHER_CA))
    await subject.reconcile()
    assert trusted(subject) == OTHER_CA.crt + CA.crt


async def test_a_copy_that_somebody_spoilt_stops_nothing() -> None:
    subject = await provided()
    labels = {"app.kubernetes.io/managed-by": "registry-operator", "teamregistry.io/registry": "images"}
    subject.cluster.put(kinds.SECRET, secret(NAMES.tls("0123456789"), {"x": "y"}, labels=labels))
    subject.deliver()
    await subject.settle()
    assert subject.condition("Ready") == ("True", "Serving")


async def test_pods_are_asked_for_what_they_mount_while_a_roll_out_is_refused() -> None:
    subject = await provided()
    standing = expected(subject)
    subject.cluster.errors["apply", "Deployment"] = Invalid(422, "Invalid", "no")
    give(subject, pair(OTHER_CA))
    await subject.settle()
    assert subject.condition("WorkloadReady") == ("False", "Refused")
    assert expected(subject).secret == standing.secret
    assert expected(subject).ca == CA.crt


async def test_paused_goes_on_with_what_runs_and_tells_of_the_rest() -> None:
    subject = await provided()
    standing = expected(subject)
    subject.respec({**PROVIDED, "reconciliation": "Paused"})
    give(subject, pair(OTHER_CA))
    await subject.settle()
    assert expected(subject).secret == standing.secret
    assert subject.condition("Reconciling") == ("False", "Paused")
    assert "Secret images-tls-" in subject.message("Reconciling")
    assert subject.condition("Ready") == ("True", "Serving")


# ---------------------------------------------------------------------- the operator's own CA
async def test_an_own_certificate_is_renewed_by_time_and_keeps_its_ca() -> None:
    subject = Subject(SELF_SIGNED)
    again = await subject.settle()
    assert again is not None
    before = subject.secret(NAMES.selfsigned)
    subject.now += timedelta(seconds=again - 2)
    await subject.settle()
    assert subject.secret(NAMES.selfsigned) == before
    subject.now += timedelta(seconds=2)
    await subject.settle()
    after = subject.secret(NAMES.selfsigned)
    assert after["tls.crt"] != before["tls.crt"]
    assert (after["ca.crt"], after["ca.key"]) == (before["ca.crt"], before["ca.key"])


async def test_an_own_certificate_follows_its_names() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    subject.respec({"tls": {"selfSigned": {}, "dnsNames": ["images.example.com"]}})
    await subject.settle()
    assert "images.example.com" in expected(subject).leaf.dns_names


async def test_an_own_ca_is_replaced_long_before_its_end() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    before = subject.secret(NAMES.selfsigned)
    subject.now += timedelta(days=3000)
    await subject.settle()
    after = subject.secret(NAMES.selfsigned)
    assert after["ca.crt"] != before["ca.crt"]
    assert trusted(subject) == after["ca.crt"]
    assert subject.condition("Ready") == ("True", "Serving")


async def test_a_ca_that_lost_its_key_is_not_replaced_in_silence() -> None:
    """Clients trust it: to restore the key is better, and only a person can."""
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    before = subject.secret(NAMES.selfsigned)
    lost = {**before, "ca.key": "", "tls.crt": "", "tls.key": ""}
    subject.cluster.edit(kinds.SECRET, NAMES.selfsigned, lambda obj: obj.update(data=encoded(lost)))
    subject.deliver()
    await subject.settle()
    assert subject.condition("Stalled") == ("True", "SecretInvalid")
    assert subject.condition("Ready") == ("True", "Serving")
    assert subject.secret(NAMES.selfsigned) == lost


# ---------------------------------------------------------------------- from one source to another
SOURCES: list[dict[str, Any]] = [SELF_SIGNED, PROVIDED, {"tls": {"disabled": {}}}]


@pytest.mark.parametrize("second", SOURCES, ids=["self-signed", "provided", "disabled"])
@pytest.mark.parametrize("first", SOURCES, ids=["self-signed", "provided", "disabled"])
async def test_a_change_of_the_source_ends_where_a_beginning_would(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    async def end(*specs: dict[str, Any]) -> set[tuple[str, str]]:
        subject = Subject()
        subject.cluster.put(kinds.SECRET, secret("tls", PAIR))
        subject.make(specs[0])
        for spec in specs:
            subject.respec(spec)
            await subject.settle()
        assert subject.condition("Ready") == ("True", "Serving")
        assert len(copies(subject)) == (0 if "disabled" in specs[-1]["tls"] else 1)
        return {
            (kind.kind, name)
            for kind, _, name in subject.cluster.objects
            if "-tls-" not in name and "-config-" not in name
        }

    assert await end(first, second) == await end(second)


PAIR = pair()
