"""A share of the traffic may be asked again, and a few calls always."""

from __future__ import annotations

import pytest

from proxy.policies.retry_budget import WINDOW, RetryBudget
from tests.policies.clocked import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spent(budget: RetryBudget, tries: int) -> int:
    return sum(budget.spend() for _ in range(tries))


def test_a_floor_is_always_allowed(clock: Clock) -> None:
    budget = RetryBudget(0.1, 10, clock)
    assert spent(budget, 50) == 10
    assert (budget.refused, budget.left) == (40, 0)
    clock.now += WINDOW
    assert spent(budget, 50) == 10


def test_a_share_of_the_traffic(clock: Clock) -> None:
    budget = RetryBudget(0.1, 0, clock)
    for _ in range(1000):
        budget.earn(clock.now)
    assert spent(budget, 500) == 100


def test_the_traffic_before_counts_for_one_window(clock: Clock) -> None:
    budget = RetryBudget(0.1, 0, clock)
    for _ in range(1000):
        budget.earn(clock.now)
    clock.now += WINDOW
    budget.earn(clock.now)
    assert budget.left == pytest.approx(100)
    clock.now += WINDOW
    budget.earn(clock.now)
    assert budget.left == pytest.approx(0.1)
    clock.now += 5 * WINDOW
    assert not budget.spend()


@pytest.mark.parametrize("rate", [1, 10, 100, 1000])
def test_an_outage_is_multiplied_by_no_more_than_the_share(rate: int, clock: Clock) -> None:
    """Every call fails and wants two more attempts, for five minutes."""
    budget = RetryBudget(0.1, 0, clock)
    again = 0
    for _ in range(300):
        for _ in range(rate):
            budget.earn(clock.now)
            again += spent(budget, 2)
        clock.now += 1.0
    assert again <= 0.1 * 300 * rate
    assert again >= 0.09 * 300 * rate - 1


def test_a_long_outage_is_not_met_in_waves(clock: Clock) -> None:
    """After a minute of calm: what was saved is spent first, and from then on each second is like the others."""
    budget, again = RetryBudget(0.1, 10, clock), []
    for second in range(120):
        before = 0
        for _ in range(100):
            budget.earn(clock.now)
            before += spent(budget, 2) if second >= 60 else 0
        again.append(before)
        clock.now += 1.0
    assert sum(again[60:70]) == pytest.approx(200, abs=1)
    assert all(9 <= each <= 20 for each in again[71:])
    assert all(sum(again[start : start + 10]) <= 101 for start in range(70, 110))


def test_what_the_floor_gave_is_owed_but_not_for_ever(clock: Clock) -> None:
    """An hour of a trickle that fails does not take the budget from the traffic after it."""
    budget = RetryBudget(0.1, 10, clock)
    for _ in range(360):
        budget.earn(clock.now)
        assert spent(budget, 20) == 10
        clock.now += WINDOW
    for _ in range(300):
        budget.earn(clock.now)
    assert spent(budget, 50) == 20
