"""Many plans at once: what costs a minute, the proof that nothing more happens, costs it once for all of them."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from registry_operator.kube.kinds import NAMESPACE
from tests.faults import strikes, verdict
from tests.faults.bench import OURS, Bench, clear
from tests.faults.episodes import EPISODES, Episode, episode
from tests.faults.plan import Plan
from tests.faults.results import Result
from tests.faults.run import Run
from tests.faults.scene import Scene
from tests.faults.scenes import SCENES
from tests.stage.kube import ApiFailure
from tests.stage.stage import StagedOperator

PREPARED = 240.0  # seconds for what stands before the act
STILL = 3.0  # seconds without a change, before the wait for writes that should not come begins
THREADS = 16


class Batch:
    """Plays the plans, all at the same time and on one operator."""

    def __init__(self, bench: Bench, plans: list[Plan]) -> None:
        self._bench = bench
        self._options = bench.options
        self._pool = ThreadPoolExecutor(THREADS)
        self.operator = bench.operator({})
        self._others: list[StagedOperator] = []
        self._episode: dict[str, Episode] = {}
        self.took: dict[str, float] = {}
        """Seconds by what they were spent on."""
        self.runs = [self._run(plan) for plan in plans]
        self.scene = SCENES.get(plans[0].sweep, Scene)(self)

    def another(self, settings: Mapping[str, str] | None = None) -> StagedOperator:
        """One more operator, behind a proxy of its own; it ends with the batch."""
        self._others.append(self._bench.operator(settings or {}))
        return self._others[-1]

    def _run(self, plan: Plan) -> Run:
        namespace = f"{OURS}{uuid.uuid4().hex[:10]}"
        reference = self._bench.references.get(plan.measure)
        return Run(plan, namespace, self._bench.stage, self._bench.witness, reference)

    # ---------------------------------------------------------------- the play
    def play(self) -> list[Result]:
        try:
            with self._timed("preparing"):
                self.operator.start()
                self._prepare()
            with self._timed("striking"):
                self._arm()
                self._each(lambda run: self._episode[run.namespace].before())
                self.scene.begin()
                self._each(self._act)
                self.until(self._over, within=120)
                self._end_episodes()
                self._end_scene()
                self._heal()
            with self._timed("recovering"):
                self.until(self._settled, within=self._options.patience + STILL)
            with self._timed("judging"):
                return self._judge(self._watch_quiet())
        finally:
            self._end()

    def _prepare(self) -> None:
        """Bring about what stands before; what cannot be brought about makes its plan inconclusive."""

        def prepare(run: Run) -> None:
            self._bench.stage.kube.create(NAMESPACE, {"metadata": {"name": run.namespace}})
            run.workload.prepare(run.images)
            if run.workload.base is not None:
                run.images.apply(run.workload.base)

        self._each(prepare)
        self.until(lambda: all(self._based(run) for run in self.runs), within=PREPARED)
        for run in self.runs:
            if not self._based(run):
                run.problems.append(verdict.inconclusive("what stands before the act did not come about"))
            run.since = run.revision()

    @staticmethod
    def _based(run: Run) -> bool:
        return run.workload.base is None or run.at_rest(2, anyhow=30)

    @staticmethod
    def _act(run: Run) -> None:
        run.workload.act(run.images)
        run.last_fault = time.monotonic()  # until one strikes later

    def _arm(self) -> None:
        for run in self.runs:
            around = self._episode[run.namespace] = episode(run, self.operator.crash)
            run.rule = strikes.rule(run, crash=self.operator.crash, meet=around.meet)
            if run.rule is not None:
                self.operator.proxy.add(run.rule)

    def _over(self) -> bool:
        """Whether all faults have struck, or will not any more, and the acts around which something goes on rest."""
        now = time.monotonic()
        for run in self.runs:
            if run.rule is not None and run.rule.hits and run.plan.sweep not in EPISODES:
                hit = run.rule.hits[0].at + strikes.LASTING.get(run.plan.what, 0.0)
                run.last_fault = max(run.last_fault, hit)
                if hit > now:
                    return False
            elif (
                (run.rule is not None or run.plan.sweep in EPISODES)
                and not run.problems
                and not run.at_rest(4, anyhow=25)
            ):
                return False
        return True

    def _end_episodes(self) -> None:
        """What happens when the act has come to rest."""

        def strike(run: Run) -> None:
            if run.plan.sweep == "restarts":
                run.mark = self.operator.proxy.mark
            if run.plan.sweep in EPISODES:
                self._episode[run.namespace].strike()
                run.last_fault = time.monotonic()

        self._each(strike)

    def _end_scene(self) -> None:
        self.scene.end()
        if type(self.scene) is not Scene:
            for run in self.runs:
                run.last_fault = time.monotonic()

    def _heal(self) -> None:
        """From here on nothing is done to the operator any more."""
        self.operator.proxy.rules.clear()
        if any(run.plan.what in strikes.CRASHES or run.plan.sweep == "restarts" for run in self.runs):
            if not self.operator.alive:
                self.operator.start(wait=False)
            for run in self.runs:  # the restarts strike all
                run.last_fault = time.monotonic()

    def _watch_quiet(self) -> int:
        """Wait, and give the number of the first request that counts as one too many."""
        mark = self.operator.proxy.mark
        self.until(lambda: False, within=self._options.quiet)
        return mark

    # ---------------------------------------------------------------- means
    @contextlib.contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.took[what] = time.monotonic() - began

    def _each(self, act: Callable[[Run], object]) -> None:
        """Do it for every run; what fails is told."""

        def guarded(run: Run) -> None:
            try:
                act(run)
            except (ApiFailure, AssertionError, LookupError, OSError) as problem:
                run.problems.append(verdict.inconclusive(f"{problem!r}"[:300]))

        for done in [self._pool.submit(guarded, run) for run in self.runs if not run.problems]:
            while not done.done():
                self._keep_alive()
                time.sleep(0.05)
            done.result()

    def until(self, holds: Callable[[], bool], *, within: float) -> None:
        end = time.monotonic() + within
        while time.monotonic() < end:
            self._keep_alive()
            self._look()
            if holds():
                return
            time.sleep(0.2)

    def _keep_alive(self) -> None:
        """What kubelet does with a container that ended."""
        if not self.operator.alive and self.scene.keep_alive:
            self.operator.start(wait=False)

    def _look(self) -> None:
        """Note since when each run matches: since its last change, as what differs in each run may change late."""
        now = time.monotonic()
        for run in self.runs:
            if run.reference is None or now < run.last_fault:
                continue
            run.matched = 0.0 if run.apart() else max(run.last_fault, run.chronicle.changed)

    def _settled(self) -> bool:
        """Whether all match, and have done so for a while."""
        now = time.monotonic()
        return all(run.problems or (run.matched and now - run.matched > STILL) for run in self.runs)

    def _judge(self, mark: int) -> list[Result]:
        log = self.operator.log()
        return [verdict.result(run, self.operator.proxy, mark, log, self._options) for run in self.runs]

    def _end(self) -> None:
        for operator in (self.operator, *self._others):
            with contextlib.suppress(AssertionError):
                operator.end()
            operator.proxy.requests, operator.proxy.sift = [], None
        self._clear(run.namespace for run in self.runs)
        self._pool.shutdown(cancel_futures=True)

    def _clear(self, namespaces: Iterable[str]) -> None:
        for namespace in namespaces:
            clear(self._bench.stage.kube, namespace)
            self._bench.witness.forget(namespace)
