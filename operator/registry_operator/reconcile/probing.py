"""Asks each registry what a client would find, and remembers the answer for exactly the pods of now."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from registry_operator.desired import hosts
from registry_operator.desired.deployment import PORT
from registry_operator.engine.clock import Clock, LoopClock
from registry_operator.engine.poller import NOTHING, PART, WISHED, Poller
from registry_operator.reconcile import workload
from registry_operator.reconcile.context import Run
from registry_operator.reconcile.ensured import Ensured
from registry_operator.reconcile.registry_cache import Key
from registry_operator.registry import probe
from registry_operator.registry.http import Target
from registry_operator.registry.probe import (
    HttpError,
    Ok,
    Outcome,
    Refused,
    TimedOut,
    TlsExpectation,
    Trust,
    Untrusted,
    WrongCertificate,
)
from registry_operator.status.findings import Answer, Login, Served
from registry_operator.status.reasons import Condition


@dataclass(frozen=True, slots=True)
class Question:
    """All that an answer depends on: it is void as soon as any of this changes."""

    key: Key
    service: Target
    pods: tuple[tuple[str, Target], ...]
    tls: TlsExpectation | None
    user: str | None
    standing_user: str
    password: str
    read_only: bool
    revision: str


@dataclass(frozen=True, slots=True)
class Upload:
    """One that could begin: for these pods, and when to try the next one, on the prober's clock."""

    revision: str
    again: float


class Prober:
    """The operator's own client of all Registries."""

    def __init__(
        self,
        on_change: Callable[[Key], None],
        *,
        interval: float,
        upload_interval: float,
        concurrency: int,
        override: tuple[str, int] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`override`: where all connections go instead of to Services and pods (documented as PROBE_RESOLVER)."""
        self._override = override
        self._upload_interval = upload_interval
        self._clock = clock or LoopClock()
        self._uploads: dict[Key, Upload] = {}
        self._poller: Poller[Key, Question, Answer] = Poller(
            self._ask,
            rank=_rank,
            carried=_carried,
            on_change=on_change,
            interval=interval,
            concurrency=concurrency,
        )

    def follow(self, run: Run, ensured: Ensured) -> None:
        """Keep asking about this Registry, or stop while there is nothing that could answer."""
        key = Key(run.registry.namespace, run.registry.name)
        question = self._question(run, ensured)
        if question is None:
            self._poller.drop(key)
        else:
            self._poller.want(key, question, calm=_known_ready(run))

    def drop(self, key: Key) -> None:
        """The Registry is gone."""
        self._poller.drop(key)
        self._uploads.pop(key, None)

    async def close(self) -> None:
        await self._poller.close()

    def answer(self, key: Key) -> Answer | None:
        """The believed answer; None before the first one, and while nothing is asked."""
        return self._poller.answer(key)

    def asking(self, key: Key) -> bool:
        return self._poller.asking(key)

    def _question(self, run: Run, ensured: Ensured) -> Question | None:
        registry, spec = run.registry, run.registry.spec
        service, serving, accounts = ensured.service, ensured.serving, ensured.accounts
        ready = [(pod.name, view.ip, pod.uid) for pod, view in workload.pods(run) if view.ready and view.ip]
        address = service.cluster_ips[0] if service and service.cluster_ips else None
        missing = (spec.tls.enabled and serving is None) or (spec.auth.mode == "Htpasswd" and accounts is None)
        if not ready or address is None or missing:
            return None
        name = hosts.server_name(registry)
        ca = serving.ca if serving else None
        return Question(
            key=Key(registry.namespace, registry.name),
            service=self._target(name, address, hosts.port(registry)),
            pods=tuple((pod, self._target(name, ip, PORT)) for pod, ip, _ in ready if ip),
            tls=TlsExpectation(ca_pem=ca, fingerprint=serving.leaf.fingerprint) if serving else None,
            user=accounts.probe_user if accounts else None,
            standing_user=accounts.standing_user if accounts else "",
            password=accounts.probe_password if accounts else "",
            read_only=spec.read_only,
            revision=",".join([registry.uid, spec.access, *sorted(uid for _, _, uid in ready)]),
        )

    def _target(self, name: str, address: str, port: int) -> Target:
        connect_to = self._override or (address, port)
        return Target(name, port, *connect_to)

    async def _ask(self, question: Question) -> Answer:
        outcome = await probe.login(question.service, question.tls, question.user, question.password)
        pods = await self._pods(question)
        stale = tuple(name for name, seen in pods.items() if isinstance(seen, WrongCertificate))
        if isinstance(outcome, WrongCertificate) and not stale:
            stale = tuple(name for name, _ in question.pods)
        admitted = False
        if isinstance(outcome, Refused) and question.user is not None:
            standing = (question.standing_user, question.password)
            admitted = isinstance(await probe.login(question.service, question.tls, *standing), Ok)
        upload, upload_message = None, ""
        if tried := isinstance(outcome, Ok) or admitted:
            upload, upload_message = await self._upload(question, admitted)
        return Answer(
            login=_login(outcome),
            message=f"the Service {outcome.message}" if outcome.message else "",
            others_accepted=admitted,
            verified=not (isinstance(outcome, Ok) and outcome.trust is Trust.PINNED),
            served=_served(outcome),
            stale_pods=stale,
            late_pods=tuple(name for name, seen in pods.items() if isinstance(seen, Refused)),
            silent_pods=tuple(f"{name} {seen.message}" for name, seen in pods.items() if _silent(seen)),
            upload=upload,
            upload_message=upload_message,
            sealed=question.read_only and tried and upload is None,
            settled=upload is not True or not question.read_only,
        )

    async def _pods(self, question: Question) -> dict[str, Outcome]:
        """What each ready pod says to the operator's account; a single pod is seen through the Service already."""
        if len(question.pods) == 1:
            return {}
        asked = (probe.login(target, question.tls, question.user, question.password) for _, target in question.pods)
        answers = await asyncio.gather(*asked)
        return dict(zip((name for name, _ in question.pods), answers, strict=True))

    async def _upload(self, question: Question, admitted: bool) -> tuple[bool | None, str]:
        """Whether an upload can begin. ReadOnly wants 405 (None), from every pod.

        Tried for each set of pods, and then seldom: a volume fills up while nothing else changes, but what each try
        leaves behind lies there for a week. One that fails is tried again with every question.
        """
        last = self._uploads.get(question.key)
        if last is not None and last.revision == question.revision and self._clock.now() < last.again:
            return (None, "") if question.read_only else (True, "")
        credentials = (question.standing_user if admitted else question.user, question.password)
        targets = [target for _, target in question.pods] if question.read_only else [question.service]
        for target in targets:
            outcome = await probe.upload(target, question.tls, *credentials)
            if question.read_only and isinstance(outcome, Ok):
                return True, ""
            if not question.read_only and not isinstance(outcome, Ok):
                return False, f"an upload could not begin: the Service {outcome.message}"
            if question.read_only and not (isinstance(outcome, HttpError) and outcome.status == 405):
                return False, f"a pod {outcome.message} instead of 405"
        again = self._clock.now() + self._upload_interval * (0.75 + random.random() / 2)
        self._uploads[question.key] = Upload(question.revision, again)
        return (None, "") if question.read_only else (True, "")


def _rank(answer: Answer) -> int:
    serves = (answer.login is Login.ACCEPTED or answer.others_accepted) and not answer.apart
    return WISHED if answer.good else PART if serves else NOTHING


def _carried(old: Question, new: Question, answer: Answer) -> Answer | None:
    """What is still known when only the accounts have changed, or some of the pods: it serves as it did before."""
    same = replace(old, pods=new.pods, user=new.user, password=new.password, revision=new.revision) == new
    if not same or _rank(answer) == NOTHING or set(old.pods).isdisjoint(new.pods):
        return None
    if old.user == new.user:
        return answer
    return replace(answer, login=Login.REFUSED, others_accepted=True) if old.user and new.user else None


def _known_ready(run: Run) -> bool:
    """Whether the status says that all is well with this very spec: as a former process found not long ago."""
    status = run.registry.status
    ready = any(each["type"] == Condition.READY and each["status"] == "True" for each in status.get("conditions", ()))
    return ready and status.get("observedGeneration") == run.registry.generation


def _silent(outcome: Outcome) -> bool:
    """Whether a pod neither lets the account in nor says that it does not know it, nor shows a former certificate."""
    return not isinstance(outcome, Ok | Refused | WrongCertificate)


def _login(outcome: Outcome) -> Login:
    match outcome:
        case Ok():
            return Login.ACCEPTED
        case Refused():
            return Login.REFUSED
        case Untrusted() | WrongCertificate():
            return Login.UNTRUSTED
        case TimedOut():
            return Login.TIMED_OUT
        case _:
            return Login.FAILED


def _served(outcome: Outcome) -> Served | None:
    leaf = outcome.served
    return Served(leaf.fingerprint, leaf.not_before, leaf.not_after, leaf.issuer) if leaf else None
