"""`docs/reference.md`: every field of the CRDs with its type, its default and its rules, one table an object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

INTRODUCTION = """# Reference of the API

<!-- Made from crds/schema by `make docs`; edit there. -->

`kubectl explain registry.spec --recursive` shows the same. References are to objects of the Registry's own namespace.
Each section of `spec` has one owner: a server-side apply replaces it as a whole. Why the schema is as it is:
[decision 5](decisions/0005-schema.md).
"""


def page(definitions: list[dict[str, Any]]) -> str:
    parts = [INTRODUCTION]
    for definition in definitions:
        names = definition["spec"]["names"]
        group = definition["spec"]["group"]
        for version in definition["spec"]["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            parts.append(f"## {names['kind']} (`{group}/{version['name']}`)\n\n{schema['description']}\n")
            naming = schema["x-kubernetes-validations"][0]["message"]
            parts.append(f"Short name: `{names['shortNames'][0]}`. Its {naming}.\n")
            parts += [section for name in ("spec", "status") for section in _sections(name, schema["properties"][name])]
    return "\n".join(parts)


def _sections(path: str, schema: dict[str, Any]) -> Iterator[str]:
    """The object's own table, then those of the objects in it."""
    rows = [_row(name, field, name in schema.get("required", ())) for name, field in schema["properties"].items()]
    table = "\n".join(["| field | type | default | about |", "|---|---|---|---|", *rows])
    about = [
        f"### {path}",
        schema.get("description", ""),
        "\n".join(f"- It {text}." for text in _messages(schema)),
        table,
    ]
    yield "\n\n".join(part for part in about if part) + "\n"
    for name, field in schema["properties"].items():
        inner, suffix = (field["items"], "[]") if field["type"] == "array" else (field, "")
        if inner.get("properties") and "externalDocs" not in field:
            yield from _sections(f"{path}.{name}{suffix}", inner)


def _row(name: str, field: dict[str, Any], required: bool) -> str:
    default = f"`{field['default']}`" if "default" in field else ("required" if required else "")
    about = [field.get("description", "")]
    if "externalDocs" in field:
        about.append(f"As in [Kubernetes]({field['externalDocs']['url']}).")
    if "properties" not in field:
        about += [f"It {message}." for inner in (field, field.get("items", {})) for message in _messages(inner)]
    text = " ".join(part for part in about if part).replace("|", "\\|")
    return f"| `{name}` | {_type(field)} | {default} | {text} |"


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " \\| ".join(f"`{option}`" for option in field["enum"])
    if field["type"] == "array":
        return f"list of {_type(field['items'])}"
    if "additionalProperties" in field:
        return f"map of {_type(field['additionalProperties'])}"
    bounds = f" {field['minimum']} to {field['maximum']}" if "minimum" in field and "maximum" in field else ""
    return f"{field['type']}{bounds}"


def _messages(schema: dict[str, Any]) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", ()):
        field = rule.get("fieldPath", "").lstrip(".")
        yield f"{rule['message']} (`{field}`)" if field else rule["message"]
