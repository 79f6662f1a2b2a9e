"""`Registry.spec`, one function a field, in the order in which a reader meets them."""

from __future__ import annotations

from . import (
    expose,
    http,
    metrics,
    network_policy,
    notifications,
    object_storage,
    pod,
    proxy,
    scaling,
    service,
    storage,
    tls,
)
from .parts import (
    DNS_NAME,
    Schema,
    at_most_one,
    choice,
    listing,
    matching,
    object_name,
    record,
    reference,
    rule,
    section,
    text,
)


def spec() -> Schema:
    """The whole spec. Rules that look at absent neighbours, or at what was there before, stand on it and not below."""
    return record(
        "What is wanted. An empty spec is a good registry: TLS, a password, a volume that survives deletion, "
        "restricted pods.",
        tag_of_the_other_line(),
        expose.passthrough_needs_tls(),
        notifications.headers_need_a_quiet_log(),
        notifications.headers_are_not_shown(),
        *storage.immutable(),
        *scaling.rules(),
        *object_storage.by_line(),
        *proxy.rules(),
        version=choice(
            "Line of CNCF distribution that runs; the operator's settings say which image that is. From 3 back to 2 "
            "there is no way without an annotation on the Registry that forces it.",
            "2",
            "3",
            default="2",
        ),
        image=image(),
        replicas=scaling.replicas(),
        autoscaling=scaling.autoscaling(),
        rollout=scaling.rollout(),
        storage=storage.storage(),
        tls=tls.tls(),
        auth=auth(),
        service=service.service(),
        expose=expose.expose(),
        http=http.http(),
        proxy=proxy.proxy(),
        access=choice(
            "ReadWrite, or ReadOnly: pulls are served and pushes are refused.",
            "ReadWrite",
            "ReadOnly",
            default="ReadWrite",
        ),
        reconciliation=choice(
            "Active, or Paused: the operator leaves the children alone and goes on to report.",
            "Active",
            "Paused",
            default="Active",
        ),
        networkPolicy=network_policy.network_policy(),
        notifications=notifications.notifications(),
        metrics=metrics.metrics(),
        log=log(),
        pod=pod.pod(),
    )


def tag_of_the_other_line() -> Schema:
    return rule(
        "!has(self.image) || !has(self.image.tag) || "
        "!self.image.tag.matches(self.version == '2' ? '^v?3([.-].*)?$' : '^v?2([.-].*)?$')",
        "must be a tag of the line that version names: change the tag, or set version to the tag's line",
        at=".image.tag",
    )


def image() -> Schema:
    part = "[a-z0-9]+([._-]+[a-z0-9]+)*"
    repository = f"({DNS_NAME}(:[0-9]{{1,5}})?/)?{part}(/{part})*"
    return section(
        "Another image than the one that the operator's settings give for the line. The configuration is written for "
        "`version`, so the image must be of that line.",
        at_most_one("tag", "digest", otherwise="the tag of the operator's settings is taken"),
        repository=text(
            "Repository, with the host and port of its registry if it is not the default one; without tag and digest.",
            matching(
                repository, "must be a repository such as registry.example.com:5000/library/registry, without a tag"
            ),
            longest=255,
        ),
        tag=text(
            "Tag of the image.",
            matching(
                "[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}", "must be a tag such as 3.1.1: letters, digits, '_', '.' and '-'"
            ),
            longest=128,
        ),
        digest=text(
            "Digest of the image.",
            matching("sha256:[a-f0-9]{64}", "must be a digest: sha256: and 64 hexadecimal digits"),
            longest=71,
        ),
        pullPolicy=choice("When the node pulls the image.", "Always", "IfNotPresent", "Never", default="IfNotPresent"),
        pullSecrets=listing(
            "Secrets that the node pulls the image with.",
            record("", required=("name",), name=object_name("Name of the Secret.")),
            8,
            keys=("name",),
        ),
    )


def auth() -> Schema:
    return section(
        "Who may log in.",
        rule(
            "self.mode != 'Disabled' || !has(self.htpasswd)",
            "may have htpasswd with mode Htpasswd only: remove htpasswd, or set mode to Htpasswd",
        ),
        rule(
            "self.mode != 'Htpasswd' || self.adminUser == 'Enabled' || has(self.htpasswd)",
            "must leave somebody who can log in: set adminUser to Enabled, or name a Secret in htpasswd.secretRef",
        ),
        mode=choice(
            "Htpasswd: each account may pull, push and delete. Disabled: so may everybody who reaches the Registry.",
            "Htpasswd",
            "Disabled",
            default="Htpasswd",
        ),
        htpasswd=record(
            "Accounts that the team keeps itself, beside those that the operator makes.",
            required=("secretRef",),
            secretRef=reference(
                "Secret that holds an htpasswd file: one `user:hash` a line, bcrypt only.",
                key=text(
                    "Key of the Secret that holds the file.",
                    matching("[-A-Za-z0-9_.]{1,253}", "must be a key of a Secret: letters, digits, '-', '_' and '.'"),
                    longest=253,
                    default="htpasswd",
                ),
            ),
        ),
        adminUser=choice(
            "Enabled: the operator makes an account that may do everything, and keeps it in the Secret `<name>-admin`.",
            "Enabled",
            "Disabled",
            default="Enabled",
        ),
    )


def log() -> Schema:
    return section(
        "What the registry writes to its log.",
        level=choice("Least severity that is written.", "error", "warn", "info", "debug", default="info"),
        format=choice("Form of the lines.", "json", "text", default="json"),
        access=choice("Whether each request is written.", "Enabled", "Disabled", default="Enabled"),
    )
