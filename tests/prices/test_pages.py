"""Worked examples from the pages of providers: a price as the page has it, what was used, and what it comes to, reckoned by hand.

Each example writes out its sum, in millionths of a dollar, and is equal to the last digit. Prices stand here as they were read,
in the notation of `proxy.prices.notation`; what the table has of the same models is compared with them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from proxy.call import Usage
from proxy.models import Model, Table
from proxy.prices import Price, cost

ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/pricing"
OPENAI = "https://developers.openai.com/api/docs/pricing"
AUDIO = "https://developers.openai.com/api/docs/models/gpt-realtime-1.5"
GEMINI = "https://ai.google.dev/gemini-api/docs/pricing"
DEEPSEEK = "https://api-docs.deepseek.com/quick_start/pricing"
#: The same page in August 2025, which announces the end of the nights on September 5th.
NIGHTS = DEEPSEEK

PEAK = "0100-0400/12345:0.3,1.2,0.006;0600-1000/12345:0.3,1.2,0.006"
#: Model -> kind, price, page.
PAGES: dict[str, tuple[str, str, str]] = {
    "claude-opus-4-8": ("anthropic", "5,25,0.5,6.25,w10,s0.01;@batch:x0.5;@fast:x2", ANTHROPIC),
    "claude-sonnet-4-6": ("anthropic", "3,15,0.3,3.75,w6,s0.01;@batch:x0.5", ANTHROPIC),
    "claude-sonnet-4-5": ("anthropic", "3,15,0.3,3.75,w6,s0.01;>200000:6,22.5,0.6,7.5,w12;@batch:x0.5", ANTHROPIC),
    "claude-haiku-5-5": (
        "anthropic",
        "0.1,0.5,0.01,0.125,w0.2,s0.01;>100000:0.5,2.5,0.05,0.625,w1;@batch:x0.5",
        f"{ANTHROPIC}#long-context-pricing",
    ),
    "claude-fable-5-1": ("anthropic", "10,50,0.25,12.5,w20,s0.01;@batch:x0.5", ANTHROPIC),
    "claude-3-haiku-20240307": ("anthropic", "0.25,1.25,0.03,0.3,w0.5;@batch:x0.5", ANTHROPIC),
    "gpt-5": ("openai", "1.25,10,0.125,s0.01;@flex/batch:x0.5;@priority/fast:x2", OPENAI),
    "gpt-5.4": (
        "openai",
        "2.5,15,0.25,s0.01;>272000:5,22.5,0.5;@flex/batch:1.25,7.5,0.13;@flex/batch>272000:2.5,11.25,0.25"
        ";@priority/fast:5,30,0.5",
        OPENAI,
    ),
    "gpt-5.6-sol": (
        "openai",
        "4,20,0.4,5,s0.01;>272000:8,30,0.8,10;@flex/batch:x0.5;@priority/fast:x2",
        OPENAI,
    ),
    "gpt-4o": ("openai", "2.5,10,1.25,s0.01;@priority/fast:x1.7;@batch:1.25,5", OPENAI),
    "gpt-4": ("openai", "30,60", OPENAI),
    "o1": ("openai", "15,60,7.5", OPENAI),
    "gpt-realtime-1.5": ("openai", "4,16,0.4,ai32,ac0.4,ao64,ii5", AUDIO),
    "gpt-audio": ("openai", "2.5,10,ai32,ao64", "https://developers.openai.com/api/docs/models/gpt-audio"),
    "gpt-image-1": ("openai", "5,40,1.25,ii10", "https://developers.openai.com/api/docs/models/gpt-image-1"),
    "gpt-image-1.5": ("openai", "5,10,1.25,ii8,io32;@batch:2.5,5,0.63,ii4,io16", OPENAI),
    "gemini-2.5-flash": ("gemini", "0.3,2.5,0.03,ai1,ac0.1,s0.035;@batch:0.15,1.25,ai0.5", GEMINI),
    "gemini-2.5-pro": (
        "gemini",
        "1.25,10,0.125,s0.035;>200000:2.5,15,0.25;@batch:0.625,5;@batch>200000:1.25,7.5",
        GEMINI,
    ),
    "gemini-2.5-flash-image": ("gemini", "0.3,2.5,io30", GEMINI),
    "gemini-2.5-flash-preview-tts": ("gemini", "0.5,10", GEMINI),
    "gemini-3.8-flash": (
        "gemini",
        "0.75,3.75,0.075,s0.014;@batch:x0.5|2027-01-01 1.5,7.5,0.15,s0.014;@batch:x0.5",
        GEMINI,
    ),
    "deepseek-flash": ("deepseek", f"0.15,0.6,0.003;{PEAK}", DEEPSEEK),
    "deepseek-chat": ("deepseek", "0.27,1.1,0.07;1630-0030:0.135,0.55,0.035|2025-09-06 0.56,1.68,0.07", NIGHTS),
    "deepseek-reasoner": ("deepseek", "0.55,2.19,0.14;1630-0030:0.135,0.55,0.035", NIGHTS),
}


class Example(NamedTuple):
    """`sum` is what was reckoned, in millionths of a dollar; `at` a time in UTC."""

    model: str
    sum: str
    used: dict[str, Any]
    at: str = "2026-11-21T12:00"


def each(model: str, sum: str, at: str = "2026-11-21T12:00", **used: Any) -> Example:
    return Example(model, sum, used, at)


EXAMPLES = (
    # Anthropic: 1000 x 5 + 500 x 25
    each("claude-opus-4-8", "17500", input=1000, output=500),
    # 22205 x 5 + 1552 x 25 + 2 x 10000
    each("claude-opus-4-8", "169825", input=22205, output=1552, searches=2),
    # 1000 x 2.5 + 1000 x 3.125 + 1000 x 12.5
    each("claude-opus-4-8", "18125", input=1000, cache_write=1000, output=1000, tier="batch"),
    # 1000 x 10 + 1000 x 50
    each("claude-opus-4-8", "60000", input=1000, output=1000, tier="fast"),
    # 1000 x 2.5 + 10000: a search costs the same in a batch
    each("claude-opus-4-8", "12500", input=1000, searches=1, tier="batch"),
    # 50 x 3 + 2000 x 6 + 18000 x 0.3 + 393 x 15
    each("claude-sonnet-4-6", "23445", input=50, cache_write_1h=2000, cache_read=18000, output=393),
    # 2048 x 3 + 456 x 3.75 + 100 x 6
    each("claude-sonnet-4-6", "8454", input=2048, cache_write=456, cache_write_1h=100),
    # 10 x 3 + (20 + 30) x 15: what is thought costs what is said
    each("claude-sonnet-4-6", "780", input=10, output=20, reasoning=30),
    # 200001 x 6 + 1000 x 22.5
    each("claude-sonnet-4-5", "1222506", input=200_001, output=1000),
    # 100000 x 0.1 + 1000 x 0.5: up to the length itself
    each("claude-haiku-5-5", "10500", input=100_000, output=1000),
    # 100001 x 0.5 + 1000 x 2.5: above it, every token
    each("claude-haiku-5-5", "52500.5", input=100_001, output=1000),
    # 1 x 0.5 + 100000 x 0.05 + 10 x 2.5: what came out of the cache is part of the length
    each("claude-haiku-5-5", "5025.5", input=1, cache_read=100_000, output=10),
    # 1 x 0.5 + 100000 x 1
    each("claude-haiku-5-5", "100000.5", input=1, cache_write_1h=100_000),
    # 200000 x 0.25 + 2000 x 1.25
    each("claude-haiku-5-5", "52500", input=200_000, output=2000, tier="batch"),
    # 100 x 10 + 100000 x 0.25 + 1000 x 50
    each("claude-fable-5-1", "76000", input=100, cache_read=100_000, output=1000),
    # 7 x 0.25 + 3 x 0.3 + 5 x 0.03 + 2 x 0.5 + 11 x 1.25
    each("claude-3-haiku-20240307", "17.55", input=7, cache_write=3, cache_read=5, cache_write_1h=2, output=11),
    # OpenAI: 1000 x 0.625 + 1000 x 0.0625 + 100 x 5
    each("gpt-5", "1187.5", input=1000, cache_read=1000, output=100, tier="flex"),
    # 1000 x 2.5 + 100 x 20
    each("gpt-5", "4500", input=1000, output=100, tier="priority"),
    each("gpt-5", "4500", input=1000, output=100, tier="fast"),
    # a million each: 0.625 + 5 dollars
    each("gpt-5", "5625000", input=1_000_000, output=1_000_000, tier="batch"),
    # 1000 x 1.25 + 1000 x 10 + 3 x 10000
    each("gpt-5", "41250", input=1000, output=1000, searches=3),
    # the tier that every answer names: 8 x 1.25 + 9 x 10
    each("gpt-5", "100", input=8, output=9, tier="default"),
    # 272000 x 2.5 + 1000 x 15
    each("gpt-5.4", "695000", input=272_000, output=1000),
    # 272001 x 5 + 1000 x 22.5
    each("gpt-5.4", "1382505", input=272_001, output=1000),
    # 1000 x 0.13, as the page rounds it
    each("gpt-5.4", "130", cache_read=1000, tier="flex"),
    # 300000 x 2.5 + 1000 x 11.25
    each("gpt-5.4", "761250", input=300_000, output=1000, tier="flex"),
    # 3 x 4 + 1217 x 5 + (46 + 54) x 20
    each("gpt-5.6-sol", "8097", input=3, cache_write=1217, output=46, reasoning=54),
    # 300000 x 10 x 2
    each("gpt-5.6-sol", "6000000", cache_write=300_000, tier="priority"),
    # 1000 x 4.25 + 100 x 17
    each("gpt-4o", "5950", input=1000, output=100, tier="priority"),
    # 1000 x 1.25 + 1000 x 1.25: the page has no price of a batch's cache, so there the usual one holds
    each("gpt-4o", "2500", input=1000, cache_read=1000, tier="batch"),
    # 1000 x 30 + 500 x 60
    each("gpt-4", "60000", input=1000, output=500),
    # no price of a cache is listed, so there is no discount: (600 + 400) x 30
    each("gpt-4", "30000", input=600, cache_read=400),
    # 1000 x 15 + 1000 x 7.5 + (100 + 900) x 60
    each("o1", "82500", input=1000, cache_read=1000, output=100, reasoning=900),
    # 100 x 4 + 200 x 32 + 50 x 0.4 + 30 x 16 + 120 x 64
    each("gpt-realtime-1.5", "14980", input=100, audio_input=200, audio_cache_read=50, output=30, audio_output=120),
    # 10 x 4 + 300 x 5 + 5 x 16
    each("gpt-realtime-1.5", "1620", input=10, image_input=300, output=5),
    # (10 + 5) x 2.5 + 100 x 32 + 100 x 64
    each("gpt-audio", "9637.5", input=10, cache_read=5, audio_input=100, audio_output=100),
    # 50 x 5 + 323 x 10 + 272 x 40
    each("gpt-image-1", "14360", input=50, image_input=323, image_output=272),
    # 50 x 5 + 4160 x 32 + 10 x 10
    each("gpt-image-1.5", "133470", input=50, image_output=4160, output=10),
    # 50 x 2.5 + 100 x 4 + 4160 x 16
    each("gpt-image-1.5", "67085", input=50, image_input=100, image_output=4160, tier="batch"),
    # Gemini: 13 x 0.3 + 9609 x 0.03 + (35 + 136) x 2.5
    each("gemini-2.5-flash", "719.67", input=13, cache_read=9609, output=35, reasoning=136),
    # 100 x 0.3 + 1000 x 1 + 500 x 0.1
    each("gemini-2.5-flash", "1080", input=100, audio_input=1000, audio_cache_read=500),
    # 1000 x 0.5 and 1000 x 0.03: a batch halves audio, and not the cache
    each("gemini-2.5-flash", "530", audio_input=1000, cache_read=1000, tier="batch"),
    # (350 + 258) x 0.3 + 115 x 2.5: an image costs what text does
    each("gemini-2.5-flash", "469.9", input=350, image_input=258, output=115, tier="STANDARD"),
    # 200000 x 1.25 + 1000 x 10
    each("gemini-2.5-pro", "260000", input=200_000, output=1000),
    # 200001 x 2.5 + 1000 x 15
    each("gemini-2.5-pro", "515002.5", input=200_001, output=1000),
    # 60000 x 2.5 + 150000 x 0.25
    each("gemini-2.5-pro", "187500", input=60_000, cache_read=150_000),
    # 300000 x 1.25 + 1000 x 7.5
    each("gemini-2.5-pro", "382500", input=300_000, output=1000, tier="batch"),
    # 1000 x 1.25 + 35000
    each("gemini-2.5-pro", "36250", input=1000, searches=1),
    # one price for all that goes in: 1000 x 1.25 + 1000 x 0.125
    each("gemini-2.5-pro", "1375", audio_input=1000, audio_cache_read=1000),
    # 10 x 0.3 + 1290 x 30: $0.039 an image, says the page
    each("gemini-2.5-flash-image", "38703", input=10, image_output=1290),
    # 100 x 0.5 + 1000 x 10
    each("gemini-2.5-flash-preview-tts", "10050", input=100, audio_output=1000),
    # a million x 0.75, and from the new year on 1.5
    each("gemini-3.8-flash", "750000", "2026-12-31T23:59:59", input=1_000_000),
    each("gemini-3.8-flash", "1500000", "2027-01-01T00:00", input=1_000_000),
    each("gemini-3.8-flash", "750000", "2027-01-01T00:00", input=1_000_000, tier="batch"),
    # DeepSeek, from Monday to Friday, 01:00 to 04:00 and 06:00 to 10:00
    each("deepseek-flash", "150", "2026-11-23T00:59:59", input=1000),
    each("deepseek-flash", "300", "2026-11-23T01:00", input=1000),
    each("deepseek-flash", "150", "2026-11-23T04:00", input=1000),
    each("deepseek-flash", "300", "2026-11-27T09:59:59", input=1000),
    each("deepseek-flash", "150", "2026-11-21T02:00", input=1000),
    # 20 x 0.15 + 384 x 0.003 + 48 x 0.6
    each("deepseek-flash", "32.952", "2026-11-22T07:00", input=20, cache_read=384, output=48),
    # the nights of 2025, 16:30 to 00:30
    each("deepseek-chat", "270", "2025-06-01T16:29:59", input=1000),
    each("deepseek-chat", "135", "2025-06-01T16:30", input=1000),
    each("deepseek-chat", "135", "2025-06-02T00:29:59", input=1000),
    each("deepseek-chat", "270", "2025-06-02T00:30", input=1000),
    each("deepseek-chat", "1680", "2025-09-06T23:00", output=1000),
    # 100 x 0.035 + 1000 x 0.135 + 1000 x 0.55, and by day 100 x 0.14 + 1000 x 0.55 + 1000 x 2.19
    each("deepseek-reasoner", "688.5", "2025-06-01T20:00", cache_read=100, input=1000, reasoning=1000),
    each("deepseek-reasoner", "2754", "2025-06-01T12:00", cache_read=100, input=1000, reasoning=1000),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.model} {example.sum}")
def test_an_example_comes_to_what_it_comes_to(example: Example) -> None:
    kind, price, _ = PAGES[example.model]
    at = datetime.fromisoformat(example.at).replace(tzinfo=UTC).timestamp()
    model = Model(kind, example.model, price=Price(price, kind))
    assert cost(Usage(**example.used), model, at) == Decimal(example.sum).scaleb(-6)


def test_there_are_many_of_them_and_each_price_has_one() -> None:
    assert len(EXAMPLES) >= 60
    assert {example.model for example in EXAMPLES} == PAGES.keys()


@pytest.mark.parametrize("name", PAGES)
def test_the_table_says_of_a_model_what_the_page_does(name: str) -> None:
    kind, price, page = PAGES[name]
    assert page.startswith("https://")
    found = Table().find(kind, name)
    if found is not None:  # those that are gone, or no chat, are not in it
        assert found.price == Price(price, kind)
