"""Counts, sums and tiers, and whatever stands in their places."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.dialects.reported import cost_in, count, dollars, inside, tier_of

NAMES = ["cost", "cost_in_usd_ticks", "is_byok", "cost_details", "total_cost", "upstream_inference_cost"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(("value", "counted"), [(3, 3), (0, 0), (-1, 0), (True, 0), (1.5, 0), ("1", 0), (None, 0)])
def test_only_whole_numbers_are_counts(value: Any, counted: int) -> None:
    assert count({"n": value}, "n") == counted
    assert count({}, "n") == 0


@pytest.mark.parametrize(
    ("value", "digits"),
    [(0, "0"), (1, "1"), (0.1, "0.1"), (4.65e-06, "0.00000465"), (0.000971, "0.000971"), (1000000, "1000000")],
)
def test_a_sum_is_kept_to_its_last_digit(value: float, digits: str) -> None:
    assert dollars(value) == Decimal(digits)


@pytest.mark.parametrize("value", [-1, -0.1, 1000001, 10**400, float("nan"), float("inf"), True, "1", None, [], {}])
def test_what_is_no_sum(value: Any) -> None:
    assert dollars(value) is None


@pytest.mark.parametrize(
    ("word", "tier"), [("flex", "flex"), ("PRIORITY", "priority"), ("STANDARD", ""), (7, ""), ("", ""), ("x" * 99, "")]
)
def test_tiers(word: Any, tier: str) -> None:
    assert tier_of(word) == tier


def test_what_is_no_object_is_empty() -> None:
    assert inside({"a": [], "b": {"c": 1}}, "a") == {} == inside({}, "a")
    assert inside({"b": {"c": 1}}, "b") == {"c": 1}


@settings(max_examples=200, deadline=None, database=None)
@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_cost_is_a_sum_or_none(usage: dict[str, Any]) -> None:
    cost = cost_in(usage)
    assert cost is None or (cost.is_finite() and cost >= 0)
