"""`python -m registry_operator`: settings from the environment, then run."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from asyncio import sslproto

from registry_operator.app import App
from registry_operator.kube.auth import ClusterConfig, ConfigError, load
from registry_operator.observe import logs
from registry_operator.settings import SettingError, Settings, unknown_variables


def main() -> int:
    """The exit code: 0 after a signal, 1 when the operator must be started afresh, 2 for a wrong setting."""
    try:
        settings = Settings.from_env(os.environ)
        config = load()
    except (SettingError, ConfigError) as error:
        print(f"registry-operator: {error}", file=sys.stderr)
        return 2
    logs.set_up(settings.log_level, settings.log_format)
    for name in unknown_variables(os.environ):
        logging.getLogger(__name__).warning("%s is no setting; see docs/configuration.md", name)
    be_frugal()
    return asyncio.run(_run(settings, config))


def be_frugal() -> None:
    """Less memory and CPU than by Python's defaults (docs/decisions/0012)."""
    sslproto.SSLProtocol.max_size = 32 * 1024  # what each TLS connection keeps for reading; a record has 16 KiB at most
    gc.collect()
    gc.freeze()  # what is imported stays, and need not be looked through again and again
    gc.set_threshold(10_000, 20, 20)


async def _run(settings: Settings, config: ClusterConfig) -> int:
    return await App(settings, config).run()


if __name__ == "__main__":
    sys.exit(main())
