"""A short selection of the faults of tests/faults, the same one each time: `make faults` plays all of them."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults import sweeps
from tests.faults.batch import Batch
from tests.faults.bench import Bench, Options, watched
from tests.faults.plan import chosen
from tests.faults.record import record
from tests.faults.results import FAIL, PASS
from tests.stage.stage import Stage, StagedOperator

WORKLOADS = ["create-self-signed"]
SEED = 3


def test_a_selection_of_faults_leaves_what_an_undisturbed_run_leaves(
    stage: Stage, own_operator: Callable[..., StagedOperator]
) -> None:
    with watched(stage) as witness:
        bench = Bench(stage, witness, Options(quiet=3, patience=60, rest=3), own_operator)
        bench.references = record(bench, WORKLOADS)
        assert sorted(bench.references) == sorted(WORKLOADS)
        plans = chosen(list(sweeps.errors(bench.references)), 12, SEED)
        plans += chosen(list(sweeps.lost(bench.references)), 3, SEED)
        plans += chosen(list(sweeps.crashes(bench.references)), 3, SEED)
        results = Batch(bench, plans).play()
    assert [(result.id, result.findings) for result in results if result.verdict == FAIL] == []
    assert sum(result.verdict == PASS for result in results) >= len(plans) // 2, results
