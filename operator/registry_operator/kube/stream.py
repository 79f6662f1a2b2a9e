"""Cuts a watch's endless body into events.

Not `StreamReader.readline()`: that refuses lines above the reader's buffer (a Secret may have 1 MiB, an object with its
managedFields 3 MiB), and raising that buffer for all would let every stalled consumer hold as much.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from registry_operator.kube.errors import Unreachable, from_status

_MAX_EVENT = 16 * 1024 * 1024


async def lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a body; each byte is copied once, however many pieces a line arrives in."""
    parts: list[bytes] = []
    size = 0
    async for piece in content.iter_any():
        head, *tail = piece.split(b"\n")
        parts.append(head)
        size += len(head)
        for following in tail:
            if line := b"".join(parts):
                yield line
            parts, size = [following], len(following)
        if size > _MAX_EVENT:
            raise Unreachable(f"a watch event is longer than {_MAX_EVENT} bytes")
    if any(parts):
        raise Unreachable("the watch was torn in the middle of an event")


async def events(content: aiohttp.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """The events {type, object}; an ERROR event is raised as the error that it carries."""
    async for line in lines(content):
        try:
            event = json.loads(line)
        except ValueError as error:
            raise Unreachable("the watch sent something that is no JSON") from error
        if not isinstance(event, dict) or not isinstance(event.get("object"), dict) or "type" not in event:
            raise Unreachable("the watch sent something that is no event")
        if event["type"] == "ERROR":
            raise from_status(event["object"])
        yield event
