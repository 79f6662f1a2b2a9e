"""`spec.service`: the Service of a Registry, and how it is reached from outside through one.

Left out on purpose: `internalTrafficPolicy: Local`, which cuts off every node that runs no pod of the registry;
`sessionAffinity`, since any replica may go on with what another one began; `loadBalancerIP`, which Kubernetes has
deprecated in favour of annotations.
"""

from __future__ import annotations

from . import pod
from .parts import (
    QUALIFIED,
    Schema,
    annotation_map,
    choice,
    integer,
    listing,
    matching,
    rule,
    section,
    text,
    unreserved,
)


def service() -> Schema:
    return section(
        "How the Registry is reached.",
        *_only_where_they_mean_something(),
        rule(
            "self.type != 'LoadBalancer' || oldSelf.type != 'LoadBalancer' || "
            "(has(self.loadBalancerClass) ? self.loadBalancerClass : '') == "
            "(has(oldSelf.loadBalancerClass) ? oldSelf.loadBalancerClass : '')",
            "may not change loadBalancerClass while type is LoadBalancer, as Kubernetes refuses it: "
            "set type to ClusterIP first, then back to LoadBalancer with the other class",
        ),
        rule(
            "!has(self.ipFamilies) || self.ipFamilies.size() < 2 || "
            "has(self.ipFamilyPolicy) && self.ipFamilyPolicy != 'SingleStack'",
            "must have ipFamilyPolicy PreferDualStack or RequireDualStack with two ipFamilies: set it, or remove one",
        ),
        rule(
            "!has(self.ipFamilies) || !has(oldSelf.ipFamilies) || self.ipFamilies[0] == oldSelf.ipFamilies[0]",
            "may not change the first of ipFamilies, as Kubernetes refuses it: append or remove the second one, "
            "or make a Registry of another name",
        ),
        type=choice("Type of the Service.", "ClusterIP", "NodePort", "LoadBalancer", default="ClusterIP"),
        port=integer("Port of the Service. Without it 443, or 80 without TLS.", 1, 65535),
        nodePort=integer("Port on each node. Without it the cluster chooses one.", 1, 65535),
        annotations=annotation_map(
            "Annotations of the Service, such as those that a load balancer reads.",
            unreserved(*pod.OURS, *pod.TOOLS, way_out=pod.WAY_OUT),
        ),
        loadBalancerClass=text(
            "Class of the load balancer. Without it the cluster's default.",
            matching(QUALIFIED, "must be a class such as example.com/internal"),
            longest=317,
        ),
        loadBalancerSourceRanges=listing(
            "Addresses that the load balancer lets in, where it can tell. Without them all.",
            text("", rule("isCIDR(self)", "must be a range such as 192.0.2.0/24 or 2001:db8::/32"), longest=49),
            64,
        ),
        externalTrafficPolicy=choice(
            "Cluster, or Local: traffic from outside stays on the node that it reached.", "Cluster", "Local"
        ),
        ipFamilyPolicy=choice(
            "How many kinds of addresses the Service has. Without it one.",
            "SingleStack",
            "PreferDualStack",
            "RequireDualStack",
        ),
        ipFamilies=_families(),
    )


def _only_where_they_mean_something() -> list[Schema]:
    outside = "NodePort or LoadBalancer"
    needs = {
        "nodePort": outside,
        "externalTrafficPolicy": outside,
        "loadBalancerClass": "LoadBalancer",
        "loadBalancerSourceRanges": "LoadBalancer",
    }
    return [
        rule(
            f"!has(self.{field}) || self.type {'!=' if kinds == outside else '=='} "
            f"'{'ClusterIP' if kinds == outside else 'LoadBalancer'}'",
            f"may have {field} with type {kinds} only: remove {'nodePort' if field == 'nodePort' else 'it'}, "
            "or change type",
        )
        for field, kinds in needs.items()
    ]


def _families() -> Schema:
    families = listing(
        "Kinds of addresses of the Service, the first one for its main address. Without them the cluster's choice.",
        choice("", "IPv4", "IPv6"),
        2,
        kind="set",
    )
    return {**families, "minItems": 1}
