"""`spec.storage.s3`, `gcs` and `azure`: as structs, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .common import SecretKeyRef, Switch
from .section import Section

Addressing = Literal["VirtualHost", "Path"]
Encryption = Literal["Default", "AES256", "KMS"]


@dataclass(frozen=True, slots=True)
class S3:
    """A bucket of Amazon S3, or of a server of one's own at `endpoint`."""

    bucket: str
    region: str | None = None
    endpoint: str | None = None
    addressing: Addressing | None = None
    root_directory: str | None = None
    encryption: Encryption = "Default"
    kms_key_id: str | None = None
    credentials_secret_ref: str | None = None
    ca_secret_ref: SecretKeyRef | None = None
    redirect: Switch | None = None

    @property
    def path_style(self) -> bool:
        """Whether requests name the bucket in their path, as servers of one's own mostly want it."""
        return self.addressing == "Path" if self.addressing else self.endpoint is not None

    @property
    def redirects(self) -> bool:
        """Whether clients fetch layers from the bucket; nobody knows if they reach and trust a server of one's own."""
        return self.redirect == "Enabled" if self.redirect else self.endpoint is None


@dataclass(frozen=True, slots=True)
class Gcs:
    """A bucket of Google Cloud Storage."""

    bucket: str
    root_directory: str | None = None
    credentials_secret_ref: str | None = None
    redirect: Switch | None = None

    @property
    def redirects(self) -> bool:
        return self.redirect != "Disabled"


@dataclass(frozen=True, slots=True)
class Azure:
    """A container of Azure Blob Storage."""

    container: str
    account_name: str
    credentials_secret_ref: str | None = None
    redirect: Switch | None = None

    @property
    def bucket(self) -> str:
        """The container, under the name that the others have for it."""
        return self.container

    @property
    def redirects(self) -> bool:
        return self.redirect != "Disabled"


Bucket = S3 | Gcs | Azure


def s3(section: Section) -> S3:
    """The struct; which members it must have is the schema's to say."""
    return S3(
        bucket=section.required("bucket"),
        region=section.text("region", None),
        endpoint=section.url("endpoint") if section.has("endpoint") else None,
        addressing=section.optional_choice("addressing", Addressing),
        root_directory=section.text("rootDirectory", None),
        encryption=section.choice("encryption", Encryption, "Default"),
        kms_key_id=section.text("kmsKeyID", None),
        credentials_secret_ref=section.secret("credentialsSecretRef"),
        ca_secret_ref=section.secret_key("caSecretRef", "ca.crt"),
        redirect=section.optional_choice("redirect", Switch),
    )


def gcs(section: Section) -> Gcs:
    return Gcs(
        bucket=section.required("bucket"),
        root_directory=section.text("rootDirectory", None),
        credentials_secret_ref=section.secret("credentialsSecretRef"),
        redirect=section.optional_choice("redirect", Switch),
    )


def azure(section: Section) -> Azure:
    return Azure(
        container=section.required("container"),
        account_name=section.required("accountName"),
        credentials_secret_ref=section.secret("credentialsSecretRef"),
        redirect=section.optional_choice("redirect", Switch),
    )
