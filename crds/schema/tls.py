"""`spec.tls`: a union of where the certificate comes from, and what it is for."""

from __future__ import annotations

from .parts import (
    DNS_NAME,
    Schema,
    at_most_one,
    choice,
    duration,
    integer,
    listing,
    matching,
    record,
    reference,
    rule,
    section,
    text,
)


def tls() -> Schema:
    return section(
        "Where the certificate comes from, and what it is for. At most one of certManager, secretRef, selfSigned and "
        "disabled; without any, certManager.",
        at_most_one("certManager", "secretRef", "selfSigned", "disabled", otherwise="certManager is taken"),
        rule(
            "self.internalNames != 'Disabled' || "
            "has(self.dnsNames) && self.dnsNames.size() > 0 && !self.dnsNames[0].startsWith('*')",
            "must have dnsNames when internalNames is Disabled, and the first one may be no wildcard, since it is the "
            "host then: add a name, or set internalNames to Enabled",
        ),
        certManager=_cert_manager(),
        secretRef=reference("Secret of type kubernetes.io/tls that somebody else keeps, with ca.crt if there is one."),
        selfSigned=record(
            "A CA and a certificate that the operator makes and renews, for clusters without cert-manager."
        ),
        disabled=record("No TLS: passwords and images cross the network readable. Clients must be told to trust it."),
        dnsNames=listing(
            "Further names that the certificate is for.",
            text(
                "",
                matching(f"([*][.])?{DNS_NAME}", "must be a DNS name in lower case such as images.example.com"),
                longest=253,
            ),
            32,
            kind="set",
        ),
        ipAddresses=listing(
            "Addresses that the certificate is for.",
            text("", rule("isIP(self)", "must be an IP address such as 192.0.2.10 or 2001:db8::10"), longest=45),
            16,
            kind="set",
        ),
        minVersion=choice("Oldest version of TLS that is served.", "1.2", "1.3", default="1.2"),
        internalNames=choice(
            "Disabled: the names inside the cluster are left out of the certificate, for public issuers that refuse "
            "them; the first of dnsNames is the host then.",
            "Enabled",
            "Disabled",
            default="Enabled",
        ),
    )


def _cert_manager() -> Schema:
    return record(
        "A certificate by cert-manager.",
        _compare("self.duration", "'1h'", "must have a duration of at least 1h, as cert-manager asks for"),
        _compare("self.renewBefore", "'5m'", "must have a renewBefore of at least 5m, as cert-manager asks for"),
        _compare(
            "self.duration",
            "self.renewBefore",
            "must have a renewBefore that is shorter than duration: lower renewBefore or raise duration",
            strictly=True,
        ),
        issuerRef=record(
            "Issuer of the certificate. Without it a CA of the Registry's own, made with cert-manager in the same "
            "namespace.",
            required=("name",),
            name=text(
                "Name of the issuer.",
                matching("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", "must be the name of an issuer"),
                longest=253,
            ),
            kind=text(
                "Kind of the issuer.",
                matching("[A-Z][A-Za-z0-9]*", "must be a kind such as Issuer or ClusterIssuer"),
                longest=63,
                default="Issuer",
            ),
            group=text(
                "API group of the issuer.",
                matching(DNS_NAME, "must be an API group such as cert-manager.io"),
                longest=253,
                default="cert-manager.io",
            ),
        ),
        duration=duration("Life of a certificate.", default="2160h"),
        renewBefore=duration("How long before its end a certificate is renewed.", default="720h"),
        privateKey=_private_key(),
    )


def _compare(left: str, right: str, message: str, *, strictly: bool = False) -> Schema:
    """`left` is as long as `right` at least. What is no duration has its own message and passes here."""
    sides = [f"duration({side})" for side in (left, right)]
    malformed = [
        f"!{side}.matches('^([0-9]+([.][0-9]+)?[hms])+$')" for side in (left, right) if side.startswith("self")
    ]
    return rule(" || ".join([*malformed, f"{sides[0]} {'>' if strictly else '>='} {sides[1]}"]), message)


def _private_key() -> Schema:
    """`size` has no default in the schema: it depends on the algorithm, and a persisted 256 would refuse RSA."""
    return record(
        "Key of the certificate; a new one with each certificate.",
        rule(
            "!has(self.size) || self.size in (self.algorithm == 'ECDSA' ? [256, 384, 521] : [2048, 3072, 4096])",
            "must have a size of 256, 384 or 521 with algorithm ECDSA, and of 2048, 3072 or 4096 with RSA",
        ),
        algorithm=choice("Algorithm of the key.", "ECDSA", "RSA", default="ECDSA"),
        size=integer("Size of the key in bits. Without it 256 for ECDSA and 2048 for RSA.", 256, 4096),
    )
