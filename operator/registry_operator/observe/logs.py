"""Log lines to stderr: JSON for machines, text for people. Not named logging.py: that would shadow the library.

Nothing is redacted, because nothing secret is ever handed to a logger: errors carry the API server's messages and the
names of objects, never their content.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO

_CONTEXT: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039 (never changed in place)
_ATTRIBUTE = "registry_operator_context"


@contextmanager
def context(**fields: str) -> Iterator[None]:
    """Every line logged inside, in whatever module, carries these fields (the object that is worked on)."""
    token = _CONTEXT.set({**_CONTEXT.get(), **fields})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def set_up(level: str = "info", style: str = "json", stream: IO[str] | None = None) -> None:
    """Send all log lines of the process to stderr in one style."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(_remember)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level.upper())
    logging.captureWarnings(True)
    logging.getLogger("aiohttp.access").propagate = False  # a line for each probe of kubelet
    logging.getLogger("asyncio").setLevel(logging.WARNING)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str] = {
            "time": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _ATTRIBUTE, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Time, level, object, message."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, _ATTRIBUTE, {})
        subject = "".join(f" {name}={value}" for name, value in fields.items())
        text = f"{_time(record):%H:%M:%S} {record.levelname:<7} {record.name}{subject}: {record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def _remember(record: logging.LogRecord) -> bool:
    """Take the context when the line is logged: the formatter may run elsewhere."""
    setattr(record, _ATTRIBUTE, _CONTEXT.get())
    return True


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
