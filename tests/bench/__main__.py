"""The bench's command line; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests import prepare
from tests.bench import baseline, report
from tests.bench.run import Options, Run, say
from tests.bench.workloads import WORKLOADS

OUT = Path("dist/bench.json")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables and what got worse. It never fails for a figure: a phase that gave up says so."""
    options = Options(
        sizes=tuple(arguments.sizes),
        workload=arguments.workload,
        idle=arguments.idle,
        samples=arguments.samples,
        minutes=arguments.minutes,
        out=arguments.results,
    )
    prepare.control_plane()
    results = Run(options).all()
    say(f"\n{report.tables(results)}\n")
    say(baseline.compare(results, baseline.load()))
    say(f"\nThe results are in {options.out}. To publish them, in docs/scale.md and for later comparisons:")
    say(f"python -m tests.bench report {options.out}; python -m tests.bench baseline {options.out}")
    return 0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    measure = verbs.add_parser("run", help="measure")
    measure.add_argument("--sizes", type=int, nargs="+", default=[100, 1000])
    measure.add_argument("--workload", choices=WORKLOADS, default="self-signed")
    measure.add_argument("--idle", type=float, default=600, help="seconds of rest that are watched")
    measure.add_argument("--samples", type=int, default=200, help="how many edits are timed")
    measure.add_argument("--minutes", type=float, default=180, help="no phase begins later than this")
    measure.add_argument("--out", dest="results", type=Path, default=OUT)
    for verb, text in (
        ("report", "write the tables into docs/scale.md"),
        ("compare", "print what is worse than the baseline"),
        ("baseline", "make these results the baseline"),
    ):
        verbs.add_parser(verb, help=text).add_argument("results", type=Path, nargs="+")
    arguments = parser.parse_args(argv)
    if arguments.verb == "run":
        return run(arguments)
    found = [json.loads(path.read_text()) for path in arguments.results]
    if arguments.verb == "report":
        report.write(found)
    elif arguments.verb == "compare":
        say("\n".join(baseline.compare(each, baseline.load()) for each in found))
    else:
        baseline.store(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
