"""Results that are kept."""

from __future__ import annotations

import pytest

from registry_operator.memo import Memo


def test_the_same_inputs_are_worked_out_once() -> None:
    memo: Memo[int] = Memo(8)
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    assert [memo.get(make, "a", b"b"), memo.get(make, b"a", "b"), memo.get(make, "ab")] == [1, 1, 2]


def test_where_one_input_ends_counts() -> None:
    memo: Memo[str] = Memo(8)
    assert memo.get(lambda: "one", "ab", "c") == "one"
    assert memo.get(lambda: "other", "a", "bc") == "other"


def test_what_was_asked_for_last_stays() -> None:
    memo: Memo[str] = Memo(2)
    for each in ("a", "b", "a", "c"):
        memo.get(lambda each=each: each, each)  # type: ignore[misc]
    assert memo.get(lambda: "anew", "a") == "a"
    assert memo.get(lambda: "anew", "b") == "anew"


def test_no_input_is_kept() -> None:
    memo: Memo[bool] = Memo(2)
    memo.get(lambda: True, "a private key")
    assert "private" not in repr(vars(memo))


def test_a_failure_is_not_kept() -> None:
    memo: Memo[str] = Memo(2)

    def fail() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        memo.get(fail, "a")
    assert memo.get(lambda: "well", "a") == "well"
