"""The HTTP endpoints for kubelet and Prometheus: /healthz, /readyz and /metrics.

Checks are calls that return None or a reason, so that the body tells why a probe failed. They run on the event loop
they judge: a loop that hangs does not answer, and that is the right answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import TracebackType

from aiohttp import web

from registry_operator.observe.metrics import CONTENT_TYPE

Check = Callable[[], str | None]
_LOG = logging.getLogger(__name__)


class HealthServer:
    """Two ports, so that a NetworkPolicy can open the metrics to Prometheus alone; None switches one off."""

    def __init__(
        self,
        *,
        health_port: int | None,
        metrics_port: int | None,
        live: Mapping[str, Check],
        ready: Mapping[str, Check],
        metrics: Callable[[], bytes],
        host: str | None = None,
    ) -> None:
        """`host` None: all addresses of both families. Port 0: any free one (see `ports`)."""
        self._ports = {"health": health_port, "metrics": metrics_port}
        self._host = host
        self._live = live
        self._ready = ready
        self._metrics = metrics
        self._runners: list[web.AppRunner] = []
        self.ports: dict[str, int] = {}

    async def __aenter__(self) -> HealthServer:
        routes = {
            "health": [web.get("/healthz", self._healthz), web.get("/readyz", self._readyz)],
            "metrics": [web.get("/metrics", self._exposition)],
        }
        try:
            for name, port in self._ports.items():
                if port is not None:
                    self.ports[name] = await self._listen(routes[name], port)
        except OSError as error:
            await self._close()
            raise OSError(
                f"port {port} for {name} cannot be opened: {error.strerror}. REGISTRY_OPERATOR_{name.upper()}_PORT"
                " chooses another one, 0 switches it off"
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _listen(self, routes: list[web.RouteDef], port: int) -> int:
        app = web.Application()
        app.add_routes(routes)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, self._host, port).start()
        return int(runner.addresses[0][1])

    async def _close(self) -> None:
        while self._runners:
            await self._runners.pop().cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return _judge(self._live)

    async def _readyz(self, _: web.Request) -> web.Response:
        return _judge(self._ready)

    async def _exposition(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={"Content-Type": CONTENT_TYPE})


def _judge(checks: Mapping[str, Check]) -> web.Response:
    """All checks, in the form of kube-apiserver's /readyz?verbose."""
    lines, failed = [], False
    for name, check in checks.items():
        try:
            reason = check()
        except Exception as error:  # a check that cannot be made is not passed
            _LOG.exception("the check %s failed", name)
            reason = f"the check itself failed: {type(error).__name__}"
        failed = failed or reason is not None
        lines.append(f"[-]{name}: {reason}" if reason else f"[+]{name} ok")
    lines.append("failed" if failed else "ok")
    return web.Response(text="\n".join(lines) + "\n", status=503 if failed else 200)
