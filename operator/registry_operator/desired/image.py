"""The image that a Registry runs: what its author says, over what the operator's settings give for the line."""

from __future__ import annotations

from registry_operator.api.registry import Registry


def reference(registry: Registry, default: str) -> str:
    """The image reference; `default` is the settings' image for the line `spec.version`.

    A repository alone keeps the default's tag or digest (a mirror of the same images), a tag or digest alone keeps the
    default's repository.
    """
    wanted = registry.spec.image
    repository, suffix = split(default)
    if wanted.digest:
        suffix = f"@{wanted.digest}"
    elif wanted.tag:
        suffix = f":{wanted.tag}"
    return f"{wanted.repository or repository}{suffix}"


def split(image: str) -> tuple[str, str]:
    """The repository, and the `:tag` or `@digest` (or nothing) after it; a port of the host is no tag."""
    name, at, digest = image.partition("@")
    head, colon, tag = name.rpartition(":")
    repository, suffix = (head, f":{tag}") if colon and "/" not in tag else (name, "")
    return repository, f"@{digest}" if at else suffix


def tag(image: str) -> str | None:
    """The tag of a reference, or None when it has none or is pinned by digest."""
    _, suffix = split(image)
    return suffix[1:] if suffix.startswith(":") else None
