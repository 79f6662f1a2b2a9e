"""Plays the plans of the mutants on each of them, after the operator as it is has passed them all."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tests.apiserver.conftest import ACCOUNT
from tests.faults.batch import Batch
from tests.faults.bench import Bench
from tests.faults.mutants import Mutant
from tests.faults.mutants.table import MUTANTS
from tests.faults.plan import Plan
from tests.faults.results import FAIL, PASS, Book, Result
from tests.faults.scenes import SCENES
from tests.stage.process import SOURCE
from tests.stage.stage import StagedOperator

HEALTHY = "(none)"


def measures() -> list[str]:
    """The references that are needed."""
    return sorted({name for mutant in MUTANTS for plan in mutant.plans for name in (plan.measure, plan.workload)})


def try_all(bench: Bench, book: Book, only: str) -> int:
    """Try the healthy operator and all mutants that have no result yet; how many things are not as they should be."""
    wrong = 0
    done = {result.plan["extra"].get("mutant") for result in book.all}
    if HEALTHY not in done:
        plans = list(dict.fromkeys(plan for mutant in MUTANTS for plan in mutant.plans))
        results = _played(bench, plans, HEALTHY)
        book.add(results)
        failed = [result for result in results if result.verdict != PASS]
        wrong += sum(result.verdict == FAIL for result in failed)
        print(f"the operator as it is: {len(results) - len(failed)} of {len(results)} passed", flush=True)
        for result in failed:
            print(f"    {result.verdict}: {result.id} {result.findings[:3]}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for mutant in MUTANTS:
            if mutant.name not in done and only in mutant.name:
                wrong += not _caught(bench, book, mutant, mutant.copy(SOURCE, Path(folder)))
    return wrong


def _caught(bench: Bench, book: Book, mutant: Mutant, source: Path) -> bool:
    def operator(settings: Mapping[str, str]) -> StagedOperator:
        return bench.stage.operator(settings, service_account=ACCOUNT, source=source)

    results = _played(replace(bench, operator=operator), list(mutant.plans), mutant.name)
    book.add(results)
    failed = [result for result in results if result.verdict == FAIL]
    how = f"{failed[0].id}: {failed[0].findings[0]}" if failed else [(r.id, r.verdict, r.findings) for r in results]
    print(f"{'caught' if failed else 'NOT CAUGHT'}: {mutant.name}: {how}"[:700], flush=True)
    return bool(failed)


def _played(bench: Bench, plans: list[Plan], mutant: str) -> list[Result]:
    named = [replace(plan, extra={**plan.extra, "mutant": mutant}) for plan in plans]
    groups = [[plan for plan in named if plan.sweep not in SCENES]]
    groups += [[plan] for plan in named if plan.sweep in SCENES]
    return [result for group in groups if group for result in Batch(bench, group).play()]


def table(book: Book) -> str:
    """Which mutants were caught, and by what."""
    rows = ["| mutant | caught by | what was found |", "|---|---|---|"]
    by_mutant: dict[str, list[Result]] = {}
    for result in book.all:
        by_mutant.setdefault(str(result.plan["extra"]["mutant"]), []).append(result)
    for mutant in MUTANTS:
        failed = [result for result in by_mutant.get(mutant.name, ()) if result.verdict == FAIL]
        if mutant.name not in by_mutant:
            rows.append(f"| {mutant.name} | not tried | |")
        elif not failed:
            rows.append(f"| {mutant.name} | **not caught** | |")
        else:
            oracles = ", ".join(dict.fromkeys(oracle for oracle, _ in failed[0].findings))
            rows.append(f"| {mutant.name} | {failed[0].id} | {oracles} |")
    return "\n".join(rows)
