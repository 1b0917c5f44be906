"""Waits grow, are cut, are drawn; what the provider asks for counts, and what the application's SDK did too."""

from __future__ import annotations

import pytest

from proxy.policies.backoff import RetryRule, attempts_left, wait_before


def test_waits_double_up_to_the_cap() -> None:
    rule = RetryRule(jitter=False)
    waits = [wait_before(rule, made, lambda: 0.0) for made in (1, 2, 3, 7, 8, 100)]
    assert waits == pytest.approx([0.1, 0.2, 0.4, 6.4, 10.0, 10.0])


def test_full_jitter_is_any_time_up_to_the_bound() -> None:
    assert wait_before(RetryRule(), 3, lambda: 0.25) == pytest.approx(0.1)
    assert wait_before(RetryRule(), 3, lambda: 0.0) == 0.0


def test_one_two_four_seconds() -> None:
    rule = RetryRule(initial=1, jitter=False)
    assert [wait_before(rule, made, lambda: 0.5) for made in (1, 2, 3)] == [1, 2, 4]


def test_what_the_provider_asked_for_is_not_cut() -> None:
    assert wait_before(RetryRule(), 1, lambda: 1.0, 45.0) == 45.0
    assert wait_before(RetryRule(jitter=False), 1, lambda: 1.0, 0.01) == 0.1


@pytest.mark.parametrize(
    ("said", "left"),
    [(None, 3), ("0", 3), ("1", 2), ("2", 1), ("9", 1), ("", 3), ("-1", 3), ("x", 3), ("1" * 50, 3), ("²", 3)],
)
def test_the_caller_s_own_retries_are_counted_in(said: str | None, left: int) -> None:
    caller = {} if said is None else {"x-stainless-retry-count": said}
    assert attempts_left(RetryRule(), caller) == left
