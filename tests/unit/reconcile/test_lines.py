"""From one line of distribution to the other: what is asked before any pod is touched."""

from __future__ import annotations

import pytest

from registry_operator.kube import kinds
from tests.unit.reconcile.subject import SELF_SIGNED, Subject


def running(subject: Subject) -> str:
    found = subject.cluster.find(kinds.DEPLOYMENT, "images")
    assert found is not None
    image: str = found["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


async def test_forth_is_a_change_like_any_other() -> None:
    subject = Subject(SELF_SIGNED)
    await subject.settle()
    subject.respec({**SELF_SIGNED, "version": "3"})
    await subject.settle()
    assert running(subject) == "registry:3.1.1"
    assert subject.condition("Ready") == ("True", "Serving")


@pytest.mark.parametrize(("line", "tag"), [("3", "2.8.3"), ("3", "v2-alpine"), ("2", "3"), ("2", "3.1.1")])
async def test_an_image_whose_tag_tells_the_other_line_changes_nothing(line: str, tag: str) -> None:
    """As the operator's settings may give one, which admission cannot see."""
    first = "3" if line == "2" else "2"
    subject = Subject({**SELF_SIGNED, "version": first})
    await subject.settle()
    before = running(subject)
    subject.cluster.calls.clear()
    subject.respec({**SELF_SIGNED, "version": line, "image": {"repository": "mirror/registry", "tag": tag}})
    await subject.settle()
    assert subject.condition("Stalled") == ("True", "ImageOfAnotherLine")
    assert f"mirror/registry:{tag}" in subject.message("Stalled")
    assert subject.condition("Ready") == ("True", "Serving"), "the present pods serve on"
    assert {kind for _, kind, _ in subject.cluster.writes} == {"Registry"}
    assert running(subject) == before
    subject.respec({**SELF_SIGNED, "version": first})
    await subject.settle()
    assert subject.condition("Stalled") == ("False", "NotStalled")


@pytest.mark.parametrize("tag", ["2026-11-29", "hardened", "31", "20"])
async def test_a_tag_that_tells_no_line_is_believed(tag: str) -> None:
    subject = Subject({**SELF_SIGNED, "version": "3", "image": {"tag": tag}})
    await subject.settle()
    assert running(subject) == f"registry:{tag}"
