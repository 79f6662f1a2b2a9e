"""Sequences of changes, as users make them over the years: each field of the spec once at least, validly and not.

After each change the Registry comes to rest. What the API server refuses changes nothing. A change that does not lead
to a ready Registry is taken back, which must lead exactly to where it was before. In the end everything must be as if
the last spec had been made from scratch.
"""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from registry_operator.kube.kinds import NAMESPACE, REGISTRY
from tests.faults import schema
from tests.faults.batch import Batch
from tests.faults.bench import OURS
from tests.faults.oracles import Finding, generations, safety, secrecy, settled
from tests.faults.plan import Plan
from tests.faults.results import FAIL, INCONCLUSIVE, PASS, Result
from tests.faults.run import Run
from tests.faults.state import State, differences, mask_of
from tests.faults.workloads import NAME, azure_key, claim, issuer, own_pair, users
from tests.stage.kube import ApiFailure, Object

LENGTH = 8  # fields in one sequence
SETTLING = 90.0
BASES: dict[str, Object] = {"tls": {"selfSigned": {}}}
PAUSE = "reconciliation"
UNIONS = {"tls": {"certManager", "secretRef", "selfSigned", "disabled"}}


@dataclass
class Sequence:
    """What is done in one namespace."""

    run: Run
    steps: list[schema.Field]
    spec: Object = field(default_factory=lambda: dict(BASES))
    done: int = 0
    covered: set[str] = field(default_factory=set)
    lax: set[str] = field(default_factory=set)
    """Fields for which the API server has taken a value that makes no sense."""
    told: list[Finding] = field(default_factory=list)


def plans(seed: int = 1) -> list[Plan]:
    """Fields in an order that is the same for the same seed; those of storage, which may not change, from the start."""
    found = list(schema.fields(schema.spec_schema()))
    random.Random(seed).shuffle(found)
    found.sort(key=lambda each: each.section == "storage")
    chunks = [found[start : start + LENGTH] for start in range(0, len(found), LENGTH)]
    return [
        Plan("sequences", "create-self-signed", where=f"{number:02}", extra={"fields": " ".join(f.name for f in chunk)})
        for number, chunk in enumerate(chunks)
    ]


