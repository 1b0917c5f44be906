"""What holds when: lengths, tiers, hours, days to come, one over the other; and what falls on what, provider by provider."""

from __future__ import annotations

from decimal import Decimal

import pytest

from proxy.prices import Price
from proxy.prices.price import ALIKE, ALWAYS, FALLS, ORDER, USUAL
from proxy.providers import all_providers

NIGHT = 3600.0
DAY = 43200.0


def rate(price: Price, bucket: str, *, tier: str = "", prompt: int = 0, at: float = DAY) -> str | None:
    """Dollars per million, or for one."""
    rates = price.rates(tier, prompt, at)
    assert rates is not None
    found = rates.get(bucket)
    single = bucket in ("search", "request")
    return None if found is None else f"{found if single else found.scaleb(6).normalize():f}"


def test_lengths_hold_above_and_the_longest_wins() -> None:
    price = Price("1,2;>100:3,4;>1000:5")
    found = [(rate(price, "input", prompt=n), rate(price, "output", prompt=n)) for n in (0, 100, 101, 1000, 1001)]
    assert found == [("1", "2"), ("1", "2"), ("3", "4"), ("3", "4"), ("5", "4")]


def test_lengths_are_laid_in_their_order_whatever_stands_first() -> None:
    assert rate(Price("1;>1000:5;>100:3"), "input", prompt=2000) == "5"


def test_a_factor_is_on_all_tokens_of_the_length_and_on_nothing_else() -> None:
    price = Price("2,4,1,s0.01,q0.5;>100:6;@flex:x0.5;@slow:x0.1,cr7")
    assert [rate(price, name, tier="flex") for name in ("input", "output", "cache_read")] == ["1", "2", "0.5"]
    assert rate(price, "input", tier="flex", prompt=101) == "3"
    assert [rate(price, name, tier="flex") for name in ("search", "request")] == ["0.01", "0.5"]
    assert [rate(price, name, tier="slow") for name in ("input", "cache_read")] == ["0.2", "7"]


def test_a_tier_s_own_price_holds_at_every_length_unless_it_has_lengths() -> None:
    price = Price("1,2;>100:3,6;@priority:10;@flex:0.5;@flex>100:0.7")
    assert [rate(price, "input", tier="priority", prompt=n) for n in (0, 101)] == ["10", "10"]
    assert [rate(price, "output", tier="priority", prompt=n) for n in (0, 101)] == ["2", "6"]
    assert [rate(price, "input", tier="flex", prompt=n) for n in (0, 101)] == ["0.5", "0.7"]


@pytest.mark.parametrize("tier", ["", "default", "Standard", "STANDARD", "auto", "on_demand"])
def test_the_usual_tier_has_many_names(tier: str) -> None:
    assert rate(Price("1;@flex:2"), "input", tier=tier) == "1"


def test_a_tier_that_nobody_priced_is_not_the_usual_one() -> None:
    price = Price("1,2;@flex:x0.5", "openai")
    assert price.rates("scale", 0, DAY) is None
    assert price.rates("priority", 0, DAY) is None
    assert rate(price, "input", tier="FLEX") == "0.5"
    assert Price("1", "openai").rates("flex", 0, DAY) is None
    assert rate(Price("1", "groq"), "input", tier="flex") == "1"


def test_the_first_window_that_holds_is_taken() -> None:
    price = Price("1,9;0000-0200:2;0100-0300:3;>100:4;@flex:x0.5")
    assert [rate(price, "input", at=at) for at in (0, NIGHT, 2 * NIGHT, DAY)] == ["2", "2", "3", "1"]
    assert rate(price, "output", at=0) == "9"
    assert rate(price, "input", at=0, tier="flex") == "1"
    assert rate(price, "input", at=0, prompt=101) == "4"


