"""The ways to prove who we are, each as headers that may change while the operator runs."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from registry_operator.kube.errors import Unauthorized
from registry_operator.kube.pem import load_client_certificate

_REREAD_SECONDS = 60
_EXPIRY_MARGIN_SECONDS = 60
_PLUGIN_SECONDS = 60


class Credentials(Protocol):
    """What the session asks: the headers now, and after a 401 whether there may be better ones."""

    async def headers(self) -> Mapping[str, str]:
        """The headers to send with a request."""
        ...

    async def refresh(self) -> bool:
        """Read the source anew after a 401; False when that cannot change anything."""
        ...


class Anonymous:
    """No headers: plain HTTP servers, and client certificates (they live in the TLS context)."""

    async def headers(self) -> Mapping[str, str]:
        return {}

    async def refresh(self) -> bool:
        return False


class Static:
    """A token or a password that stands in the kubeconfig itself."""

    def __init__(self, authorization: str) -> None:
        self._headers = {"Authorization": authorization}

    @classmethod
    def token(cls, token: str) -> Static:
        return cls(f"Bearer {token}")

    @classmethod
    def password(cls, user: str, password: str) -> Static:
        return cls("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())

    async def headers(self) -> Mapping[str, str]:
        return self._headers

    async def refresh(self) -> bool:
        return False


class TokenFile:
    """A token that kubelet rotates on disk: read again at most every minute, and after a 401.

    A file that cannot be read for a moment (kubelet swaps a symbolic link) leaves the last token in use.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._token = ""
        self._read_at: float | None = None

    async def headers(self) -> Mapping[str, str]:
        if self._read_at is None or self._clock() - self._read_at >= _REREAD_SECONDS:
            self._read()
        return {"Authorization": f"Bearer {self._token}"}

    async def refresh(self) -> bool:
        before = self._token
        self._read()
        return self._token != before

    def _read(self) -> None:
        self._read_at = self._clock()
        try:
            self._token = self._path.read_text().strip()
        except OSError as error:
            if not self._token:
                raise Unauthorized(401, "NoToken", f"the token file {self._path} cannot be read: {error}") from error


@dataclass(frozen=True)
class Plugin:
    """The `exec` entry of a kubeconfig: a program that prints an ExecCredential."""

    command: str
    args: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    api_version: str = "client.authentication.k8s.io/v1"
    cluster: Mapping[str, Any] | None = None
    hint: str = ""
    folder: Path = Path()


class ExecPlugin:
    """Credentials of a plugin, kept until shortly before they expire. One run serves all who wait for it."""

    def __init__(
        self,
        plugin: Plugin,
        context: ssl.SSLContext | None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._plugin = plugin
        self._context = context
        self._now = now
        self._lock = asyncio.Lock()
        self._headers: dict[str, str] | None = None
        self._expires: datetime | None = None

    async def headers(self) -> Mapping[str, str]:
        async with self._lock:
            if self._headers is None or self._expired():
                await self._renew()
            assert self._headers is not None
            return self._headers

    async def refresh(self) -> bool:
        stale = self._headers
        async with self._lock:
            if self._headers is stale:  # else another request has refreshed them while this one waited
                await self._renew()
        return True

    def _expired(self) -> bool:
        return self._expires is not None and (self._expires - self._now()).total_seconds() < _EXPIRY_MARGIN_SECONDS

    async def _renew(self) -> None:
        status = await self._run()
        token, certificate, key = (status.get(name) for name in ("token", "clientCertificateData", "clientKeyData"))
        if certificate and key and self._context is not None:
            load_client_certificate(self._context, certificate.encode(), key.encode())
        elif not token:
            raise self._failure("it printed neither a token nor a client certificate")
        expires = status.get("expirationTimestamp")
        self._expires = datetime.fromisoformat(expires) if expires else None
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def _run(self) -> dict[str, Any]:
        """The status that the plugin printed. Its output is never shown: it holds the credential."""
        info = {
            "apiVersion": self._plugin.api_version,
            "kind": "ExecCredential",
            "spec": {"interactive": False, **({"cluster": self._plugin.cluster} if self._plugin.cluster else {})},
        }
        environ = {**os.environ, **self._plugin.env, "KUBERNETES_EXEC_INFO": json.dumps(info)}
        command = self._plugin.command
        if "/" in command:  # like kubectl: relative to the kubeconfig; a bare name is looked up in PATH
            command = str(self._plugin.folder / command)
        try:
            process = await asyncio.create_subprocess_exec(
                command,
                *self._plugin.args,
                env=environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise self._failure(f"it cannot be run: {error.strerror}. {self._plugin.hint}".strip()) from error
        try:
            async with asyncio.timeout(_PLUGIN_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError as error:
            raise self._failure(f"it did not end within {_PLUGIN_SECONDS} s") from error
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise self._failure(f"it ended with exit code {process.returncode}")
        try:
            return dict(json.loads(output)["status"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._failure("it printed no ExecCredential with a status") from error

    def _failure(self, what: str) -> Unauthorized:
        return Unauthorized(401, "ExecPlugin", f"the credential plugin {self._plugin.command} failed: {what}")
