"""The clusters of tests and demo, for a shell.

python -m tests.cluster up [--name NAME] [--control-plane-only] [--no-cert-manager]
python -m tests.cluster down [--name NAME | --all]
python -m tests.cluster crash [--name NAME]                end it as a power cut does; `boot` goes on with what it had
python -m tests.cluster exec [--name NAME] -- COMMAND …    run a command on the node
python -m tests.cluster logs [--name NAME] [PROGRAM]       where the logs are, or the end of one
python -m tests.cluster status                             the clusters of this machine
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from tests.cluster import local, machine, operator_image
from tests.cluster.errors import ClusterError
from tests.cluster.local import LocalCluster
from tests.cluster.shell import tail


def say(text: str) -> None:
    print(text, flush=True)


def up(arguments: argparse.Namespace) -> None:
    start = time.monotonic()
    cluster = LocalCluster(
        arguments.name,
        control_plane_only=arguments.control_plane_only,
        cert_manager=not arguments.no_cert_manager,
        say=say,
    )
    cluster.up()
    say(f"Cluster {cluster.name} is ready ({time.monotonic() - start:.1f} s); its node is {cluster.node_ip}.")
    say(f"export KUBECONFIG={cluster.kubeconfig}")


def down(arguments: argparse.Namespace) -> None:
    for name in local.names() if arguments.all else [arguments.name]:
        LocalCluster(name, say=say).down()
        say(f"Cluster {name} is gone.")


def crash(arguments: argparse.Namespace) -> None:
    LocalCluster(arguments.name, say=say).crash()
    say(f"Cluster {arguments.name} has crashed; python -m tests.cluster boot --name {arguments.name} starts it again.")


def boot(arguments: argparse.Namespace) -> None:
    LocalCluster(arguments.name, say=say).boot()
    say(f"Cluster {arguments.name} works again.")


def exec_(arguments: argparse.Namespace) -> None:
    if not arguments.command:
        raise ClusterError("which command? python -m tests.cluster exec -- COMMAND …")
    argv = machine.inside(LocalCluster(arguments.name).layout, *arguments.command)
    os.execvp(argv[0], argv)


def load(arguments: argparse.Namespace) -> None:
    cluster = LocalCluster(arguments.name)
    for archive in arguments.archives:
        cluster.load(archive)
        say(f"Loaded {archive}.")


def image(arguments: argparse.Namespace) -> None:
    built = operator_image.build()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(built, arguments.output)
    say(f"{arguments.output} holds the image {operator_image.name()}.")


def logs(arguments: argparse.Namespace) -> None:
    folder = LocalCluster(arguments.name).layout.logs
    files = sorted(folder.glob("*.log"))
    if not files:
        raise ClusterError(f"there are no logs in {folder}: is the cluster's name right?")
    if arguments.program:
        say(tail(folder / f"{arguments.program}.log", lines=200))
        return
    for file in files:
        say(f"{file}  {file.stat().st_size} bytes")


def status(_: argparse.Namespace) -> None:
    for name in local.names():
        cluster = LocalCluster(name)
        state = "running" if cluster.running else "failed or stopped; `down` removes it"
        say(f"{name}  {state}  node {cluster.node_ip}  {cluster.kubeconfig}")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="python -m tests.cluster", description="A local Kubernetes for tests and demo."
    )
    verbs = result.add_subparsers(required=True)

    def verb(name: str, action: object, about: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=about, description=about)
        added.set_defaults(action=action)
        added.add_argument("--name", default="default", help="which cluster (default: default)")
        return added

    start = verb("up", up, "start a cluster, or keep the one that runs")
    start.add_argument("--control-plane-only", action="store_true", help="API server and controllers, no node for pods")
    start.add_argument("--no-cert-manager", action="store_true", help="a cluster that knows no cert-manager")
    verb("down", down, "end a cluster and delete all of it").add_argument(
        "--all", action="store_true", help="every cluster"
    )
    verb("crash", crash, "end a cluster as a power cut does, and keep its disk")
    verb("boot", boot, "start a crashed cluster on its disk")
    verb("exec", exec_, "run a command on the node").add_argument("command", nargs="*")
    verb("load", load, "give the node image archives").add_argument("archives", nargs="+", type=Path)
    verb("logs", logs, "list the logs, or show the end of one").add_argument("program", nargs="?")
    verb("status", status, "list the clusters of this machine")
    build = verb("image", image, "build the operator's image into an archive")
    build.add_argument("--output", type=Path, default=machine.REPOSITORY / "dist" / "image.tar")
    return result


def main() -> int:
    arguments = parser().parse_args()
    try:
        arguments.action(arguments)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
