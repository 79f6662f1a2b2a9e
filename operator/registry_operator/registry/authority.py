"""The operator's own certificate authority, for clusters without cert-manager (`tls.selfSigned`)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from registry_operator.registry.certificates import BadCertificate, Leaf, parse_pair

CA_DAYS = 3650
LEAF_DAYS = 90
_BACKDATED = datetime.timedelta(minutes=5)  # for clients whose clock is a little behind


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key in PEM form."""

    crt: str
    key: str


def make_ca(name: str, organization: str, now: datetime.datetime, days: int = CA_DAYS) -> Pair:
    """A new authority; `organization` (the namespace) tells authorities of the same name apart."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        _builder(subject, subject, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
    )
    return _pair(builder.sign(key, hashes.SHA256()), key)


def make_leaf(
    ca: Pair, dns_names: Iterable[str], ip_addresses: Iterable[str], now: datetime.datetime, days: int = LEAF_DAYS
) -> Pair:
    """A new certificate for a server, signed by the authority, good for these names and addresses."""
    authority = parse_pair(ca.crt, ca.key).certificate
    signer = _signer(ca)
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
    names += [x509.IPAddress(ip_address(address)) for address in ip_addresses]
    signer_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = (
        _builder(x509.Name([]), authority.subject, key.public_key(), now, days)
        # Critical, since the subject is empty: the names stand here alone.
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(signer_identifier, critical=False)
    )
    return _pair(builder.sign(signer, hashes.SHA256()), key)


def renewal_time(leaf: Leaf) -> datetime.datetime:
    """When a certificate should be replaced: after two thirds of its life, as cert-manager does."""
    return leaf.not_before + (leaf.not_after - leaf.not_before) * 2 / 3


def last_chance(leaf: Leaf) -> datetime.datetime:
    """When one that was replaced must not be served much longer: half of the time between its renewal and its end."""
    return leaf.not_before + (leaf.not_after - leaf.not_before) * 5 / 6


def renew_due(leaf: Leaf, now: datetime.datetime) -> bool:
    """Whether it is time to replace the certificate."""
    return now >= renewal_time(leaf)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signer(ca: Pair) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(ca.key.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadCertificate("ca.key is not the kind of key that the operator makes: delete the Secret to start anew")
    return key


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(
        crt=certificate.public_bytes(Encoding.PEM).decode(),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )
