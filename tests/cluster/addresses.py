"""Which addresses a cluster has: a block of its own, so that clusters live side by side and the host reaches each one.

The blocks are cut from 198.18.0.0/15, which RFC 2544 keeps for benchmarks of network gear: no home, office or cloud
network uses it, as 10/8, 172.16/12, 192.168/16 and 100.64/10 all are used by somebody.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass

from tests.cluster.errors import ClusterError
from tests.cluster.shell import run

BLOCKS = tuple(ipaddress.IPv4Network("198.18.0.0/15").subnets(new_prefix=20))


@dataclass(frozen=True)
class Addresses:
    """The addresses of the cluster with this index, all derived from it."""

    index: int

    @property
    def block(self) -> ipaddress.IPv4Network:
        return BLOCKS[self.index]

    @property
    def services(self) -> ipaddress.IPv4Network:
        """2,046 ClusterIPs: twice what the largest benchmark needs."""
        return ipaddress.IPv4Network((self.block.network_address, 21))

    @property
    def pods(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Network((self.block.network_address + 2048, 22))

    @property
    def api(self) -> str:
        """The ClusterIP of the Service `kubernetes`: always the first one."""
        return str(self.services.network_address + 1)

    @property
    def dns(self) -> str:
        return str(self.services.network_address + 10)

    @property
    def host(self) -> str:
        return str(self.block.broadcast_address - 2)

    @property
    def node(self) -> str:
        return str(self.block.broadcast_address - 1)

    @property
    def link(self) -> int:
        """The prefix length of the wire between host and node."""
        return 30

    @property
    def device(self) -> str:
        """The host's end of the wire; the kernel allows 15 characters."""
        return f"regop{self.index}"

    @property
    def server(self) -> str:
        return f"https://{self.node}:6443"


def routed_networks() -> list[ipaddress.IPv4Network]:
    """What the host's routing table already knows, default routes aside."""
    routes = json.loads(run("ip", "-json", "-4", "route", "show", "table", "all").stdout or "[]")
    networks = []
    for route in routes:
        destination = route.get("dst", "default")
        if destination != "default":
            networks.append(ipaddress.IPv4Network(destination, strict=False))
    return networks


def free(taken: Iterable[int], routed: Iterable[ipaddress.IPv4Network]) -> Addresses:
    """The first block that neither another cluster nor a route of the host uses."""
    used, routes = set(taken), list(routed)
    for index, block in enumerate(BLOCKS):
        if index not in used and not any(block.overlaps(network) for network in routes if network.prefixlen > 8):
            return Addresses(index)
    raise ClusterError(
        f"no free addresses for a cluster: all {len(BLOCKS)} blocks of 198.18.0.0/15 are in use; "
        "end a cluster (`python -m tests.cluster status` lists them), or look at `ip route`"
    )
