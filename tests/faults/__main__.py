"""Faults at every write of every workload.

    python -m tests.faults all [--minutes N]        run, mutants, report
    python -m tests.faults run [SWEEP …] [--minutes N] [--quiet S] [--size N] [--only TEXT] [--seed N --count N]
    python -m tests.faults replay FILE …
    python -m tests.faults list [SWEEP …]
    python -m tests.faults mutants [--only TEXT]
    python -m tests.faults report

Results are kept in build/faults: a run that is cut goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import bench, record, reference, report, sweeps
from tests.faults.batch import Batch
from tests.faults.bench import ROOT, Bench, Options
from tests.faults.mutants import trial
from tests.faults.plan import Plan, chosen
from tests.faults.results import FAIL, PASS, Book, Result
from tests.faults.scenes import SCENES
from tests.faults.sequences import Sequences
from tests.stage.process import SOURCE

FOLDER = ROOT / "build" / "faults"
BOOK = FOLDER / "results.jsonl"
MUTANTS = FOLDER / "mutants.jsonl"
MEASURING = ("bench", "labels", "record", "reference", "state", "workloads")
"""What decides, beside the operator, how a reference looks."""
SMALL = ("crashes", "restarts", "sequences")  # of which a plan costs a restart, or has three namespaces


def main(arguments: list[str]) -> int:
    asked = _arguments().parse_args(arguments)
    if asked.verb == "report":
        write_report()
        return 0
    options = Options(quiet=asked.quiet, patience=asked.patience, size=asked.size)
    with tempfile.TemporaryDirectory() as folder, bench.opened(Path(folder), options, keep=asked.cluster) as stage:
        if asked.verb == "mutants":
            return mutants(stage, asked)
        if asked.verb == "replay":
            return replay(stage, [Plan.load(Path(file)) for file in asked.what], asked.size)
        measures = sweeps.MEDDLED_WITH if not asked.what or "meddling" in asked.what else ()
        stage.references = references(stage, (*sweeps.MEASURES, *measures))
        plans = wanted(stage, asked)
        if asked.verb == "list":
            print("\n".join(plan.id for plan in plans))
            return 0
        failed = run(stage, plans, asked)
        if asked.verb == "all":
            failed |= mutants(stage, asked)
            write_report()
        return failed


def write_report() -> None:
    report.write(Book(BOOK), Book(MUTANTS), ROOT / "docs" / "reliability.md")


def mutants(stage: Bench, asked: argparse.Namespace) -> int:
    stage.references |= references(stage, tuple(trial.measures()))
    return 1 if trial.try_all(stage, Book(MUTANTS), asked.only) else 0


def references(stage: Bench, measures: tuple[str, ...]) -> dict[str, reference.Reference]:
    """The stored references, with those that are missing recorded."""
    path = FOLDER / "references.json"
    ours = (Path(__file__).parent / f"{name}.py" for name in MEASURING)
    digest = bench.digest(SOURCE, ROOT / "crds" / "schema", *ours)
    found = reference.load(path, digest)
    if missing := [measure for measure in measures if measure not in found]:
        print(f"recording {len(missing)} undisturbed runs …", flush=True)
        found |= record.record(stage, missing)
        path.parent.mkdir(parents=True, exist_ok=True)
        reference.save(found, path, digest)
    return found


def wanted(stage: Bench, asked: argparse.Namespace) -> list[Plan]:
    """The plans that were asked for and have not been played often enough: a selection of each sweep, then the rest."""
    first, rest = [], []
    for name in asked.what or sweeps.SWEEPS:
        plans = [plan for plan in sweeps.SWEEPS[name](stage.references) if asked.only in plan.id]
        picked = chosen(plans, asked.count or sweeps.FIRST.get(name, len(plans)), asked.seed)
        first += picked
        rest += [] if asked.count else sorted(set(plans) - set(picked), key=plans.index)
    played = Book(BOOK).times()
    return [plan for plan in first + rest if played.get(plan.id, 0) < asked.times or asked.verb == "list"]


def run(stage: Bench, plans: list[Plan], asked: argparse.Namespace) -> int:
    """Play the plans in batches, the time permitting."""
    book, end, failed = Book(BOOK), time.monotonic() + asked.minutes * 60, 0
    print(f"{len(plans)} plans", flush=True)
    for batch in batches(plans, stage.options.size):
        if time.monotonic() > end:
            print("the time is up; the same command goes on from here")
            break
        began = time.monotonic()
        played = player(batch)(stage, batch)
        results = played.play()
        book.add(results)
        failed += tell(results)
        took = ", ".join(f"{what} {seconds:.0f}" for what, seconds in played.took.items())
        print(f"{summary(results)} in {time.monotonic() - began:.0f} s ({took})", flush=True)
    report.write_json(book, FOLDER / "results.json")
    return 1 if failed else 0


def batches(plans: list[Plan], size: int) -> list[list[Plan]]:
    """Plans that can be played together: what befalls one namespace with its like, all else by itself."""
    together: list[list[Plan]] = []
    for plan in plans:
        alone = plan.sweep in SMALL or plan.sweep in SCENES
        limit = max(1, size // 3) if plan.sweep in SMALL else size
        kind = plan.sweep if alone else ""
        fitting = [
            batch
            for batch in together
            if len(batch) < limit and (batch[0].sweep if batch[0].sweep in (*SMALL, *SCENES) else "") == kind
        ]
        (fitting[0] if fitting else _new(together)).append(plan)
    return together


def _new(together: list[list[Plan]]) -> list[Plan]:
    together.append([])
    return together[-1]


def replay(stage: Bench, plans: list[Plan], size: int) -> int:
    stage.references = record.record(stage, sorted({name for plan in plans for name in (plan.measure, plan.workload)}))
    failed = 0
    for batch in batches(plans, size):
        results = player(batch)(stage, batch).play()
        failed += tell(results)
        print(summary(results), flush=True)
    return 1 if failed else 0


def player(batch: list[Plan]) -> type[Batch]:
    return Sequences if batch[0].sweep == "sequences" else Batch


def tell(results: list[Result]) -> int:
    """Print what failed, with a file that replays it; how many."""
    failed = [result for result in results if result.verdict != PASS]
    for result in failed:
        file = Plan(**result.plan).save(FOLDER / "plans") if result.verdict == FAIL else ""
        print(f"{result.verdict}: {result.id} {file}")
        for oracle, text in result.findings[:6]:
            print(f"    {oracle}: {text[:400]}")
    return sum(result.verdict == FAIL for result in results)


def summary(results: list[Result]) -> str:
    counted = [f"{sum(r.verdict == v for r in results)} {v}" for v in dict.fromkeys(r.verdict for r in results)]
    return f"{', '.join(dict.fromkeys(r.plan['sweep'] for r in results))}: {', '.join(counted)}"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("verb", choices=["all", "run", "replay", "list", "mutants", "report"])
    parser.add_argument("what", nargs="*", help="sweeps, or files to replay")
    parser.add_argument("--minutes", type=float, default=600, help="begin no batch after so many minutes")
    parser.add_argument("--quiet", type=float, default=60, help="seconds in which nothing may be written afterwards")
    parser.add_argument("--patience", type=float, default=30, help="seconds from the last fault to the wanted state")
    parser.add_argument("--size", type=int, default=90, help="how many plans are played at once")
    parser.add_argument("--only", default="", help="plans whose name has this in it")
    parser.add_argument("--count", type=int, default=0, help="a selection of so many plans")
    parser.add_argument("--seed", type=int, default=1, help="another selection")
    parser.add_argument("--times", type=int, default=1, help="play each plan until it has so many results")
    parser.add_argument("--cluster", default="", help="use this cluster, and let it run on afterwards")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
