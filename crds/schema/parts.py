"""The words that the schemas are written in. Nothing here lets a string, a list or a map be without a limit.

A format is a CEL rule and not a `pattern`: an API server answers a pattern with the regular expression alone, a rule
with what the user may do. CEL's optionals (`self.?a.orValue(b)`) would read better than `has(...)` in many rules, but
the API server knows no bound for their cost and refuses the CRD as soon as one of them is compared.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

NAME = "[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
DNS_NAME = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*"
LABEL_NAME = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
QUALIFIED = f"([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?{LABEL_NAME}"
QUANTITY = "(0|[1-9][0-9]{0,14})([.][0-9]{1,3})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?"
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
ADDRESS = f"({DNS_NAME}|[[]([0-9a-f]{{0,4}}:){{2,7}}[0-9a-f]{{0,4}}[]])(:({_PORT}))?"
DURATION = "([0-9]{1,6}([.][0-9]{1,3})?(h|m|s))+"


def rule(expression: str, message: str, *, at: str | None = None) -> Schema:
    """One validation; `message` follows the path of the field, so it starts with a verb."""
    result = {"rule": " ".join(expression.split()), "message": message}
    return {**result, "fieldPath": at} if at else result


def matching(regular_expression: str, message: str) -> Schema:
    return rule(f"self.matches('^{regular_expression}$')", message)


def text(about: str, *rules: Schema, longest: int, default: str | None = None, shortest: int = 1) -> Schema:
    """A string in a form that the rules describe."""
    result: Schema = {"description": about, "type": "string", "maxLength": longest}
    if shortest:
        result["minLength"] = shortest
    if default is not None:
        result["default"] = default
    if rules:
        result["x-kubernetes-validations"] = list(rules)
    return result


def choice(about: str, *options: str, default: str | None = None) -> Schema:
    """A mode: an enum and never a boolean, so that a third one can come."""
    result: Schema = {"description": about, "type": "string", "enum": list(options)}
    return result if default is None else {**result, "default": default}


def integer(about: str, least: int, most: int, *, options: tuple[int, ...] = ()) -> Schema:
    result: Schema = {"description": about, "type": "integer", "format": "int32", "minimum": least, "maximum": most}
    return {**result, "enum": list(options)} if options else result


def record(about: str, *rules: Schema, required: tuple[str, ...] = (), **fields: Schema) -> Schema:
    """An object."""
    result: Schema = {"description": about, "type": "object"}
    if fields:
        result["properties"] = fields
    if required:
        result["required"] = list(required)
    if rules:
        result["x-kubernetes-validations"] = list(rules)
    return result


def section(about: str, *rules: Schema, **fields: Schema) -> Schema:
    """A member of `spec`: it has one owner, whose next server-side apply replaces it as a whole.

    Were it granular, the defaults inside a union's member would stay behind when an apply leaves the member out (nobody
    owns them), and the union had two members; and a section that an apply empties would become null and be refused.
    """
    return {**record(about, *rules), "properties": fields, "x-kubernetes-map-type": "atomic"}


def listing(about: str, items: Schema, most: int, *, kind: str = "atomic", keys: tuple[str, ...] = ()) -> Schema:
    result: Schema = {"description": about, "type": "array", "items": items, "maxItems": most}
    result["x-kubernetes-list-type"] = "map" if keys else kind
    return {**result, "x-kubernetes-list-map-keys": list(keys)} if keys else result


def mapping(about: str, values: Schema, most: int, *rules: Schema) -> Schema:
    result: Schema = {"description": about, "type": "object", "additionalProperties": values, "maxProperties": most}
    return {**result, "x-kubernetes-validations": list(rules)} if rules else result


def at_most_one(*members: str, otherwise: str) -> Schema:
    """The rule of a union. The schema never gives a member by default: `otherwise` says what none of them means."""
    present = ", ".join(f"has(self.{member})" for member in members)
    names = f"{', '.join(members[:-1])} and {members[-1]}"
    return rule(
        f"[{present}].filter(x, x).size() <= 1", f"may have one of {names}: remove the others; without any, {otherwise}"
    )


def object_name(about: str) -> Schema:
    message = "must be the name of an object: lower-case letters, digits, '-' and '.', at most 253 characters"
    return text(about, matching(NAME, message), longest=253)


def reference(about: str, **more: Schema) -> Schema:
    """A reference into the Registry's own namespace; there is no other kind."""
    return record(about, required=("name",), name=object_name("Name of the object."), **more)


def authorities(whose: str) -> Schema:
    """A reference to the certificate authorities of a server of the author's choosing."""
    key = text(
        "Key of the Secret that holds them, in PEM form.",
        matching("[-A-Za-z0-9_.]{1,253}", "must be a key of a Secret: letters, digits, '-', '_' and '.'"),
        longest=253,
        default="ca.crt",
    )
    about = f"Secret with the certificate authorities of {whose}; those of the image are trusted, too."
    return reference(about, key=key)


def size(about: str, *, default: str | None = None) -> Schema:
    """An amount of storage; bounded, since beyond 2^63 an API server no longer knows a canonical form."""
    message = "must be a size such as 512Mi, 20Gi or 1.5Ti: a number and k, M, G, T, P, Ki, Mi, Gi, Ti or Pi"
    bounds = rule(
        f"!self.matches('^{QUANTITY}$') || quantity(self).compareTo(quantity('1Mi')) >= 0 "
        "&& quantity(self).isLessThan(quantity('1024Pi'))",
        "must be at least 1Mi and less than 1024Pi",
    )
    return text(about, matching(QUANTITY, message), bounds, longest=24, default=default)


def duration(about: str, *, default: str | None = None) -> Schema:
    message = "must be a duration in hours, minutes and seconds, such as 2160h or 1h30m"
    return text(about, matching(DURATION, message), longest=32, default=default)


def annotation_map(about: str, *rules: Schema) -> Schema:
    message = "must have keys such as example.com/name: an optional DNS prefix and a name of at most 63 characters"
    keys = rule(f"self.all(key, key.matches('^{QUALIFIED}$'))", message)
    return mapping(about, {"type": "string", "maxLength": 8192}, 64, keys, *rules)


def unreserved(*prefixes: str, way_out: str) -> Schema:
    """Keys that are not the author's to set."""
    listed = ", ".join(f"'{prefix}'" for prefix in prefixes)
    return rule(
        f"!self.exists(key, [{listed}].exists(prefix, key.startsWith(prefix)))",
        f"may not set keys of {', '.join(prefixes)}; {way_out}",
    )
