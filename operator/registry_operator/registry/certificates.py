"""Certificates: read and judged before a pod gets them, and made where there is no cert-manager.

A key that does not belong to its certificate is a crash loop, an expired certificate is served happily: the registry
judges nothing, so it is done here. Messages name what is wrong and never hold any of the input.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from registry_operator.memo import Memo

MAXIMUM_CHAIN = 10


class BadCertificate(ValueError):
    """A certificate, key or bundle that must not be used; the message says why and what would do."""


@dataclass(frozen=True)
class Leaf:
    """The certificate of a server and whatever came with it."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()  # what followed the leaf in the file

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def not_before(self) -> datetime.datetime:
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> datetime.datetime:
        return self.certificate.not_valid_after_utc

    @property
    def issuer(self) -> str:
        """The distinguished name of who signed it."""
        return self.certificate.issuer.rfc4514_string()

    @cached_property
    def dns_names(self) -> tuple[str, ...]:
        names = self._alternative_names()
        return tuple(names.get_values_for_type(x509.DNSName)) if names else ()

    @cached_property
    def ip_addresses(self) -> tuple[str, ...]:
        names = self._alternative_names()
        return tuple(str(address) for address in names.get_values_for_type(x509.IPAddress)) if names else ()

    def expired(self, now: datetime.datetime) -> bool:
        return now >= self.not_after

    def covers(self, name: str) -> bool:
        """Whether a client that asks for this host name or address accepts the certificate."""
        try:
            return str(ip_address(name)) in self.ip_addresses
        except ValueError:
            return any(_matches(pattern.lower(), name.lower()) for pattern in self.dns_names)

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names and addresses that the certificate does not cover."""
        return tuple(name for name in names if not self.covers(name))

    def matches(self, key_pem: bytes | str) -> bool:
        """Whether the private key is the one of the certificate."""
        return _public_bytes(self.certificate) == _load_key(key_pem)

    def verify_against(self, ca_pem: bytes | str) -> bool:
        """Whether a chain of signatures leads from the leaf to one of these authorities (whatever the dates say)."""
        inputs = [each.public_bytes(Encoding.DER) for each in (self.certificate, *self.chain)]
        return _verdicts.get(partial(self._verify_against, ca_pem), ca_pem, *inputs)

    def _verify_against(self, ca_pem: bytes | str) -> bool:
        anchors = load_certificates(ca_pem, "ca.crt")
        current = self.certificate
        for _ in range(MAXIMUM_CHAIN):
            if current in anchors or any(_signed(current, anchor) for anchor in anchors):
                return True
            above = [each for each in self.chain if each != current and _signed(current, each)]
            if not above:
                return False
            current = above[0]
        return False

    def _alternative_names(self) -> x509.SubjectAlternativeName | None:
        try:
            return self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return None


_verdicts: Memo[bool] = Memo(4096)  # of signatures: a walk asks for two, 0.12 ms each
_pairs: Memo[Leaf] = Memo(256)  # a walk asks four times about the same pair, 0.1 ms each and 1 ms with an RSA key


def parse_pair(crt_pem: bytes | str, key_pem: bytes | str) -> Leaf:
    """The certificate of a `kubernetes.io/tls` Secret, whose key belongs to it."""
    return _pairs.get(partial(_parse_pair, crt_pem, key_pem), crt_pem, key_pem)


def _parse_pair(crt_pem: bytes | str, key_pem: bytes | str) -> Leaf:
    leaf = parse_leaf(crt_pem)
    if not leaf.matches(key_pem):
        raise BadCertificate("tls.key is not the key of the certificate in tls.crt: put both from the same issue")
    return leaf


def parse_leaf(crt_pem: bytes | str) -> Leaf:
    """The first certificate of a PEM file, and those after it."""
    certificates = load_certificates(crt_pem, "tls.crt")
    return _readable(Leaf(certificates[0], tuple(certificates[1:])))


def parse_der(der: bytes) -> Leaf:
    """A certificate as a server sent it."""
    try:
        leaf = Leaf(x509.load_der_x509_certificate(der))
    except ValueError:
        raise BadCertificate("the server sent a certificate that cannot be read") from None
    return _readable(leaf)


def _readable(leaf: Leaf) -> Leaf:
    """The leaf, once all that is asked of it later is known to be readable (parsing is lazy)."""
    try:
        _public_bytes(leaf.certificate)
        _ = leaf.dns_names
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadCertificate("the certificate has a key or an extension that cannot be read: issue it anew") from None
    return leaf


def load_certificates(pem: bytes | str, what: str) -> Sequence[x509.Certificate]:
    """The certificates of a PEM file; at least one."""
    try:
        return x509.load_pem_x509_certificates(pem.encode() if isinstance(pem, str) else pem)
    except ValueError:
        raise BadCertificate(f"{what} holds no certificate that can be read: it must be in PEM form") from None


def bundled(pem: bytes | str) -> list[str]:
    """The certificates of a bundle in their one form, so that equal ones are equal texts.

    Nothing else of the file is in them: people put comments and even private keys beside certificates.
    """
    return [each.public_bytes(Encoding.PEM).decode() for each in load_certificates(pem, "ca.crt")]


def _load_key(pem: bytes | str) -> bytes:
    try:
        key = load_pem_private_key(pem.encode() if isinstance(pem, str) else pem, password=None)
    except TypeError:
        raise BadCertificate("tls.key is protected by a password: the registry needs it in the clear") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadCertificate("tls.key holds no private key that can be read: it must be in PEM form") from None
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _public_bytes(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _matches(pattern: str, name: str) -> bool:
    """A wildcard stands for exactly one label, the first one."""
    if pattern.startswith("*."):
        head, dot, rest = name.partition(".")
        return bool(head and dot) and rest == pattern[2:]
    return pattern == name
