"""The storage section of the registry's configuration, for each kind of object storage and either line.

What the lines do not share is known here and nowhere else. Keys of S3 are no part of it: both lines take them from the
SDK's own environment variables. Azure's driver reads none, so its key stands in the file, which is a Secret.
"""

from __future__ import annotations

from typing import Any, Literal

Line = Literal["2", "3"]
Section = dict[str, Any]
ANY_REGION = "us-east-1"  # what servers of one's own take for their region unless they are told another one


def s3(
    line: Line,
    *,
    bucket: str,
    region: str | None,
    endpoint: str | None,
    path_style: bool,
    root: str | None,
    encrypt: bool,
    kms_key: str | None,
) -> dict[str, Section]:
    """Line 2 takes an endpoint for a wish for the path style; line 3 wants to be told."""
    section: Section = {"bucket": bucket, "region": region or ANY_REGION}
    if endpoint is not None:
        section["regionendpoint"] = endpoint
    if line == "3":
        section["forcepathstyle"] = path_style
    if encrypt:
        section["encrypt"] = True
    if kms_key is not None:
        section["keyid"] = kms_key
    return {"s3": _rooted(section, root)}


def gcs(*, bucket: str, key_file: str | None, root: str | None) -> dict[str, Section]:
    """Named by `keyfile` and not by GOOGLE_APPLICATION_CREDENTIALS: only then can either line sign redirects."""
    section: Section = {"bucket": bucket}
    if key_file is not None:
        section["keyfile"] = key_file
    return {"gcs": _rooted(section, root)}


def azure(line: Line, *, container: str, account: str, key: str | None) -> dict[str, Section]:
    """Without a key: the identity of the pod, which only line 3 knows."""
    section: Section = {"container": container, "accountname": account}
    if key is not None:
        section["accountkey"] = key
    if line == "3":
        section["credentials"] = {"type": "default_credentials" if key is None else "shared_key"}
    return {"azure": section}


def _rooted(section: Section, root: str | None) -> Section:
    return section if root is None else {**section, "rootdirectory": f"/{root}"}
