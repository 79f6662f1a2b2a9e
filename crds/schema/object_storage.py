"""`spec.storage.s3`, `gcs` and `azure`: a bucket that somebody else keeps, and what each line can do with it."""

from __future__ import annotations

from .parts import (
    ADDRESS,
    Schema,
    authorities,
    choice,
    matching,
    record,
    reference,
    rule,
    text,
)

MEMBERS = ("s3", "gcs", "azure")
ANEW = "make a Registry of another name and copy the images with a client; the old bucket is left as it is"


def s3() -> Schema:
    return record(
        "A bucket of Amazon S3 or of a server that speaks its protocol. Without credentialsSecretRef the pods use what "
        "their cloud gives them.",
        rule(
            "has(self.region) || has(self.endpoint)",
            "must have a region, unless endpoint names a server of your own: set region to the bucket's",
        ),
        rule(
            "has(self.endpoint) || !has(self.caSecretRef)",
            "may have caSecretRef with an endpoint only: remove caSecretRef, or name the server in endpoint",
        ),
        rule(
            "(self.encryption == 'KMS') == has(self.kmsKeyID)",
            "must have kmsKeyID with encryption KMS and not without it: set both, or remove kmsKeyID",
        ),
        required=("bucket",),
        bucket=_bucket("Name of the bucket. It must exist."),
        region=text(
            "Region of the bucket. Without it us-east-1, which servers of one's own usually take.",
            matching("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "must be a region such as eu-central-1"),
            longest=63,
        ),
        endpoint=text(
            "Server that keeps the bucket, for anything but Amazon's own. The Secret of credentialsSecretRef then "
            "needs the label teamregistry.io/usable-by=registries.",
            matching(
                f"https?://{ADDRESS}",
                "must be an address such as https://minio.storage.svc:9000, without a path",
            ),
            longest=300,
        ),
        addressing=choice(
            "Where requests name the bucket. Without it Path with an endpoint, else VirtualHost; line 2 knows no other "
            "way.",
            "VirtualHost",
            "Path",
        ),
        rootDirectory=_root(),
        encryption=choice(
            "How new objects are encrypted at rest. Default: as the bucket says.",
            "Default",
            "AES256",
            "KMS",
            default="Default",
        ),
        kmsKeyID=text(
            "Key of AWS KMS, for encryption KMS.",
            matching("[-A-Za-z0-9:/_]+", "must be the ID, alias or ARN of a key"),
            longest=512,
        ),
        credentialsSecretRef=_credentials(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if needed"
        ),
        caSecretRef=authorities("the endpoint"),
        redirect=_redirect("Without it Disabled with an endpoint, else Enabled."),
    )


def gcs() -> Schema:
    return record(
        "A bucket of Google Cloud Storage. Without credentialsSecretRef the pods use the identity that Google gives "
        "their ServiceAccount.",
        required=("bucket",),
        bucket=text(
            "Name of the bucket. It must exist.",
            matching(
                "[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9]",
                "must be the name of a bucket: at least 3 of lower-case letters, digits, '-', '_' and '.'",
            ),
            longest=222,
        ),
        rootDirectory=_root(),
        credentialsSecretRef=_credentials("key.json, the key file of a service account"),
        redirect=_redirect("Without it Enabled."),
    )


def azure() -> Schema:
    return record(
        "A container of Azure Blob Storage. Without credentialsSecretRef the pods of line 3 use the identity that "
        "Azure gives their ServiceAccount.",
        required=("container", "accountName"),
        container=text(
            "Name of the container. Line 2 makes it when it is missing.",
            matching(
                "[a-z0-9](-?[a-z0-9]){2,62}",
                "must be the name of a container: 3 to 63 lower-case letters, digits and single '-'",
            ),
            longest=63,
        ),
        accountName=text(
            "Name of the storage account.",
            matching("[a-z0-9]{3,24}", "must be the name of an account: 3 to 24 lower-case letters and digits"),
            longest=24,
        ),
        credentialsSecretRef=_credentials("AZURE_STORAGE_KEY, a key of the account"),
        redirect=_redirect("Without it Enabled."),
    )


def _bucket(about: str) -> Schema:
    message = "must be the name of a bucket: 3 to 63 lower-case letters, digits, '-' and '.'"
    return text(about, matching("[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]", message), longest=63)


def _root() -> Schema:
    return text(
        "Folder in the bucket under which everything is kept. Never let two Registries share one.",
        matching(
            "[A-Za-z0-9_][-A-Za-z0-9_.]*(/[A-Za-z0-9_][-A-Za-z0-9_.]*)*",
            "must be a path such as registries/team-a, without '/' at its ends",
        ),
        longest=255,
    )


def _credentials(keys: str) -> Schema:
    return reference(f"Secret with {keys}. The pods get a copy.")


def _redirect(otherwise: str) -> Schema:
    return choice(
        "Enabled: clients fetch layers from the bucket's server, which they must reach and trust; Disabled: through "
        f"the registry. {otherwise}",
        "Enabled",
        "Disabled",
    )


def by_line() -> list[Schema]:
    """What line 2 cannot do, as rules of `spec`, since `version` is a neighbour of `storage`."""
    s3_2 = "!has(self.storage) || !has(self.storage.s3) || self.version != '2' || "
    azure_2 = "!has(self.storage) || !has(self.storage.azure) || self.version != '2' || "
    role = "'eks.amazonaws.com/role-arn'"
    return [
        rule(
            f"{s3_2}!has(self.storage.s3.addressing) || "
            "(self.storage.s3.addressing == 'Path') == has(self.storage.s3.endpoint)",
            "must be Path with an endpoint and VirtualHost without, as line 2 knows nothing else: "
            'remove addressing, or set version to "3"',
            at=".storage.s3.addressing",
        ),
        rule(
            f"{s3_2}has(self.storage.s3.credentialsSecretRef) || !has(self.pod) || "
            f"!has(self.pod.serviceAccountAnnotations) || !({role} in self.pod.serviceAccountAnnotations)",
            'must be set, as line 2 knows no role of a ServiceAccount: name a Secret with keys, or set version to "3"',
            at=".storage.s3.credentialsSecretRef",
        ),
        rule(
            f"{azure_2}has(self.storage.azure.credentialsSecretRef)",
            "must be set, as line 2 knows no cloud identity of Azure: name a Secret with a key of the account, or set "
            'version to "3"',
            at=".storage.azure.credentialsSecretRef",
        ),
    ]


def immutable() -> list[Schema]:
    """What would leave the images behind. Regions, keys and the name of a server may change: the objects stay.

    Line 2 begins the names of Azure's blobs with a slash and line 3 does not, so neither finds what the other wrote.
    """
    both = "!has(self.storage) || !has(oldSelf.storage) || "
    return [
        *(_kept(member, field) for member in ("s3", "gcs") for field in ("bucket", "rootDirectory")),
        *(_kept("azure", field) for field in ("container", "accountName")),
        rule(
            f"{both}!has(self.storage.s3) || !has(oldSelf.storage.s3) || "
            "has(self.storage.s3.endpoint) == has(oldSelf.storage.s3.endpoint)",
            f"may not come or go, since the images would stay with the other provider: {ANEW}",
            at=".storage.s3.endpoint",
        ),
        rule(
            f"{both}!has(self.storage.azure) || !has(oldSelf.storage.azure) || self.version == oldSelf.version",
            f"may not change with storage.azure, since the lines name its blobs differently: {ANEW}",
            at=".version",
        ),
    ]


def _kept(member: str, field: str) -> Schema:
    def value(side: str) -> str:
        path = f"{side}.storage.{member}"
        return f"(has({path}.{field}) ? {path}.{field} : '')"

    here = f"has(self.storage) && has(oldSelf.storage) && has(self.storage.{member}) && has(oldSelf.storage.{member})"
    return rule(
        f"!({here}) || {value('self')} == {value('oldSelf')}",
        f"may not change, since the images would stay behind: {ANEW}",
        at=f".storage.{member}.{field}",
    )