class Sequences(Batch):
    """Plays sequences side by side, change by change."""

    def play(self) -> list[Result]:
        known = {each.name: each for each in schema.fields(schema.spec_schema())}
        self._root = schema.spec_schema()
        self.sequences = [
            Sequence(run, [known[name] for name in run.plan.extra["fields"].split() if name in known])
            for run in self.runs
        ]
        try:
            self.operator.start()
            self._each(self._begin)
            self._rest(self.sequences)
            for number in range(LENGTH):
                self._change([each for each in self.sequences if number < len(each.steps)], number)
            self._compare()
            log = self.operator.log()
            return [self._result(each, log) for each in self.sequences]
        finally:
            self._end()

    def _begin(self, run: Run) -> None:
        self._stand(run)
        run.images.apply(BASES)

    def _stand(self, run: Run) -> None:
        """All that a spec may name stands there."""
        kube = self._bench.stage.kube
        kube.create(NAMESPACE, {"metadata": {"name": run.namespace}})
        for prepare in (users, issuer, claim, own_pair, azure_key):
            prepare(run.images)
        run.images.user_secret("pull", {".dockerconfigjson": "{}"}, kind="kubernetes.io/dockerconfigjson")

    def _rest(self, sequences: list[Sequence]) -> None:
        self.until(lambda: all(each.run.at_rest(2.5, anyhow=20) for each in sequences), within=SETTLING)

    # ---------------------------------------------------------------- one change
    def _change(self, sequences: list[Sequence], number: int) -> None:
        before: dict[str, State] = {}
        changed: list[tuple[Sequence, Object]] = []
        for each in sequences:
            field_ = each.steps[number]
            self._refused(each, field_)
            old = each.spec
            if (new := self._accepted(each, field_)) is not None:
                before[each.run.namespace] = each.run.state()
                each.spec = new
                each.covered.add(field_.name)
                changed.append((each, old))
        self._rest([each for each, _ in changed])
        bad = [(each, old) for each, old in changed if not self._ready(each) or each.spec.get(PAUSE) == "Paused"]
        for each, old in bad:
            each.run.images.apply(old)
            each.spec, each.done = old, each.done + 1
        self._rest([each for each, _ in bad])
        for each, _ in bad:
            for text in differences(before[each.run.namespace], {}, each.run.state())[:4]:
                each.told.append(Finding("rollback", f"{each.steps[number].name} taken back: {text}"))

    def _refused(self, each: Sequence, field_: schema.Field) -> None:
        for value in schema.invalid(field_):
            each.done += 1
            if self._try(each, field_, value, dry_run=True) is not None:
                each.lax.add(field_.name)  # not good, but told by the status: Kubernetes itself refuses what follows

    def _accepted(self, each: Sequence, field_: schema.Field) -> Object | None:
        """Apply the first value that the API server takes and that is a change; the new spec."""
        for value in schema.valid(field_):
            each.done += 1
            if (spec := self._try(each, field_, value, dry_run=True)) is not None and spec != each.spec:
                return self._try(each, field_, value, dry_run=False)
        if field_.section == "storage":  # another kind of storage is no change, but may be asked for
            each.done += 1
            for value in schema.valid(field_):
                if self._try(each, field_, value, dry_run=True, name="another") is not None:
                    each.covered.add(field_.name)
                    break
        return None

    def _try(
        self, each: Sequence, field_: schema.Field, value: Any, *, dry_run: bool, name: str = NAME
    ) -> Object | None:
        section = field_.section
        inner = schema.built(self._root["properties"][section], field_.path[1:], value)
        base = BASES.get(section, {}) if isinstance(inner, dict) else {}
        if isinstance(inner, dict) and not (UNIONS.get(section, set()) & inner.keys()):
            inner = {**base, **inner}
        spec = {**each.spec, section: inner}
        meta = {"namespace": each.run.namespace, "name": name}
        try:
            each.run.stage.kube.apply(REGISTRY, {"metadata": meta, "spec": spec}, dry_run=dry_run)
        except ApiFailure as failure:
            if failure.status >= 500 and "typed patch object" not in failure.message:
                each.told.append(Finding("admission", f"{field_.name}: {failure}"))
            return None
        return spec

    @staticmethod
    def _ready(each: Sequence) -> bool:
        registry = each.run.chronicle.present().get(("registries", NAME))
        return registry is not None and settled(registry)

    # ---------------------------------------------------------------- the end
    def _compare(self) -> None:
        """Make each last spec from scratch, twice."""
        made: dict[str, Sequence] = {}
        for each in self.sequences * 2:
            run = Run(each.run.plan, f"{OURS}{uuid.uuid4().hex[:10]}", each.run.stage, each.run.witness, None)
            made[run.namespace] = each
            self.runs.append(run)

        def make(run: Run) -> None:
            if run.namespace in made:
                self._stand(run)
                run.images.apply(made[run.namespace].spec)

        self._each(make)
        self.until(lambda: all(run.at_rest(4, anyhow=25) for run in self.runs), within=3 * SETTLING)
        for each in self.sequences:
            one, other = (run.state() for run in self.runs if made.get(run.namespace) is each)
            for text in differences(one, mask_of(one, other), each.run.state())[:6]:
                each.told.append(Finding("from scratch", text))

    def _result(self, each: Sequence, log: str) -> Result:
        chronicle = each.run.chronicle
        found = [*each.run.problems, *each.told, *safety(chronicle, each.run.taken), *generations(chronicle)]
        lines = [line for line in log.splitlines() if each.run.namespace in line]
        found += secrecy(chronicle, each.run.namespace, lines)
        unsure = any(finding.oracle == INCONCLUSIVE for finding in found)
        plan = asdict(each.run.plan)
        plan["extra"] |= {"operations": str(each.done), "covered": json.dumps(sorted(each.covered))}
        plan["extra"]["lax"] = json.dumps(sorted(each.lax))
        return Result(
            id=each.run.plan.id,
            plan=plan,
            verdict=INCONCLUSIVE if unsure else FAIL if found else PASS,
            findings=[(finding.oracle, finding.text) for finding in found],
        )
