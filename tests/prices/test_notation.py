"""A price on one line: every clause is read as it was written, times are those of Greenwich, and nonsense is refused."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from proxy.call import BUCKETS, Usage
from proxy.prices.notation import KEYS, POSITIONS, Clause, Sheet, Window, parse_price, write_clause, write_items
from proxy.prices.price import SINGLE

HOUR = 3600
DAY = 24 * HOUR


def test_every_bucket_has_a_key() -> None:
    assert set(KEYS.values()) == {*BUCKETS, *SINGLE}
    assert set(POSITIONS) < set(BUCKETS) < {field.name for field in fields(Usage)}


def test_a_whole_price() -> None:
    text = "1,2,,0.5,w4,s0.01;0030-1630/12:3;>100:5,6;@flex/batch:x0.5,cr7;@priority>100:8|2027-01-01 9,q?"
    first, second = parse_price(text)
    assert first.since == 0
    assert first.clauses == (
        Clause({name: Decimal(said) for name, said in ONE.items()}),
        Clause({"input": Decimal(3)}, window=Window(30, 990, "12")),
        Clause({"input": Decimal(5), "output": Decimal(6)}, above=100),
        Clause({"cache_read": Decimal(7)}, ("flex", "batch"), factor=Decimal("0.5")),
        Clause({"input": Decimal(8)}, ("priority",), 100),
    )
    assert second == Sheet(1_798_761_600, (Clause({"input": Decimal(9), "request": None}),))


ONE = {"input": "1", "output": "2", "cache_write": "0.5", "cache_write_1h": "4", "search": "0.01"}


def test_nothing_said_is_nothing_known() -> None:
    assert parse_price("") == (Sheet(0, (Clause({}),)),)


@pytest.mark.parametrize(
    "text", ["x", "1,?x", "1;:2", "1;@:2", "1;>:2", "1;0100:2", "1;flex:2", "-1", "1e3", "1|2027-13-01 1", "1|soon"]
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_price(text)


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        (Window(60, 240), (60, 239), (59, 240)),
        (Window(990, 30), (990, 1439, 0, 29), (30, 989)),
        (Window(0, 0), (0, 720, 1439), ()),
    ],
)
def test_a_window_begins_on_its_minute_and_has_ended_on_the_other(
    window: Window, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    for minute in (*inside, *outside):
        moment = 19_000 * DAY + minute * 60
        assert window.holds(moment) is (minute in inside)
        assert window.holds(moment + 59.999) is (minute in inside)


def test_days_are_those_of_the_week() -> None:
    monday = 1_795_392_000  # 2026-11-23
    week = Window(0, 0, "12345")
    assert [week.holds(monday + day * DAY + 5 * HOUR) for day in range(7)] == [True] * 5 + [False] * 2
    assert Window(0, 0, "4").holds(0)


@given(
    said=some.dictionaries(some.sampled_from(sorted(KEYS.values())), some.decimals(0, 1000, places=6), max_size=13),
    above=some.integers(0, 10**6),
    tiers=some.lists(some.sampled_from(["flex", "priority", "batch"]), unique=True),
)
def test_what_is_written_is_read(said: dict[str, Decimal], above: int, tiers: list[str]) -> None:
    items = write_items({name: f"{price:f}" for name, price in said.items()})
    clause = write_clause(items, tiers=tiers, above=above)
    (sheet,) = parse_price(f"1;{clause}" if tiers or above else clause)
    assert sheet.clauses[-1] == Clause(said, tuple(tiers), above)


def test_a_factor_and_a_window_are_written() -> None:
    assert write_clause(write_items({"input": "1"}, "0.5"), tiers=("flex",)) == "@flex:x0.5,i1"
    assert write_clause("1", window=("1630", "0030", "1234567")) == "1630-0030:1"
    assert write_clause("1", window=("1630", "0030", "67")) == "1630-0030/67:1"
