"""Portions add up to the whole, to the last token and the last digit, and nobody is off by one token or more."""

from __future__ import annotations

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.call import BUCKETS, Usage
from proxy.policies.portions import split, split_money, split_usage

WEIGHTS = st.lists(st.integers(1, 10_000), min_size=1, max_size=50)
EXACT = Context(prec=200)


@pytest.mark.parametrize(
    ("total", "weights", "portions"),
    [
        (10, [1, 1, 1], [4, 3, 3]),
        (7, [3, 2, 2], [3, 2, 2]),
        (3, [9, 1], [3, 0]),
        (2, [5, 5, 5], [1, 1, 0]),
        (0, [1, 2], [0, 0]),
        (9, [4], [9]),
        (5, [0, 1], [0, 5]),
    ],
)
def test_by_hand(total: int, weights: list[int], portions: list[int]) -> None:
    assert split(total, weights) == portions


@given(st.integers(0, 10**9), WEIGHTS)
def test_they_add_up(total: int, weights: list[int]) -> None:
    portions = split(total, weights)
    assert sum(portions) == total
    for portion, weight in zip(portions, weights, strict=True):
        assert abs(portion * sum(weights) - total * weight) < sum(weights)


@given(st.decimals(0, 10**6, allow_nan=False, allow_infinity=False), WEIGHTS)
def test_money_adds_up(total: Decimal, weights: list[int]) -> None:
    found = Decimal(0)
    for portion in split_money(total, weights):
        found = EXACT.add(found, portion)
    assert found == total


def test_money_by_hand() -> None:
    assert split_money(Decimal("0.0001"), [1, 3]) == [Decimal("0.000025"), Decimal("0.000075")]
    assert split_money(Decimal("0.01"), [1, 1, 1]) == [
        Decimal("0.00333334"),
        Decimal("0.00333333"),
        Decimal("0.00333333"),
    ]
    assert [str(each) for each in split_money(Decimal("0.50"), [1, 0])] == ["0.5", "0"]
    assert [str(each) for each in split_money(Decimal("1E+2"), [1, 1])] == ["50", "50"]


def test_a_usage_in_all_its_buckets() -> None:
    whole = Usage(searches=3, tier="flex", estimated=True, cost=Decimal("0.07"))
    for place, name in enumerate(BUCKETS):
        setattr(whole, name, 10 + place)
    portions = split_usage(whole, [1, 2, 4])
    for name in (*BUCKETS, "searches"):
        assert sum(getattr(each, name) for each in portions) == getattr(whole, name)
    assert sum(each.total for each in portions) == whole.total
    assert sum(each.cost or 0 for each in portions) == Decimal("0.07")
    assert {(each.tier, each.estimated) for each in portions} == {("flex", True)}


def test_a_price_that_nobody_said_stays_unknown() -> None:
    assert [each.cost for each in split_usage(Usage(5), [1, 1])] == [None, None]
