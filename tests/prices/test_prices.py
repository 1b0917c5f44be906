"""The laws of money: sums are exact and additive, more never costs less, nothing is negative, and what is not known is None."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as some

from proxy.call import BUCKETS, Usage
from proxy.models import Model, Table
from proxy.prices import MEDIA, Price, cost, estimate, plain
from proxy.prices.notation import KEYS, write_items

COUNTED = (*BUCKETS, "searches")
NAMED = {"searches": "search"}
NUMBERS = some.decimals(0, 10_000, places=6).map(lambda number: f"{number:f}")
PRICES = some.dictionaries(some.sampled_from(sorted(KEYS.values())), NUMBERS)
COUNTS = some.dictionaries(some.sampled_from(COUNTED), some.integers(0, 10**9))


def model(text: str, kind: str = "anybody") -> Model:
    return Model(kind, "m", price=Price(text, kind))


def used(counts: dict[str, int]) -> Usage:
    usage = Usage()
    for name, count in counts.items():
        setattr(usage, name, count)
    return usage


def is_said(said: dict[str, str], name: str) -> bool:
    return NAMED.get(name, name) in said or (name == "reasoning" and "output" in said)


@given(PRICES, COUNTS)
def test_it_is_none_exactly_where_something_used_has_no_price(said: dict[str, str], counts: dict[str, int]) -> None:
    known = all(is_said(said, name) for name, count in counts.items() if count)
    found = cost(used(counts), model(write_items(said)), 0)
    assert (found is not None) is known
    assert found is None or found >= 0


@given(PRICES, COUNTS)
def test_it_is_the_sum_of_its_buckets(said: dict[str, str], counts: dict[str, int]) -> None:
    priced = model(write_items({"request": "0", **said}))
    whole = cost(used(counts), priced, 0)
    parts = [cost(used({name: count}), priced, 0) for name, count in counts.items()]
    fee = Decimal(said.get("request", "0"))
    with localcontext() as context:
        context.prec = 80
        if whole is None:
            assert None in parts
        else:
            assert whole - fee == sum(part - fee for part in parts if part is not None)


@given(PRICES, COUNTS, some.sampled_from(COUNTED), some.integers(0, 10**9))
def test_more_never_costs_less(said: dict[str, str], counts: dict[str, int], name: str, more: int) -> None:
    priced = model(write_items(said))
    before, after = cost(used(counts), priced, 0), cost(used({**counts, name: counts.get(name, 0) + more}), priced, 0)
    assert before is None or after is None or after >= before


def test_nothing_is_ever_rounded() -> None:
    dear = model("999999.999999999999,0.000000000001;@x:x99.999999999999")
    usage = used({"input": 999_999_999, "output": 7})
    usage.tier = "x"
    exact = (999_999_999 * 999999_999999999999 + 7) * 99_999999999999
    assert cost(usage, dear, 0) == Decimal(exact).scaleb(-12 - 12 - 6, Context(prec=99))


def test_nothing_used_costs_nothing_and_a_request_its_fee() -> None:
    assert cost(Usage(), model(""), 0) == 0
    assert cost(Usage(), model("1,2,q0.005"), 0) == Decimal("0.005")
    assert cost(Usage(), None, 0) is None
    assert cost(Usage(input=1), Model("k", "m"), 0) is None
    assert cost(Usage(), model("q?"), 0) is None


def test_free_is_known_and_unknown_is_not_free() -> None:
    assert cost(Usage(input=5, output=5), model("0,0"), 0) == 0
    assert cost(Usage(input=5, output=5), model("0"), 0) is None


def test_an_unknown_tier_is_unknown_money() -> None:
    assert cost(Usage(input=5, tier="scale"), model("1,2;@flex:x0.5"), 0) is None
    assert cost(Usage(input=5, tier="scale", cost=Decimal("0.1")), model("1,2"), 0) == Decimal("0.1")


def test_estimated_tokens_cost_what_others_do() -> None:
    assert cost(Usage(input=1_000_000, estimated=True), model("3"), 0) == 3


# ---- before the call


def test_an_estimate_is_what_plain_text_costs() -> None:
    tiered = model("1,2;>100:3,4;@flex:x0.5")
    assert estimate(tiered, 100, 10, 0) == Decimal("0.00012")
    assert estimate(tiered, 101, 10, 0) == Decimal("0.000343")
    assert estimate(tiered, 101, 10, 0, tier="flex") == Decimal("0.0001715")
    assert estimate(tiered, 1, 1, 0, tier="scale") is None
    assert estimate(model("1,q0.5"), 1, 0, 0) == Decimal("0.500001")
    assert estimate(model("1"), 1, 1, 0) is None
    assert estimate(model("1,2,q?"), 1, 1, 0) is None
    assert estimate(None, 1, 1, 0) is None
    assert estimate(Model("k", "m"), 1, 1, 0) is None


def test_at_worst_all_of_it_is_the_dearest_that_it_may_be() -> None:
    claude = model("3,15,0.3,3.75,w6")
    assert estimate(claude, 1000, 0, 0, worst=True) == Decimal("0.006")
    spoken = model("4,16,0.4,ai32,ao64,ii5")
    assert estimate(spoken, 1, 1, 0, worst=True) == Decimal("0.00002")
    assert estimate(spoken, 1, 1, 0, worst=True, media=("audio",)) == Decimal("0.000096")
    assert estimate(spoken, 1, 1, 0, worst=True, media=("image",)) == Decimal("0.000021")
    assert estimate(model("2,8,r3"), 0, 1, 0, worst=True) == Decimal("0.000008")
    assert estimate(model("w6"), 1, 0, 0, worst=True) is None


@given(some.sampled_from(["openai", "anthropic", "gemini", "deepseek"]), some.integers(0, 10**6), some.data())
def test_at_worst_is_never_less_than_what_comes_of_it(kind: str, at: int, data: some.DataObject) -> None:
    """For every model of the table whose price is known."""
    table = Table()
    name = data.draw(some.sampled_from(table.lines(kind))).partition("\t")[0]
    found = table.find(kind, name)
    split = data.draw(some.lists(some.integers(0, 300_000), min_size=7, max_size=7))
    names = ("input", "cache_read", "cache_write", "cache_write_1h", "audio_input", "output", "reasoning")
    usage = used(dict(zip(names, split, strict=True)))
    bill, most = (cost(usage, found, at), estimate(found, usage.prompt, usage.completion, at, worst=True, media=MEDIA))
    assert bill is None or most is None or bill <= most


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.0025000", "0.0025"),
        ("10.00", "10"),
        ("100", "100"),
        ("0", "0"),
        ("1E+2", "100"),
        ("0E-8", "0"),
        ("1.5E-7", "0.00000015"),
    ],
)
def test_an_amount_is_written_plainly(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


#: The well-known prices of early 2025, in dollars per thousand tokens.
KNOWN = (
    ("openai", "gpt-4", "0.030", "0.060"),
    ("openai", "gpt-4-turbo", "0.010", "0.030"),
    ("openai", "gpt-3.5-turbo", "0.0005", "0.0015"),
    ("openai", "o1-preview", "0.015", "0.060"),
    ("openai", "o1-mini", "0.003", "0.012"),
    *(("anthropic", name, "0.003", "0.015") for name in ("claude-3.5-sonnet", "claude-3-5-sonnet-20241022")),
    *(("anthropic", name, "0.015", "0.075") for name in ("claude-3-opus", "claude-3-opus-20240229")),
    *(("anthropic", name, "0.00025", "0.00125") for name in ("claude-3-haiku", "claude-3-haiku-20240307")),
)


@pytest.mark.parametrize(("kind", "name", "input", "output"), KNOWN)
def test_the_table_has_the_well_known_prices(kind: str, name: str, input: str, output: str) -> None:
    found = Table().find(kind, name)
    assert cost(Usage(input=1000), found, 0) == Decimal(input)
    assert cost(Usage(output=1000), found, 0) == Decimal(output)
    assert cost(Usage(input=1000, output=500), found, 0) == Decimal(input) + Decimal(output) / 2
