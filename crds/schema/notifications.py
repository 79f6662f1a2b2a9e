"""`spec.notifications`: who is told of each push, pull, mount and deletion."""

from __future__ import annotations

from .parts import ADDRESS, Schema, choice, listing, matching, record, reference, rule, section, text


def notifications() -> Schema:
    return section(
        "Who is told of what happens in the Registry.",
        endpoints=listing("Receivers; each gets every event by POST.", _endpoint(), 8, keys=("name",)),
    )


def headers_need_a_quiet_log() -> Schema:
    """A rule of `spec`, since it looks at two sections."""
    return rule(
        "!has(self.notifications) || !has(self.notifications.endpoints) || "
        "!self.notifications.endpoints.exists(one, has(one.headersSecretRef)) || "
        "has(self.log) && has(self.log.level) && self.log.level in ['warn', 'error']",
        "must be warn or error when an endpoint of notifications has headersSecretRef, since the registry writes these "
        "headers to its log at info and debug",
        at=".log.level",
    )


def headers_are_not_shown() -> Schema:
    """A rule of `spec`: the debug server beside the metrics prints all of an endpoint, with its headers."""
    return rule(
        "!has(self.notifications) || !has(self.notifications.endpoints) || "
        "!self.notifications.endpoints.exists(one, has(one.headersSecretRef)) || "
        "!has(self.metrics) || self.metrics.mode == 'Disabled'",
        "must be Disabled when an endpoint of notifications has headersSecretRef, since the port of the metrics shows "
        "these headers to whoever reaches it",
        at=".metrics.mode",
    )


def _endpoint() -> Schema:
    return record(
        "",
        required=("name", "url"),
        name=text(
            "Name of the receiver.",
            matching("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "must be a name of lower-case letters, digits and '-'"),
            longest=63,
        ),
        url=text(
            "Where the events go. What is secret belongs into headersSecretRef and not into the URL.",
            matching(
                f"https?://{ADDRESS}(/([!-$&-~]|%[0-9A-Fa-f]{{2}})*)?",
                "must be a URL such as https://receiver.example.com/events, without a user and a password",
            ),
            longest=1024,
        ),
        headersSecretRef=reference(
            "Secret whose keys are headers and whose values are theirs, such as Authorization. It needs the label "
            "teamregistry.io/usable-by=registries, and log.level warn or error."
        ),
        ignore=record(
            "Events that are not sent.",
            actions=listing("Actions that are not told.", choice("", "push", "pull", "mount", "delete"), 4, kind="set"),
            mediaTypes=listing(
                "Media types of what is not told.",
                text(
                    "",
                    matching("[a-z]+/[-a-zA-Z0-9.+_]+", "must be a media type such as application/octet-stream"),
                    longest=127,
                ),
                32,
                kind="set",
            ),
        ),
    )
