"""What the operator says of a price: all of it reaches the arithmetic, and each nonsense is refused with its path."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proxy.call import Usage
from proxy.config import ConfigError, entries_of, load, schema
from proxy.config.decode import Decoder
from proxy.config.prices import CatalogPrice, price_faults, price_text
from proxy.config.values import Sources
from proxy.models import Models
from proxy.prices import Price, cost, estimate
from proxy.prices.notation import parse_price

NOON = 12 * 3600.0


def decoded(said: dict[str, Any]) -> tuple[CatalogPrice, list[str]]:
    decoder = Decoder(Sources({}, Path()))
    price = decoder.decode(CatalogPrice, said, "price")
    faults = [*decoder.faults] or [*price_faults(price, "price")]
    return price, [str(fault) for fault in faults]


def text_of(said: dict[str, Any]) -> str:
    price, faults = decoded(said)
    assert not faults
    return price_text(price)


WHOLE = {
    "input": 1,
    "output": "2.50",
    "cache_read": 0.1,
    "cache_write": 1.25,
    "cache_write_1h": 2,
    "reasoning": 3,
    "audio_input": 4,
    "audio_cache_read": 5,
    "audio_output": 6,
    "image_input": 7,
    "image_output": 8,
    "search": 0.01,
    "per_request": "0.005",
    "tiers": [{"above": 200_000, "input": 2}, {"above": 1000, "output": 9}],
    "service_tiers": {"flex": 0.5, "priority": "2.5"},
    "batch": 0.25,
    "windows": [
        {"from": "16:30", "to": "00:30", "input": 0.5},
        {"from": "00:00", "to": "00:00", "days": ["sat", "sun"], "output": 1},
    ],
}


def test_all_that_can_be_said() -> None:
    text = text_of(WHOLE)
    assert text == (
        "1,2.50,0.1,1.25,w2,r3,ai4,ac5,ao6,ii7,io8,s0.01,q0.005;1630-0030:0.5;0000-0000/67:,1"
        ";>200000:2;>1000:,9;@flex:x0.5;@priority:x2.5;@batch:x0.25"
    )
    (sheet,) = parse_price(text)
    assert len(sheet.clauses) == 8


def test_what_is_not_said_is_not_known() -> None:
    assert text_of({}) == ""
    rates = Price(text_of({"output": 5})).rates("", 0, NOON)
    assert rates is not None
    assert (rates.get("input"), rates.get("output")) == (None, Decimal("0.000005"))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"input": -1}, "price.input is -1; allowed: dollars per million tokens, 0 to 1000000"),
        ({"input": "-0.5"}, "price.input is '-0.5'"),
        ({"input": 1_000_001}, "price.input is 1000001"),
        (
            {"input": "1e-13"},
            "price.input is '1e-13'; allowed: dollars per million tokens, 0 to 1000000, at most 12 digits",
        ),
        ({"input": float("inf")}, "price.input is inf"),
        ({"inptu": 1}, "price.inptu is an unknown key; allowed: audio_cache_read, audio_input"),
        ({"search": -0.01}, "price.search is -0.01; allowed: dollars, 0 to"),
        ({"per_request": "much"}, "price.per_request is 'much'"),
        ({"batch": -1}, "price.batch is -1; allowed: a factor, 0 to 100"),
        ({"batch": 101}, "price.batch is 101"),
        ({"service_tiers": {"flex": "half"}}, "price.service_tiers.flex is 'half'; allowed: a factor"),
        ({"service_tiers": {"a;b": 1}}, "price.service_tiers.**** is no such name; allowed: lower-case letters"),
        ({"service_tiers": {"Flex": 1}}, "price.service_tiers.Flex is no such name"),
        (
            {"service_tiers": {"batch": 1}, "batch": 2},
            "price.batch is '2'; allowed: nothing, beside service_tiers.batch",
        ),
        ({"tiers": [{"input": 1}]}, "price.tiers[0].above is missing; allowed: tokens"),
        ({"tiers": [{"above": 0, "input": 1}]}, "price.tiers[0].above is 0; allowed: tokens"),
        ({"tiers": [{"above": 5}]}, "price.tiers[0] is without any price; allowed: at least one of input"),
        ({"tiers": [{"above": 5, "search": 1}]}, "price.tiers[0].search is an unknown key"),
        (
            {"tiers": [{"above": 5, "input": 1}, {"above": 5, "input": 2}]},
            "price.tiers[1].above is 5 again; allowed: each",
        ),
        ({"windows": [{"from": "16:30", "input": 1}]}, "price.windows[0].to is missing"),
        (
            {"windows": [{"from": "16:30", "to": "24:00", "input": 1}]},
            "price.windows[0].to is '24:00'; allowed: a time of day",
        ),
        (
            {"windows": [{"from": 990, "to": "00:30", "input": 1}]},
            "price.windows[0].from is 990; allowed: a time of day (UTC) in",
        ),
        ({"windows": [{"from": "4:30", "to": "00:30", "input": 1}]}, "price.windows[0].from is '4:30'"),
        ({"windows": [{"from": "16:30", "to": "00:30"}]}, "price.windows[0] is without any price"),
        (
            {"windows": [{"from": "16:30", "to": "00:30", "days": ["someday"], "input": 1}]},
            "price.windows[0].days[0] is 'someday'",
        ),
        (
            {"windows": [{"from": "16:30", "to": "00:30", "days": [], "input": 1}]},
            "price.windows[0].days is a list of 0",
        ),
        ({"windows": [{"start": "16:30", "to": "00:30", "input": 1}]}, "price.windows[0].start is an unknown key"),
    ],
)
def test_each_fault_is_named(said: dict[str, Any], fault: str) -> None:
    _, faults = decoded(said)
    assert faults
    assert faults[0].startswith(fault)


CONFIG = """
providers: {deepseek: {api_key: sk-canary-0123456789}, local: {kind: vllm, base_url: "http://vllm:8000/v1"}}
catalog:
  - provider: local
    model: own
    price:
      input: 1
      output: 2
      tiers: [{above: 10, input: 5}]
      windows: [{from: "16:30", to: "00:30", output: 1}]
  - {provider: deepseek, model: deepseek-flash, price: {input: 0.1, output: 0.2, service_tiers: {flex: 0.5}}}
"""


def test_the_operator_s_price_goes_before_the_table_s_and_beyond_it(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, "utf-8")
    models = Models(entries_of(load(str(file), {}).catalog))
    own, flash = models.find("vllm", "own", "local"), models.find("deepseek", "deepseek-flash", "deepseek")
    assert cost(Usage(input=10, output=10), own, NOON) == Decimal("0.00003")
    assert cost(Usage(input=11, output=10), own, NOON) == Decimal("0.000075")
    assert cost(Usage(input=10, output=10), own, 17 * 3600.0) == Decimal("0.00002")
    assert cost(Usage(input=10, output=10, tier="flex"), flash, 2 * 3600.0) == Decimal("0.0000015")
    assert cost(Usage(cache_read=1), flash, NOON) is None
    assert estimate(own, 11, 0, NOON) == Decimal("0.000055")


def test_yaml_s_number_for_a_time_is_told(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG.replace('"16:30"', "16:30"), "utf-8")
    with pytest.raises(ConfigError, match=r"catalog\[0\]\.price\.windows\[0\]\.from is 990; .* in quotes"):
        load(str(file), {})


def test_editors_know_the_keys_as_they_are_written() -> None:
    written = msgspec.json.encode(schema()).decode()
    assert '"from"' in written
    assert '"days"' in written
