"""Certificates as users bring them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Name = x509.Name
_OID = x509.oid.NameOID.COMMON_NAME


@dataclass(frozen=True)
class Pair:
    """A leaf with its key and the authority that signed it, as PEM."""

    certificate: str
    key: str
    authority: str
    authority_key: str

    @property
    def fingerprint(self) -> str:
        return x509.load_pem_x509_certificate(self.certificate.encode()).fingerprint(hashes.SHA256()).hex()

    @property
    def data(self) -> dict[str, str]:
        """The `stringData` of a Secret of type kubernetes.io/tls."""
        return {"tls.crt": self.certificate, "tls.key": self.key, "ca.crt": self.authority}


def make_pair(names: Sequence[str], *, days: int = 30) -> Pair:
    """A leaf for the names, signed by an authority of its own; negative days make an expired one."""
    ca_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = Name([x509.NameAttribute(_OID, "stage CA")])
    ca = (
        _builder(ca_name, ca_name, ca_key, 3650)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        _builder(Name([x509.NameAttribute(_OID, "stage")]), ca_name, leaf_key, days)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return Pair(_pem(leaf), _key_pem(leaf_key), _pem(ca), _key_pem(ca_key))


def _builder(subject: Name, issuer: Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    raw = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return raw.decode()
