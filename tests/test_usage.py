"""Counts add up, a later report replaces an earlier one, and money is written as people do."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from proxy.usage import BUCKETS, Usage, largest, plain


def test_buckets_sum_to_the_total() -> None:
    usage = Usage(1, 2, 4, 8, 16, 32, 64)
    assert (usage.prompt, usage.completion, usage.total) == (1 + 2 + 4 + 32, 8 + 16 + 64, 127)
    every = Usage(**dict.fromkeys(BUCKETS, 1))  # type: ignore[arg-type]
    assert every.total == len(BUCKETS)
    assert {field.name for field in fields(Usage)} == {*BUCKETS, "estimated", "searches", "cost", "tier"}


def test_a_later_report_replaces_an_earlier_one() -> None:
    usage = Usage(input=10, output=1)
    usage.merge(Usage(input=10, output=7, reasoning=2))
    usage.merge(Usage(output=5))
    assert usage == Usage(input=10, output=7, reasoning=2)


@pytest.mark.parametrize(("one", "other", "both"), [(True, True, True), (True, False, False), (False, False, False)])
def test_what_was_reported_once_is_no_estimate(one: bool, other: bool, both: bool) -> None:
    usage = Usage(estimated=one)
    usage.merge(Usage(estimated=other))
    assert usage.estimated is both


def test_what_goes_with_the_counts_is_the_latest_that_was_said() -> None:
    usage = Usage(searches=2, cost=Decimal("0.5"), tier="flex")
    usage.merge(Usage(searches=1))
    assert (usage.searches, usage.cost, usage.tier) == (2, Decimal("0.5"), "flex")
    usage.merge(Usage(cost=Decimal("0.75"), tier="priority"))
    assert (usage.cost, usage.tier) == (Decimal("0.75"), "priority")


@pytest.mark.parametrize(
    ("amount", "text"), [("0", "0"), ("0.00250", "0.0025"), ("1E-9", "0.000000001"), ("12.0", "12"), ("1E+3", "1000")]
)
def test_money_has_no_exponent_and_no_zeros_at_its_end(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


def test_the_last_of_the_largest_reports_counts() -> None:
    small, large, as_large = Usage(1), Usage(3), Usage(2, output=1)
    assert largest([small, None, large, as_large, small]) is as_large
    assert largest([None]) is None
