"""All parts together, in a thread with a loop of its own, so that tests can be plain functions that read top down."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from registry_operator.kube import auth
from registry_operator.kube.client import Client
from registry_operator.kube.kinds import PERSISTENT_VOLUME_CLAIM

from .actors import Actors
from .container import Container
from .kube import PERSISTENT_VOLUME, STORAGE_CLASS, Kube
from .pods import Fault
from .process import SOURCE, Operator, plain_kubeconfig
from .proxy import Proxy
from .stub import StubRegistry, Trouble
from .traffic import Request

T = TypeVar("T")


class Stage:
    """`with` a cluster's kubeconfig: actors play, the stub serves, operators can be started."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self.kube = Kube(kubeconfig)
        self.folder = folder
        self._kubeconfig = kubeconfig
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage", daemon=True)
        self._parts = AsyncExitStack()

    def __enter__(self) -> Stage:
        make_storage_classes(self.kube)
        self._thread.start()
        self.do(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.kube.close()

    async def _open(self) -> None:
        client = await self._parts.enter_async_context(Client(auth.load(str(self._kubeconfig)), limit=64))
        self._actors = Actors(client)
        self._play = asyncio.create_task(self._actors.run())
        self._stub = await self._parts.enter_async_context(StubRegistry(self._actors.find))

    async def _close(self) -> None:
        self._play.cancel()
        await asyncio.gather(self._play, return_exceptions=True)
        await self._parts.aclose()
        await asyncio.sleep(0.25)  # TLS says goodbye after its session was closed, and warns when it can't

    def do(self, work: Coroutine[Any, Any, T], within: float = 60) -> T:
        """Run something in the stage's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within)

    # ---------------------------------------------------------------- the operator
    def operator(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        service_account: str | None = None,
        source: Path = SOURCE,
    ) -> StagedOperator:
        """An operator that is not started yet, behind a proxy of its own; with the account's permissions or all."""
        folder = self.folder / f"operator-{next(self._numbers)}"
        proxy = self.do(self._proxy(service_account))
        kubeconfig = plain_kubeconfig(folder / "kubeconfig", proxy.url)
        return StagedOperator(self, proxy, kubeconfig, folder, settings or {}, source)

    async def _proxy(self, service_account: str | None) -> Proxy:
        return await self._parts.enter_async_context(Proxy(self._kubeconfig, service_account=service_account))

    @property
    def resolver(self) -> str:
        return self._stub.address

    # ---------------------------------------------------------------- knobs
    def fault(self, namespace: str, registry: str, fault: Fault | None) -> None:
        """What the Registry's pods suffer from; None heals them."""
        self._call(self._actors.set_fault, namespace, registry, fault)

    def hold_claim(self, namespace: str, claim: str, held: bool) -> None:
        self._call(self._actors.hold_claim, namespace, claim, held)

    def grow(self, namespace: str, claim: str, size: str) -> None:
        """What a storage driver's resizer does once a claim asks for more."""
        volume = self.kube.get(PERSISTENT_VOLUME_CLAIM, namespace, claim)["spec"]["volumeName"]
        self.kube.patch(PERSISTENT_VOLUME, None, volume, {"spec": {"capacity": {"storage": size}}})
        capacity = {"status": {"capacity": {"storage": size}}}
        self.kube.patch(PERSISTENT_VOLUME_CLAIM, namespace, claim, capacity, subresource="status")

    def hold_secret(self, namespace: str, secret: str, held: bool) -> None:
        self._call(self._actors.hold_secret, namespace, secret, held)

    def trouble(self, namespace: str, registry: str, trouble: Trouble | None) -> None:
        """How the running registry disappoints; None ends it."""
        if trouble is None:
            self._stub.troubles.pop((namespace, registry), None)
        else:
            self._stub.troubles[namespace, registry] = trouble

    def container(self, namespace: str, registry: str) -> Container | None:
        """What runs and is ready."""
        return self._actors.of(namespace, registry)

    def _call(self, function: Any, *arguments: Any) -> None:
        async def call() -> None:
            function(*arguments)

        self.do(call())


class StagedOperator(Operator):
    """An operator whose requests are recorded and whose probes reach the stub."""

    def __init__(
        self, stage: Stage, proxy: Proxy, kubeconfig: Path, folder: Path, settings: Mapping[str, str], source: Path
    ) -> None:
        self.proxy = proxy
        self._stage = stage
        settings = {"PROBE_RESOLVER": stage.resolver, "LOG_FORMAT": "text", **settings}
        super().__init__(kubeconfig, folder, settings, source=source)

    def tear(self, matches: Callable[[Request], bool] = lambda _: True) -> int:
        """Cut the operator's open watches in the middle of their stream; how many."""

        async def tear() -> int:
            return self.proxy.tear(matches)

        return self._stage.do(tear())


def make_storage_classes(kube: Kube) -> None:
    """A default class and others; like those of clouds they wait for the first pod. All but `fixed` can grow."""
    for name, default in (("standard", "true"), ("other", "false"), ("fixed", "false")):
        kube.apply(
            STORAGE_CLASS,
            {
                "metadata": {
                    "name": name,
                    "annotations": {"storageclass.kubernetes.io/is-default-class": default},
                },
                "provisioner": "stage.example/none",
                "volumeBindingMode": "WaitForFirstConsumer",
                "allowVolumeExpansion": name != "fixed",
            },
            manager="stage",
        )
