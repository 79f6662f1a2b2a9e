"""The poller, with a clock that the tests move and answers that they give."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator

import pytest

from registry_operator.engine.poller import NOTHING, PART, WISHED, Poller
from tests.unit.clock import FakeClock, settle

INTERVAL = 60.0


class World:
    """What is asked: answers in order, the last one for ever; a question can be held back."""

    def __init__(self) -> None:
        self.answers: dict[str, deque[str | Exception]] = defaultdict(deque)
        self.asked: list[str] = []
        self.held = asyncio.Event()
        self.held.set()
        self.running = 0
        self.most = 0

    def says(self, question: str, *answers: str | Exception) -> None:
        self.answers[question] = deque(answers)

    async def ask(self, question: str) -> str:
        self.asked.append(question)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.held.wait()
        finally:
            self.running -= 1
        known = self.answers[question]
        answer = known.popleft() if len(known) > 1 else known[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Subject:
    """A poller and all that is around it. Without jitter: 0.5 makes each pause exactly what it is named."""

    def __init__(self, concurrency: int = 4) -> None:
        self.world = World()
        self.clock = FakeClock()
        self.changes: list[str] = []
        self.poller: Poller[str, str, str] = Poller(
            self.world.ask,
            rank=lambda answer: WISHED if answer.startswith("good") else PART if answer.startswith("part") else NOTHING,
            carried=lambda old, new, answer: answer if (old, new) == ("q", "q of new users") else None,
            on_change=self.changes.append,
            interval=INTERVAL,
            concurrency=concurrency,
            jitter=lambda: 0.5,
            clock=self.clock,
        )


@pytest.fixture
async def subject() -> AsyncIterator[Subject]:
    made = Subject()
    yield made
    await made.poller.close()


@pytest.mark.parametrize("answer", ["good", "part"])
async def test_the_first_answer_is_believed_and_told(subject: Subject, answer: str) -> None:
    subject.world.says("q", answer)
    subject.poller.want("key", "q")
    assert subject.poller.asking("key")
    assert subject.poller.answer("key") is None
    await settle()
    assert subject.poller.answer("key") == answer
    assert subject.changes == ["key"]


async def test_a_first_answer_that_nothing_works_must_come_three_times(subject: Subject) -> None:
    """What has just become ready may not be reachable for some hundred milliseconds yet: no reason for an alarm."""
    subject.world.says("q", "bad")
    subject.poller.want("key", "q")
    await subject.clock.advance(1)
    assert (len(subject.world.asked), subject.poller.answer("key")) == (2, None)
    await subject.clock.advance(2)
    assert (len(subject.world.asked), subject.poller.answer("key")) == (3, "bad")
    assert subject.changes == ["key"]


async def test_what_is_carried_over_is_believed_until_the_new_answer(subject: Subject) -> None:
    subject.world.says("q", "good")
    subject.world.says("q of new users", "bad", "bad", "part", "good users")
    subject.poller.want("key", "q")
    await settle()
    subject.poller.want("key", "q of new users")
    assert subject.poller.answer("key") == "good"
    await settle()
    await subject.clock.advance(1)
    assert subject.poller.answer("key") == "good", "neither does a lost packet flip it"
    await subject.clock.advance(6)
    assert subject.poller.answer("key") == "good users"


async def test_where_a_part_works_the_rest_is_asked_for_often(subject: Subject) -> None:
    subject.world.says("q", "part")
    subject.poller.want("key", "q")
    await subject.clock.advance(INTERVAL)
    asked = len(subject.world.asked)
    await subject.clock.advance(INTERVAL)
    assert len(subject.world.asked) - asked == 6


async def test_a_calm_first_question_comes_within_the_interval(subject: Subject) -> None:
    """After a restart of the operator: a thousand of them in one second are a storm."""
    subject.world.says("q", "good")
    subject.poller.want("key", "q", calm=True)
    await subject.clock.advance(INTERVAL / 2 - 1)
    assert subject.world.asked == []
    await subject.clock.advance(1)
    assert subject.world.asked == ["q"]


async def test_a_calm_question_that_changes_is_asked_at_once(subject: Subject) -> None:
    subject.world.says("new", "good")
    subject.poller.want("key", "q", calm=True)
    await settle()
    subject.poller.want("key", "new", calm=True)
    await settle()
    assert subject.world.asked == ["new"]


async def test_the_same_answer_again_is_no_change(subject: Subject) -> None:
    subject.world.says("q", "good")
    subject.poller.want("key", "q")
    await subject.clock.advance(INTERVAL * 2)
    assert subject.world.asked == ["q"] * 3
    assert subject.changes == ["key"]


async def test_the_same_question_again_asks_nothing(subject: Subject) -> None:
    subject.world.says("q", "good")
    for _ in range(3):
        subject.poller.want("key", "q")
        await settle()
    assert subject.world.asked == ["q"]


async def test_a_bad_answer_after_a_good_one_must_come_three_times(subject: Subject) -> None:
    subject.world.says("q", "good", "bad")
    subject.poller.want("key", "q")
    await subject.clock.advance(INTERVAL)
    assert (len(subject.world.asked), subject.poller.answer("key")) == (2, "good")
    await subject.clock.advance(1)  # the first retry comes after a second, the next after two
    assert (len(subject.world.asked), subject.poller.answer("key")) == (3, "good")
    await subject.clock.advance(2)
    assert (len(subject.world.asked), subject.poller.answer("key")) == (4, "bad")
    assert subject.changes == ["key", "key"]


async def test_good_answers_in_between_start_the_count_anew(subject: Subject) -> None:
    subject.world.says("q", "good", "bad", "bad", "good", "bad", "bad", "good")
    subject.poller.want("key", "q")
    await subject.clock.advance(INTERVAL * 4)
    assert len(subject.world.asked) > 6
    assert subject.changes == ["key"]


async def test_a_better_answer_is_believed_at_once(subject: Subject) -> None:
    subject.world.says("q", "part", "good")
    subject.poller.want("key", "q")
    await subject.clock.advance(1)
    assert subject.poller.answer("key") == "good"
    assert subject.changes == ["key", "key"]


async def test_pauses_grow_up_to_the_interval_while_answers_are_bad(subject: Subject) -> None:
    subject.world.says("q", "bad")
    subject.poller.want("key", "q")
    times = []
    for _ in range(1000):
        before = len(subject.world.asked)
        await subject.clock.advance(1)
        if len(subject.world.asked) > before:
            times.append(subject.clock.now() - 1000)
        if len(times) == 9:
            break
    pauses = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_new_question_voids_the_answer_and_is_asked_at_once(subject: Subject) -> None:
    subject.world.says("old", "good old")
    subject.world.says("new", "good new")
    subject.poller.want("key", "old")
    await settle()
    subject.poller.want("key", "new")
    assert subject.poller.answer("key") is None
    await settle()
    assert subject.poller.answer("key") == "good new"
    assert subject.world.asked == ["old", "new"]


async def test_an_answer_to_a_question_that_has_changed_is_thrown_away(subject: Subject) -> None:
    subject.world.says("old", "good old")
    subject.world.says("new", "part new")
    subject.world.held.clear()
    subject.poller.want("key", "old")
    await settle()
    subject.poller.want("key", "new")
    subject.world.held.set()
    await settle()
    assert subject.poller.answer("key") == "part new"
    assert subject.changes == ["key"]


async def test_a_question_that_was_dropped_is_asked_no_more(subject: Subject) -> None:
    subject.world.says("q", "good")
    subject.poller.want("key", "q")
    await settle()
    subject.poller.drop("key")
    assert subject.poller.answer("key") is None
    assert not subject.poller.asking("key")
    await subject.clock.advance(INTERVAL * 3)
    assert subject.world.asked == ["q"]


async def test_a_question_dropped_on_its_way_changes_nothing(subject: Subject) -> None:
    subject.world.says("q", "good")
    subject.world.held.clear()
    subject.poller.want("key", "q")
    await settle()
    subject.poller.drop("key")
    subject.world.held.set()
    await settle()
    assert subject.changes == []


async def test_asking_again_after_a_drop_starts_with_no_answer(subject: Subject) -> None:
    subject.world.says("q", "good", "part")
    subject.poller.want("key", "q")
    await settle()
    subject.poller.drop("key")
    subject.poller.want("key", "q")
    assert subject.poller.answer("key") is None
    await settle()
    assert subject.poller.answer("key") == "part", "the good answer of before the drop lends no patience"


async def test_no_more_than_the_budget_is_asked_at_once() -> None:
    subject = Subject(concurrency=2)
    subject.world.held.clear()
    for number in range(5):
        subject.world.says(f"q{number}", "good")
        subject.poller.want(f"key{number}", f"q{number}")
    await settle()
    assert subject.world.running == 2
    subject.world.held.set()
    await settle()
    assert sorted(subject.changes) == [f"key{number}" for number in range(5)]
    assert subject.world.most == 2
    await subject.poller.close()


async def test_asking_that_fails_ends_nothing_and_is_not_believed_for_ever(
    subject: Subject, caplog: pytest.LogCaptureFixture
) -> None:
    failure = RuntimeError("a bug")
    subject.world.says("q", "good", failure, failure, failure, "good again")
    subject.poller.want("key", "q")
    await subject.clock.advance(INTERVAL + 1)
    assert subject.poller.answer("key") == "good"
    await subject.clock.advance(2)
    assert subject.poller.answer("key") is None
    assert "asking about key failed" in caplog.text
    await subject.clock.advance(4)
    assert subject.poller.answer("key") == "good again"


async def test_close_ends_every_task(subject: Subject) -> None:
    subject.world.says("q", "good")
    subject.world.held.clear()
    subject.poller.want("one", "q")
    subject.poller.want("two", "q")
    await settle()
    await subject.poller.close()
    assert subject.world.running == 0
    assert not subject.poller.asking("one")
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("poll ")]
