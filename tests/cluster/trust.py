"""Makes a machine trust a registry: its name, where that name is, and the CA that vouches for it.

kubelet and containerd use neither the cluster's DNS nor its CAs, and the Docker engine knows only its own folder: on a
real machine an administrator does exactly these steps.
"""

from __future__ import annotations

import time
from pathlib import Path

GO_READS_HOSTS = 5.0  # seconds for which Go's resolver, and so the Docker engine and containerd, keeps what it read


def name_host(hosts: Path, host: str, address: str) -> None:
    """Point a name at an address in a hosts file (a mount point: written, never replaced) and wait until it counts."""
    name = host.partition(":")[0]
    before = hosts.read_text()
    lines = [line for line in before.splitlines() if name not in line.split()[1:]]
    after = "\n".join([*lines, f"{address} {name}"]) + "\n"
    if after != before:
        hosts.write_text(after)
        time.sleep(GO_READS_HOSTS)


def containerd(folder: Path, host: str, ca: str) -> None:
    """containerd's `certs.d`: read at every pull."""
    place = folder / host
    place.mkdir(parents=True, exist_ok=True)
    (place / "ca.crt").write_text(ca)
    (place / "hosts.toml").write_text(
        f'server = "https://{host}"\n\n[host."https://{host}"]\n  ca = "{place}/ca.crt"\n'
    )


def docker(folder: Path, host: str, ca: str) -> None:
    """The Docker engine's `certs.d`: read at every login, push and pull; the file must end in .crt."""
    place = folder / host
    place.mkdir(parents=True, exist_ok=True)
    (place / "ca.crt").write_text(ca)
