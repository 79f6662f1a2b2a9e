"""`Registry.status`: written by the operator alone, so it has limits but no rules."""

from __future__ import annotations

from .parts import Schema, choice, integer, listing, record, text


def status() -> Schema:
    """The default makes a fresh object look old: tools that know kstatus take one without status for finished."""
    schema = record(
        "What is.",
        observedGeneration={
            "description": "Generation of the spec that this status is about.",
            "type": "integer",
            "format": "int64",
            "minimum": -1,
        },
        conditions=listing(
            "Ready, Reconciling and Stalled, and what they are made of; each reason is documented and stable.",
            _condition(),
            32,
            keys=("type",),
        ),
        host=text("What stands before /repository:tag in the name of an image.", longest=320),
        url=text("Address of the Registry's API.", longest=330),
        endpoints=record(
            "Addresses of the Registry.",
            internal=text("Address inside the cluster.", longest=330),
            external=listing("Addresses outside the cluster.", text("", longest=330), 64),
        ),
        caConfigMapName=text("ConfigMap that holds ca.crt for clients.", longest=253),
        adminSecretName=text("Secret that holds the operator-made account.", longest=253),
        version=text("Version of distribution that runs.", longest=128),
        image=text("Image that runs.", longest=512),
        replicas=_count("Pods that there are."),
        readyReplicas=_count("Pods that are ready."),
        selector=text("Label selector of the pods.", longest=1024),
        storage=record(
            "Where the images are kept.",
            kind=choice("Kind of storage.", "PersistentVolumeClaim", "ExistingClaim", "EmptyDir", "S3", "GCS", "Azure"),
            bucket=text("Bucket or container that holds the images.", longest=253),
            redirect=choice("Whether clients are sent to the bucket's server for layers.", "Enabled", "Disabled"),
            claimName=text("Claim that holds the images.", longest=253),
            requested=text("Size that the claim asks for.", longest=32),
            capacity=text("Size of the volume.", longest=32),
            whenDeleted=choice(
                "What becomes of the images when the Registry is deleted. Ephemeral: they end with the pod.",
                "Retain",
                "Delete",
                "Ephemeral",
            ),
        ),
        certificate=record(
            "Certificate that is served.",
            notBefore={"description": "Its beginning.", "type": "string", "format": "date-time"},
            notAfter={"description": "Its end.", "type": "string", "format": "date-time"},
            fingerprint=text("SHA-256 of it.", longest=95),
            issuer=text("Name of who issued it.", longest=1024),
        ),
        users=_count("Accounts that can log in, without the operator's own."),
    )
    return {**schema, "default": {"observedGeneration": -1}}


def _count(about: str) -> Schema:
    return integer(about, 0, 2**31 - 1)


def _condition() -> Schema:
    return record(
        "",
        required=("type", "status", "lastTransitionTime", "reason", "message"),
        type=_pattern("Name of the condition.", "^[A-Z][A-Za-z0-9]*$", 63),
        status=choice("Whether it is so.", "True", "False", "Unknown"),
        reason=_pattern("Why, in one word.", "^[A-Z][A-Za-z0-9]*$", 63),
        message=text("Why, and what to do.", longest=32768, shortest=0),
        observedGeneration={
            "description": "Generation of the spec that this condition is about.",
            "type": "integer",
            "format": "int64",
            "minimum": 0,
        },
        lastTransitionTime={"description": "When status changed last.", "type": "string", "format": "date-time"},
    )


def _pattern(about: str, pattern: str, longest: int) -> Schema:
    return {**text(about, longest=longest), "pattern": pattern}
