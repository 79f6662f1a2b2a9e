"""Puts the oracles' findings of one run together."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime

from registry_operator.kube.kinds import EVENT
from tests.faults import oracles, reference
from tests.faults.bench import Options
from tests.faults.oracles import Finding
from tests.faults.results import FAIL, INCONCLUSIVE, NOT_STRUCK, PASS, Result
from tests.faults.run import Run
from tests.faults.workloads import ISSUED
from tests.stage.process import UNHANDLED
from tests.stage.proxy import Proxy

UNSURE = "inconclusive"


def inconclusive(text: str) -> Finding:
    return Finding(UNSURE, text)


def result(run: Run, proxy: Proxy, mark: int, log: str, options: Options) -> Result:
    """What came out; `mark` is the request from which on no write is allowed."""
    found = list(run.problems) or _findings(run, proxy, mark, log, options)
    return Result(
        id=run.plan.id,
        plan=asdict(run.plan),
        verdict=_verdict(run, found),
        findings=[(finding.oracle, finding.text) for finding in found],
        recovery=round(max(0.0, run.matched - run.last_fault), 2) if run.matched else None,
        when=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _verdict(run: Run, found: list[Finding]) -> str:
    if any(finding.oracle == UNSURE for finding in found):
        return INCONCLUSIVE
    if found:
        return FAIL
    return PASS if run.struck else NOT_STRUCK


def _findings(run: Run, proxy: Proxy, mark: int, log: str, options: Options) -> list[Finding]:
    assert run.reference is not None
    chronicle, namespace = run.chronicle, run.namespace
    if not run.loose and (reissued := _reissued(run)):
        return [reissued]
    found = [Finding("end state", text) for text in run.apart()[:12]]
    if not run.matched or run.matched - run.last_fault > options.patience:
        late = f"it matched {run.matched - run.last_fault:.0f} s after the last fault"
        text = late if run.matched and not found else "it did not match for long enough"
        found.append(Finding("liveness", f"{text}, allowed are {options.patience:.0f} s ({run.unrest()})"))
    writes = proxy.writes(mark if run.mark is None else run.mark, namespace=namespace)
    if writes:
        found.append(Finding("quiet", f"{len(writes)} writes afterwards: {', '.join(map(str, writes[:6]))}"))
    if not run.loose:
        history, done = run.reference.history, reference.history(chronicle, run.since)
        struck = {run.plan.where}
        if run.plan.sweep == "foreign" and run.plan.where.startswith("certificates "):
            struck.add(ISSUED)  # cert-manager issues for a foreign Certificate as for any
        found += oracles.compare_history(history.without(struck), done.without(struck))
    found += oracles.safety(chronicle, run.taken)
    found += oracles.generations(chronicle)
    if run.workload.spec_only and not run.loose:
        found += oracles.truth(chronicle, run.since)
    return found + _said(run, log)


def _said(run: Run, log: str) -> list[Finding]:
    lines = [line for line in log.splitlines() if run.namespace in line]
    found = [Finding("log", line[:1500]) for line in lines if UNHANDLED in line][:2]
    events = run.stage.kube.list(EVENT, run.namespace)
    found += oracles.events(events, (time.monotonic() - run.began) / 60)
    statuses = [json.dumps(document.get("status")) for document in run.chronicle.present().values()]
    notes = [str(event.get("note")) for event in events]
    annotations = [json.dumps(d["metadata"].get("annotations")) for d in run.chronicle.present().values()]
    return found + oracles.secrecy(run.chronicle, run.namespace, [*lines, *notes, *statuses, *annotations])


def _reissued(run: Run) -> Finding | None:
    """cert-manager sometimes issues twice, by a race of its own; that is no run of the operator to judge."""
    assert run.reference is not None
    for name, seen in run.chronicle.of("certificaterequests").items():
        revision = seen[-1].object["metadata"]["annotations"].get("cert-manager.io/certificate-revision", "1")
        if run.plan.workload != "recreate" and revision != "1":
            return inconclusive(f"cert-manager issued again: {name} is revision {revision}")
    return None
