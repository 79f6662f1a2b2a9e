"""`python -m tests.demo up|down`; `CLUSTER` chooses the cluster."""

from __future__ import annotations

import argparse
import sys

from tests.cluster.choose import choose
from tests.cluster.docker_engine import DockerEngine
from tests.cluster.errors import ClusterError
from tests.demo.client import ENGINE
from tests.demo.steps import Demo, undo

NAME = "demo"


def say(text: str) -> None:
    print(f"    {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description="The product's main job, step by step.")
    parser.add_argument("verb", choices=["up", "down"])
    verb = parser.parse_args().verb
    try:
        cluster = choose(NAME, say=say)
        if verb == "up":
            Demo(cluster).run()
        else:
            DockerEngine(ENGINE).down()
            undo(cluster)
            print("The demo is gone; what was built stays in the cache folder.")
    except ClusterError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        if verb == "up":
            print("What was started keeps running, to be looked at; `make demo-down` ends it.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; `make demo-down` ends what was started.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