def test_a_price_to_come_replaces_the_other_whole() -> None:
    price = Price("1,2,3;@flex:x0.5|2027-01-01 4,5|2027-02-01 6")
    january, february = price.coming(0)
    assert [rate(price, "input", at=at) for at in (january - 0.001, january, february - 1, february)] == [
        "1",
        "4",
        "4",
        "6",
    ]
    assert rate(price, "cache_read", at=january) is None
    assert price.rates("flex", 0, january) is None
    assert price.coming(january) == [february]


def test_the_usual_rates_are_at_hand_only_where_nothing_else_can_hold() -> None:
    for text, plain in (
        ("1,2;@flex:x0.5", True),
        ("1;>5:2", False),
        ("1;0100-0200:2", False),
        ("1|2027-01-01 2", False),
    ):
        price = Price(text)
        assert price.usual is None
        found = price.rates("", 0, DAY)
        assert price.usual == (found if plain else None)


def test_what_is_asked_again_is_not_made_again() -> None:
    price = Price("1,2;>100:3;@flex:x0.5")
    assert price.rates("flex", 200, DAY) is price.rates("flex", 300, DAY)


def test_prices_are_the_same_that_say_the_same_of_the_same_kind() -> None:
    assert Price("1", "a") == Price("1", "a") != Price("1", "b")
    assert len({Price("1", "a"), Price("1", "a"), Price("2", "a")}) == 2
    assert Price("1", "a") != "1"
    assert repr(Price("1", "a")) == "Price('1', 'a')"


# ---- what falls on what


@pytest.mark.parametrize(
    ("kind", "text", "bucket", "found"),
    [
        ("anybody", "1,2", "reasoning", "2"),
        ("perplexity", "2,8,r3", "reasoning", "3"),
        ("anybody", "1,2", "cache_read", None),
        ("anthropic", "1,2", "cache_write", None),
        ("anthropic", "1,2,,3", "cache_write_1h", None),
        ("openai", "1,2", "cache_read", "1"),
        ("openai", "1,2", "cache_write", None),
        ("openai", "1,2", "image_input", "1"),
        ("openai", "1,2", "image_output", "2"),
        ("openai", "1,2", "audio_input", None),
        ("openai", "1,2", "audio_output", None),
        ("openai", "1,2,3", "audio_cache_read", None),
        ("gemini", "1,2", "audio_input", "1"),
        ("gemini", "1,2,3", "audio_cache_read", "3"),
        ("gemini", "1,2,3,ai9", "audio_cache_read", None),
        ("gemini", "1,2", "audio_output", "2"),
        ("gemini", "1,2", "image_output", None),
        ("gemini", "1,2", "cache_read", None),
        ("xai", "1,2,3", "audio_input", "1"),
        ("xai", "1,2,3", "image_input", "1"),
        ("anybody", "1,2", "search", None),
        ("anybody", "1,2", "request", "0"),
        ("anybody", "1,2,q?", "request", None),
        ("openai", "1,2,cr?", "cache_read", None),
    ],
)
def test_what_has_no_price_of_its_own(kind: str, text: str, bucket: str, found: str | None) -> None:
    assert rate(Price(text, kind), bucket) == found


def test_what_falls_is_a_bucket_of_a_provider_that_there_is() -> None:
    assert {*FALLS, *ALIKE} <= set(all_providers())
    for fall in (*ALWAYS, *(fall for falls in FALLS.values() for fall in falls)):
        assert {fall.bucket, fall.on} <= set(ORDER)
    assert all(tier == tier.lower() for tier in USUAL)


def test_a_factor_holds_for_what_falls() -> None:
    assert rate(Price("1,2;@flex:x0.5", "openai"), "cache_read", tier="flex") == "0.5"
    assert Price("1,2;@flex:x0.5", "openai").rates("flex", 0, DAY) != Price("1,2").rates("", 0, DAY)
    assert Decimal(rate(Price("1,2;@batch:x0.333333"), "output", tier="batch") or 0) == Decimal("0.666666")
