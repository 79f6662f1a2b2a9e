"""The table of docs/reliability.md and the results in one document, made from the book of results."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from pathlib import Path

from tests.faults import sweeps
from tests.faults.mutants import trial
from tests.faults.results import FAIL, INCONCLUSIVE, NOT_STRUCK, PASS, Book, Result
from tests.faults.schema import fields, spec_schema

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
HEAD = (
    "| faults | plans | passed | end state | history | safety | not in time | not quiet | other | p50 / p99 recovery "
    "| flaky | without a verdict |"
)


def write(book: Book, mutants: Book, page: Path) -> None:
    """Put the tables between the markers of the page."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(book)}\n\n{trial.table(mutants)}\n{END}{after}")


def write_json(book: Book, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(result) for result in book.all], indent=1) + "\n")


def table(book: Book) -> str:
    rows = [HEAD, "|---" * (HEAD.count("|") - 1) + "|"]
    sweeps_known = [*sweeps.SWEEPS, *sorted({result.plan["sweep"] for result in book.all} - set(sweeps.SWEEPS))]
    rows += [row for sweep in sweeps_known if (row := _row(sweep, book))]
    changes = [result.plan["extra"] for result in book.last().values() if "operations" in result.plan["extra"]]
    if changes:
        operations = sum(int(each["operations"]) for each in changes)
        covered = {name for each in changes for name in json.loads(each["covered"])}
        known = {field.name for field in fields(spec_schema())}
        left = ", ".join(f"`{name}`" for name in sorted(known - covered)) or "none"
        rows += [
            "",
            f"The sequences had {operations} operations and changed {len(covered & known)} of {len(known)} fields.",
        ]
        lax = {name for each in changes for name in json.loads(each["lax"])}
        loose = ", ".join(f"`{name}`" for name in sorted(lax)) or "none"
        rows += [f"Left out: {left}. Fields that take what makes no sense (told by the status only): {loose}."]
    dates = sorted(result.when[:10] for result in book.all)
    if dates:
        machine = f"{platform.machine()}, {platform.system()} {platform.release()}, Python {platform.python_version()}"
        rows += ["", f"Played from {dates[0]} to {dates[-1]} on {machine}."]
    return "\n".join(rows)


def _row(sweep: str, book: Book) -> str:
    by_plan: dict[str, list[Result]] = {}
    for result in book.all:
        if result.plan["sweep"] == sweep:
            by_plan.setdefault(result.id, []).append(result)
    if not by_plan:
        return ""
    last = [_judged(results) for results in by_plan.values()]
    judged = [result for result in last if result.verdict in (PASS, FAIL)]
    kinds = [{oracle for oracle, _ in result.findings} for result in judged]
    columns = ("end state", "history", "safety", "liveness", "quiet")
    counts = [sum(column in kind for kind in kinds) for column in columns]
    other = sum(bool(kind - set(columns)) for kind in kinds)
    times = sorted(result.recovery for result in judged if result.recovery is not None)
    flaky = sum(len({r.verdict for r in results} & {PASS, FAIL}) > 1 for results in by_plan.values())
    unjudged = sum(result.verdict in (NOT_STRUCK, INCONCLUSIVE) for result in last)
    passed = sum(result.verdict == PASS for result in judged)
    name = sweeps.title(sweep) if sweep in sweeps.SWEEPS else sweep
    cells = [name, len(last), passed, *counts, other, f"{_at(times, 0.5)} / {_at(times, 0.99)}", flaky, unjudged]
    return "| " + " | ".join(map(str, cells)) + " |"


def _judged(results: list[Result]) -> Result:
    """The newest result with a verdict, else the newest."""
    return next((result for result in reversed(results) if result.verdict in (PASS, FAIL)), results[-1])


def _at(times: list[float], share: float) -> str:
    return f"{times[min(len(times) - 1, int(len(times) * share))]:.1f} s" if times else "–"
