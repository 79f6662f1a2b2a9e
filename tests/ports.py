"""A port that nobody uses, for a server that is started a moment later."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 20000, 32000
"""Below those that the kernel gives to whoever connects: one of those may be taken before the server comes."""


def free_port() -> int:
    """By chance, since the workers of a test run look at the same time. Free at every address: some listen at all."""
    while True:
        port = random.randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        return port
