"""A real registry with a password, over TLS, for others to cache."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path

from registry_operator.registry import config, htpasswd
from tests.distribution import LOOPBACK, Running, started
from tests.ports import free_port
from tests.unit.registry.serving import OPTIONS, write_files


class Origin:
    """The registry that is cached; it can go and come back to its address."""

    def __init__(self, folder: Path) -> None:
        self.url = f"https://{LOOPBACK}:{(port := free_port())}"
        write_files(folder)
        self._folder, self._port, self._runs = folder, port, ExitStack()
        self.come()

    def come(self) -> None:
        options = replace(
            OPTIONS,
            line="3",
            port=self._port,
            storage=config.filesystem(str(self._folder / "data")),
            tls_folder=str(self._folder),
            htpasswd_file=str(self._folder / "htpasswd"),
        )
        running: AbstractContextManager[Running] = started("3", config.render(options), self._folder, self._port)
        self._runs.enter_context(running)

    def go(self) -> None:
        self._runs.close()

    def admit(self, user: str, password: str) -> None:
        """One account more."""
        with (self._folder / "htpasswd").open("a") as file:
            file.write(htpasswd.line(user, password, b"key") + "\n")
