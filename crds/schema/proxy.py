"""`spec.proxy`: the Registry as a cache of one other registry."""

from __future__ import annotations

from .parts import ADDRESS, Schema, authorities, duration, matching, reference, rule, section, text


def proxy() -> Schema:
    schema = section(
        "Make the Registry a pull-through cache of another one. It takes no pushes then. Whoever may pull from it may "
        "pull all that the credentials may pull from there.",
        remoteURL=text(
            "Registry that is cached.",
            matching(
                f"https://{ADDRESS}",
                "must be an address such as https://registry-1.docker.io: https alone, since passwords go there, and "
                "no path",
            ),
            longest=300,
        ),
        credentialsSecretRef=reference(
            "Secret with username and password for the other registry. It needs the label "
            "teamregistry.io/usable-by=registries.",
        ),
        caSecretRef=authorities("the other registry"),
        ttl=duration("For how long something is kept; only line 3 can be told. Without it 168h."),
    )
    return {**schema, "required": ["remoteURL"]}


def rules() -> list[Schema]:
    """Rules of `spec`, since they look at neighbours of `proxy` and at what was there before."""
    return [
        rule(
            "has(self.proxy) == has(oldSelf.proxy)",
            "may not come or go, since what is cached is no whole image and what was pushed would be hidden: make a "
            "Registry of another name",
            at=".proxy",
        ),
        rule(
            "!has(self.proxy) || !has(oldSelf.proxy) || self.proxy.remoteURL == oldSelf.proxy.remoteURL",
            "may not change, since what is cached would be served in the name of another registry: make a Registry of "
            "another name",
            at=".proxy.remoteURL",
        ),
        rule(
            "!has(self.proxy) || !has(self.proxy.ttl) || self.version != '2'",
            'may be set with line 3 only, as line 2 keeps everything for 168h: remove ttl, or set version to "3"',
            at=".proxy.ttl",
        ),
        rule(
            "!has(self.proxy) || !has(self.replicas) || self.replicas == 1",
            "may not be more than 1 with proxy, since each pod would expire things for itself: set replicas to 1",
            at=".replicas",
        ),
        rule(
            "!has(self.proxy) || !has(self.autoscaling)",
            "may not be set with proxy, since each pod would expire things for itself: remove autoscaling",
            at=".autoscaling",
        ),
        rule(
            "!has(self.proxy) || !has(self.rollout) || self.rollout != 'Surge'",
            "may not be Surge with proxy, since two pods would expire things for themselves: set rollout to Recreate",
            at=".rollout",
        ),
    ]
