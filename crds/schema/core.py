"""Types of Kubernetes' own, complete and with limits, so that a mistake is refused here and not by the Deployment.

Rejected: `x-kubernetes-preserve-unknown-fields`. A misspelt affinity would be accepted, and dropped by the Deployment.
"""

from __future__ import annotations

from .parts import LABEL_NAME, QUALIFIED, QUANTITY, Schema, listing, mapping, matching, record, rule

POD_DOCS = "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/"


def label_key(about: str = "") -> Schema:
    message = "must be a label's key such as kubernetes.io/hostname"
    return _plain(about, 317, matching(QUALIFIED, message), least=1)


def label_value(about: str = "") -> Schema:
    message = "must be a label's value: at most 63 letters, digits, '-', '_' and '.'"
    return _plain(about, 63, matching(f"({LABEL_NAME})?", message))


def labels(about: str, *rules: Schema) -> Schema:
    """A map of labels."""
    keys = rule(f"self.all(key, key.matches('^{QUALIFIED}$'))", "must have keys such as example.com/name")
    return mapping(about, label_value(), 64, keys, *rules)


def resources(about: str) -> Schema:
    amount: Schema = {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "maxLength": 24,
        "x-kubernetes-int-or-string": True,
        "x-kubernetes-validations": [
            rule(
                f"type(self) == int ? self >= 0 : string(self).matches('^{QUANTITY}$')",
                "must be an amount such as 500m, 2, 512Mi or 4Gi",
            )
        ],
    }
    keys = rule(
        f"self.all(key, key.matches('^{QUALIFIED}$'))", "must have keys such as cpu, memory or example.com/device"
    )
    fits = rule(
        "!has(self.requests) || !has(self.limits) || self.requests.all(key, !(key in self.limits)"
        " || !isQuantity(string(self.requests[key])) || !isQuantity(string(self.limits[key]))"
        " || quantity(string(self.requests[key])).compareTo(quantity(string(self.limits[key]))) <= 0)",
        "must not request more than its limit: lower the request or raise the limit",
    )
    return _documented(
        record(
            about,
            fits,
            requests=mapping("What is reserved on the node.", amount, 16, keys),
            limits=mapping("What the container may use at most.", amount, 16, keys),
        )
    )


def affinity(about: str) -> Schema:
    near = "Rules on other pods."
    return _documented(
        record(
            about,
            nodeAffinity=record(
                "Rules on nodes.",
                requiredDuringSchedulingIgnoredDuringExecution=record(
                    "", required=("nodeSelectorTerms",), nodeSelectorTerms=listing("", _node_term(), 8)
                ),
                preferredDuringSchedulingIgnoredDuringExecution=_weighted("preference", _node_term()),
            ),
            podAffinity=_pod_affinity(near),
            podAntiAffinity=_pod_affinity(near),
        )
    )


def tolerations(about: str) -> Schema:
    item = record(
        "",
        rule(
            "!has(self.operator) || self.operator == 'Equal' || !has(self.value) || self.value == ''",
            "may have no value with operator Exists: remove value",
        ),
        rule(
            "has(self.key) && self.key != '' || has(self.operator) && self.operator == 'Exists'",
            "must have operator Exists when it has no key",
        ),
        rule(
            "!has(self.tolerationSeconds) || has(self.effect) && self.effect == 'NoExecute'",
            "must have effect NoExecute when it has tolerationSeconds",
        ),
        key=_plain("", 317),
        operator=_enum("Equal", "Exists"),
        value=label_value(),
        effect=_enum("NoSchedule", "PreferNoSchedule", "NoExecute"),
        tolerationSeconds={"type": "integer", "format": "int64"},
    )
    return _documented(listing(about, item, 32))


def topology_spread_constraints(about: str) -> Schema:
    item = record(
        "",
        rule(
            "!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
            "must have whenUnsatisfiable DoNotSchedule when it has minDomains",
        ),
        rule(
            "!has(self.matchLabelKeys) || has(self.labelSelector)",
            "must have a labelSelector when it has matchLabelKeys",
        ),
        required=("maxSkew", "topologyKey", "whenUnsatisfiable"),
        maxSkew={"type": "integer", "format": "int32", "minimum": 1},
        minDomains={"type": "integer", "format": "int32", "minimum": 1},
        topologyKey=label_key(),
        whenUnsatisfiable=_enum("DoNotSchedule", "ScheduleAnyway"),
        labelSelector=label_selector(),
        matchLabelKeys=listing("", label_key(), 8),
        nodeAffinityPolicy=_enum("Honor", "Ignore"),
        nodeTaintsPolicy=_enum("Honor", "Ignore"),
    )
    return _documented(listing(about, item, 16, keys=("topologyKey", "whenUnsatisfiable")))


def _pod_affinity(about: str) -> Schema:
    term = record(
        "",
        required=("topologyKey",),
        topologyKey=label_key(),
        labelSelector=label_selector(),
        matchLabelKeys=listing("", label_key(), 8),
        mismatchLabelKeys=listing("", label_key(), 8),
        namespaceSelector=label_selector(),
        namespaces=listing("", _plain("", 63), 16),
    )
    return record(
        about,
        requiredDuringSchedulingIgnoredDuringExecution=listing("", term, 8),
        preferredDuringSchedulingIgnoredDuringExecution=_weighted("podAffinityTerm", term),
    )


def _weighted(name: str, term: Schema) -> Schema:
    weight: Schema = {"type": "integer", "format": "int32", "minimum": 1, "maximum": 100}
    properties = {"weight": weight, name: term}
    return listing("", {"type": "object", "required": ["weight", name], "properties": properties}, 8)


def _node_term() -> Schema:
    comparing = rule(
        "!(self.operator in ['Gt', 'Lt']) || has(self.values) && self.values.size() == 1",
        "must have exactly one value, a number, with operator Gt or Lt",
    )
    expressions = _requirements("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", more=comparing)
    return record("", matchExpressions=expressions, matchFields=_requirements("In", "NotIn"))


def label_selector(about: str = "") -> Schema:
    matches = mapping("", label_value(), 16)
    return record(about, matchLabels=matches, matchExpressions=_requirements("In", "NotIn", "Exists", "DoesNotExist"))


def _requirements(*operators: str, more: Schema | None = None) -> Schema:
    """Expressions of a selector."""
    counted = rule(
        "self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 : "
        "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || self.values.size() == 0",
        "must have values with operator In or NotIn, and none with Exists or DoesNotExist",
    )
    item = record(
        "",
        counted,
        *([more] if more else []),
        required=("key", "operator"),
        key=label_key(),
        operator=_enum(*operators),
        values=listing("", label_value(), 32),
    )
    return listing("", item, 8)


def _plain(about: str, longest: int, *rules: Schema, least: int = 0) -> Schema:
    result: Schema = {"description": about, "type": "string", "maxLength": longest}
    if least:
        result["minLength"] = least
    return {**result, "x-kubernetes-validations": list(rules)} if rules else result


def _enum(*options: str) -> Schema:
    return {"type": "string", "enum": list(options)}


def _documented(schema: Schema) -> Schema:
    return {**schema, "externalDocs": {"url": POD_DOCS}}
