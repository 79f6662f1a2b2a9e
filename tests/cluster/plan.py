"""What the outside tells the node's first process: plain data, because the two are different processes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Process:
    """One program that the node keeps running."""

    name: str
    argv: list[str]
    after: str = ""  # a file: the program starts once it exists
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Network:
    """The node's end of the wire to the host."""

    device: str
    address: str
    prefix: int
    gateway: str


@dataclass(frozen=True)
class Plan:
    """All that the node's first process needs to know."""

    folder: str
    hostname: str
    network: Network | None = None  # None: the host's own
    mounts: dict[str, str] = field(default_factory=dict)  # folder of the node → folder of the host that stands for it
    processes: list[Process] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2))

    @staticmethod
    def read(path: Path) -> Plan:
        data: dict[str, Any] = json.loads(path.read_text())
        network = Network(**data["network"]) if data["network"] else None
        processes = [Process(**process) for process in data["processes"]]
        return Plan(**{**data, "network": network, "processes": processes})
