"""Certificates are judged before a pod gets them, by what clients will say of them."""

import datetime
import ssl
import tempfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from registry_operator.registry import authority, certificates
from registry_operator.registry.certificates import BadCertificate

NOW = datetime.datetime.now(datetime.UTC)
CA = authority.make_ca("images registry CA", "team-a", NOW)
NAMES = ("images.team-a.svc", "*.example.org")
LEAF = authority.make_leaf(CA, NAMES, ("10.0.0.7", "fd00::7"), NOW)


def test_a_pair_tells_what_is_in_it() -> None:
    leaf = certificates.parse_pair(LEAF.crt, LEAF.key)
    assert leaf.dns_names == NAMES
    assert leaf.ip_addresses == ("10.0.0.7", "fd00::7")
    assert leaf.issuer == "CN=images registry CA,O=team-a"
    assert leaf.not_after == (NOW + datetime.timedelta(days=90)).replace(microsecond=0)
    assert len(leaf.fingerprint) == 64
    assert certificates.parse_der(ssl.PEM_cert_to_DER_cert(LEAF.crt)).fingerprint == leaf.fingerprint


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("images.team-a.svc", True),
        ("IMAGES.team-a.svc", True),
        ("a.example.org", True),
        ("example.org", False),
        ("a.b.example.org", False),
        (".example.org", False),
        ("other.team-a.svc", False),
        ("10.0.0.7", True),
        ("10.0.0.8", False),
        ("fd00:0::7", True),
    ],
)
def test_names_are_covered_as_clients_see_it(name: str, covered: bool) -> None:
    leaf = certificates.parse_leaf(LEAF.crt)
    assert leaf.covers(name) is covered
    assert leaf.missing([name]) == (() if covered else (name,))


def test_a_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(BadCertificate, match="not the key of the certificate"):
        certificates.parse_pair(LEAF.crt, CA.key)


def test_an_rsa_key_matches_too() -> None:
    key = rsa.generate_private_key(65537, 2048)
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(x509.Name([]))
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + datetime.timedelta(days=1))
    builder = builder.serial_number(1).public_key(key.public_key())
    crt = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    leaf = certificates.parse_pair(crt, pem)
    assert leaf.dns_names == ()
    assert leaf.ip_addresses == ()
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    with pytest.raises(BadCertificate, match="protected by a password"):
        certificates.parse_pair(crt, locked)


@pytest.mark.parametrize("crt", ["", "no PEM", CA.key, LEAF.crt.replace("MII", "MIX", 1)])
def test_a_certificate_that_cannot_be_read_is_refused_without_quoting_it(crt: str) -> None:
    with pytest.raises(BadCertificate, match=r"tls\.crt holds no certificate that can be read") as caught:
        certificates.parse_pair(crt, LEAF.key)
    assert not crt or crt not in str(caught.value)


@pytest.mark.parametrize("key", ["", "no PEM", LEAF.crt])
def test_a_key_that_cannot_be_read_is_refused(key: str) -> None:
    with pytest.raises(BadCertificate, match=r"tls\.key holds no private key"):
        certificates.parse_pair(LEAF.crt, key)


def test_bytes_from_a_server_that_are_no_certificate_are_refused() -> None:
    with pytest.raises(BadCertificate, match="cannot be read"):
        certificates.parse_der(b"\x30\x03junk")


def test_a_leaf_is_verified_by_signatures_and_not_by_names() -> None:
    other = authority.make_ca("images registry CA", "team-a", NOW)
    leaf = certificates.parse_leaf(LEAF.crt)
    assert leaf.verify_against(CA.crt)
    assert leaf.verify_against(other.crt + CA.crt)
    assert not leaf.verify_against(other.crt)


def test_a_chain_of_intermediates_is_followed() -> None:
    root, middle = _root_and_intermediate()
    leaf = authority.make_leaf(middle, ["a"], [], NOW)
    assert certificates.parse_leaf(leaf.crt + middle.crt).verify_against(root)
    assert not certificates.parse_leaf(leaf.crt).verify_against(root)


def test_a_ca_bundle_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(BadCertificate, match=r"ca\.crt holds no certificate"):
        certificates.parse_leaf(LEAF.crt).verify_against("nothing")


def test_a_certificate_is_renewed_after_two_thirds_of_its_life() -> None:
    leaf = certificates.parse_leaf(LEAF.crt)
    assert not authority.renew_due(leaf, NOW + datetime.timedelta(days=59))
    assert authority.renew_due(leaf, NOW + datetime.timedelta(days=61))
    assert not leaf.expired(NOW + datetime.timedelta(days=89))
    assert leaf.expired(NOW + datetime.timedelta(days=91))


def test_openssl_accepts_what_the_operator_makes_at_its_strictest() -> None:
    """Clients differ in what they demand of an authority; RFC 5280 to the letter is what all of them take."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_verify_locations(cadata=CA.crt)
    _load(server, LEAF)
    for name in ("images.team-a.svc", "10.0.0.7", "fd00::7", "a.example.org"):
        _handshake(server, client, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        _handshake(server, client, "other")


def test_a_leaf_is_no_authority() -> None:
    with pytest.raises(BadCertificate, match="not the key"):
        authority.make_leaf(authority.Pair(crt=CA.crt, key=LEAF.key), ["a"], [], NOW)


def _root_and_intermediate() -> tuple[str, authority.Pair]:
    root = authority.make_ca("root", "o", NOW)
    plain = authority.make_ca("middle", "o", NOW)
    certificate = x509.load_pem_x509_certificate(plain.crt.encode())
    key = load_pem_private_key(root.key.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(x509.load_pem_x509_certificate(root.crt.encode()).subject)
        .public_key(certificate.public_key())
        .serial_number(7)
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    signed = builder.sign(key, hashes.SHA256())
    return root.crt, authority.Pair(crt=signed.public_bytes(Encoding.PEM).decode(), key=plain.key)


def _load(context: ssl.SSLContext, pair: authority.Pair) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.pem"
        path.write_text(pair.crt + pair.key)
        context.load_cert_chain(path)


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Both ends in memory: each step lets one side go on until it wants to hear from the other."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client.wrap_bio(down, up, server_hostname=name), server.wrap_bio(up, down, server_side=True)]
    for _ in range(10):
        waiting = 0
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                waiting += 1
        if not waiting:
            return
    raise AssertionError("the handshake does not end")
