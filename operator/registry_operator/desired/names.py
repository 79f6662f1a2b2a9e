"""The name of every child, in one place: no two children, and no children of two Registries, may share one.

A Registry's name is at most 52 characters (the CRD says so), so that the longest suffix keeps every child a valid
Service name of 63 characters.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the children of the Registry `registry`."""

    registry: str

    @property
    def deployment(self) -> str:
        return self.registry

    @property
    def autoscaler(self) -> str:
        return self.registry

    @property
    def disruption_budget(self) -> str:
        return self.registry

    @property
    def service(self) -> str:
        return self.registry

    @property
    def network_policy(self) -> str:
        return self.registry

    @property
    def ingress(self) -> str:
        return self.registry

    @property
    def route(self) -> str:
        """HTTPRoute or TLSRoute."""
        return self.registry

    @property
    def backend_tls_policy(self) -> str:
        return self.registry

    @property
    def pod_monitor(self) -> str:
        return self.registry

    @property
    def service_account(self) -> str:
        return f"{self.registry}-registry"

    @property
    def claim(self) -> str:
        return f"{self.registry}-data"

    @property
    def admin(self) -> str:
        """Secret: the administrator's credentials."""
        return f"{self.registry}-admin"

    @property
    def htpasswd(self) -> str:
        """Secret: the password file that the registry reads; the only mutable input of the pods."""
        return f"{self.registry}-htpasswd"

    @property
    def internal(self) -> str:
        """Secret: generated values that nobody but the operator and the registry need."""
        return f"{self.registry}-internal"

    @property
    def selfsigned(self) -> str:
        """Secret: the operator's own CA and the certificate it made (`tls.selfSigned`)."""
        return f"{self.registry}-selfsigned"

    @property
    def certificate(self) -> str:
        """Certificate of cert-manager for the registry. Not the bare name: `x-ca` may be a Registry beside `x`."""
        return f"{self.registry}-certificate"

    @property
    def certificate_secret(self) -> str:
        """Secret into which cert-manager writes the registry's certificate."""
        return f"{self.registry}-certificate"

    @property
    def ca_certificate(self) -> str:
        """Certificate of cert-manager for the Registry's own CA."""
        return f"{self.registry}-ca"

    @property
    def ca_secret(self) -> str:
        """Secret into which cert-manager writes the Registry's own CA."""
        return f"{self.registry}-ca"

    @property
    def ca_config_map(self) -> str:
        """ConfigMap with `ca.crt` for clients."""
        return f"{self.registry}-ca"

    @property
    def bootstrap_issuer(self) -> str:
        """Issuer that signs the Registry's own CA with itself."""
        return f"{self.registry}-bootstrap"

    @property
    def ca_issuer(self) -> str:
        """Issuer that signs with the Registry's own CA."""
        return f"{self.registry}-ca"

    def config(self, content_hash: str) -> str:
        """Secret: one configuration file."""
        return f"{self.registry}-config-{content_hash}"

    def tls(self, content_hash: str) -> str:
        """Secret: one copy of a certificate and its key."""
        return f"{self.registry}-tls-{content_hash}"

    def storage(self, content_hash: str) -> str:
        """Secret: one copy of the credentials and authorities of an object storage."""
        return f"{self.registry}-storage-{content_hash}"

    def upstream(self, content_hash: str) -> str:
        """Secret: one copy of the credentials and authorities of the registry that is cached."""
        return f"{self.registry}-upstream-{content_hash}"
