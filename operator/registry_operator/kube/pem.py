"""Client certificates into a TLS context: Python's ssl takes files only."""

from __future__ import annotations

import ssl
import tempfile


def load_client_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Used for every connection opened from now on; the key is on disk (mode 0600) only for this moment."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate.rstrip() + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)
