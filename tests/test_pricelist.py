"""The price list: which models a name means, what is told of each, and who comes first among the cheapest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from proxy.config import Config, entries_of, load
from proxy.models import Models
from proxy.pricelist import Asked, Fault, cheapest, meant, near, price_list

CONFIG = """
providers:
  openai: {api_key: sk-canary-0123456789abcdef}
  claude: {kind: anthropic}
  local: {kind: vllm, base_url: "http://vllm:8000/v1"}
models:
  - {model: fast, targets: [{provider: openai, model: gpt-4o-mini}, {provider: local, model: own}]}
catalog:
  - {provider: local, model: own, capabilities: [chat, tools], price: {input: 0.01, output: 0.01}}
  - {provider: claude, model: claude-opus-4-8, price: {input: 1, output: 1}}
"""
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, "utf-8")
    return load(str(file), {})


def models(config: Config) -> Models:
    return Models(entries_of(config.catalog))


def listed(config: Config, name: str, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = price_list(config, models(config), Asked(NOON, name, **fields))["models"]
    return found


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("gpt-4o", ["openai:gpt-4o"]),
        ("openai:gpt-4o", ["openai:gpt-4o"]),
        ("openai/gpt-4o", ["openai:gpt-4o"]),
        ("claude-haiku-4-5", ["claude:claude-haiku-4-5"]),
        ("fast", ["openai:gpt-4o-mini", "local:own"]),
        ("own", ["local:own"]),
        ("gemini-2.5-pro", ["gemini:gemini-2.5-pro"]),
        ("groq:openai/gpt-oss-120b", ["groq:openai/gpt-oss-120b"]),
        ("claude-3.5-sonnet", ["claude:claude-3.5-sonnet"]),
    ],
)
def test_whom_a_name_means(name: str, places: list[str], config: Config) -> None:
    assert [f"{place.provider}:{place.model.name}" for place in meant(config, models(config), name)] == places


def test_a_name_that_nobody_claims_is_that_of_all_who_have_it(config: Config) -> None:
    found = meant(config, models(config), "openai/gpt-oss-20b")
    assert {place.provider for place in found} >= {"groq"}


def test_what_is_told(config: Config) -> None:
    (found,) = listed(config, "gpt-5", counts={"input": 1000, "cache_read": 200, "output": 100})
    assert (found["provider"], found["model"], found["from"], found["cost"]) == ("openai", "gpt-5", "table", "0.002275")
    assert (found["price"]["input"], found["price"]["search"], found["price"]["audio_input"]) == ("1.25", "0.01", None)
    assert {told["when"] for told in found["conditions"]} == {"flex", "batch", "priority", "fast"}
    (flex,) = (told for told in found["conditions"] if told["when"] == "flex")
    assert flex["price"]["cache_read"] == "0.0625"


def test_the_configuration_goes_first_and_is_named(config: Config) -> None:
    (found,) = listed(config, "claude-opus-4-8", counts={"input": 1_000_000})
    assert (found["from"], found["cost"], found["conditions"]) == ("configuration", "1", [])


def test_hours_lengths_and_days_to_come(config: Config) -> None:
    (flash,) = listed(config, "deepseek-flash")
    peak = {told["when"]: told["price"]["input"] for told in flash["conditions"]}
    assert peak == dict.fromkeys(("01:00-04:00 UTC mon,tue,wed,thu,fri", "06:00-10:00 UTC mon,tue,wed,thu,fri"), "0.3")
    (long,) = listed(config, "claude-haiku-5-5")
    assert {told["when"] for told in long["conditions"]} == {"above 100,000", "batch"}
    (gemini,) = listed(config, "gemini-3.8-flash")
    assert gemini["conditions"][-1]["when"] == "from 2027-01-01"
    assert gemini["conditions"][-1]["price"]["input"] == "1.5"


def test_what_is_not_priced_is_null(config: Config) -> None:
    (found,) = listed(config, "gpt-5", counts={"input": 1}, tier="scale")
    assert (found["price"], found["cost"]) == (None, None)
    (found,) = listed(config, "gpt-5", counts={"audio_input": 1})
    assert found["cost"] is None
    assert found["price"] is not None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gpt4o", r"no model gpt4o is known \(did you mean gpt-4o or"),
        ("openai:gpt-5o", r"openai has no model gpt-5o that is known \(did you mean gpt-5 or"),
        ("fsat", "did you mean fast"),
        ("zzzzzzzzzzzzzz", "no model zzzzzzzzzzzzzz is known$"),
    ],
)
def test_whom_nobody_knows(name: str, words: str, config: Config) -> None:
    with pytest.raises(Fault, match=words):
        listed(config, name)


def ranked(config: Config, **fields: Any) -> list[tuple[str, str]]:
    report = cheapest(config, models(config), Asked(NOON, **fields))
    return [(f"{model['provider']}:{model['model']}", model["cost"]) for model in report["models"]]


def test_the_cheapest_of_those_that_are_on(config: Config) -> None:
    first, *others = ranked(config, limit=500)
    assert first == ("local:own", "0.000015")
    assert {name.partition(":")[0] for name, _ in others} == {"openai"}
    costs = [float(bill) for _, bill in others]
    assert costs == sorted(costs)


def test_the_cheapest_of_a_provider_and_of_a_capability(config: Config) -> None:
    assert [name for name, _ in ranked(config, provider="claude", limit=2)] == [
        "claude:claude-haiku-5-5",
        "claude:claude-3-haiku-20240307",
    ]
    assert (
        ranked(config, provider="anthropic", limit=1, counts={"input": 100_001})[0][0]
        == "anthropic:claude-3-haiku-20240307"
    )
    found = ranked(config, provider="openai", can=("embeddings",), limit=1)
    assert found == [("openai:text-embedding-3-small", "0.00002")]
    assert ranked(config, provider="local", can=("vision",)) == []


def test_where_nobody_with_a_price_is_on_it_is_the_whole_table(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("providers: {mock: {}}", "utf-8")
    assert {name.partition(":")[0] for name, _ in ranked(load(str(file), {}), limit=3000)} > {"openai", "gemini"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"can": ("visoin",)}, r"--capability visoin: there is chat, .*\(did you mean vision\?\)"),
        ({"provider": "opnai"}, r"--provider opnai: there is openai, .*\(did you mean openai"),
    ],
)
def test_what_there_is_not(fields: dict[str, Any], words: str, config: Config) -> None:
    with pytest.raises(Fault, match=words):
        ranked(config, **fields)


def test_nothing_is_near_what_is_far() -> None:
    assert near("gpt", ["zebra"]) == ""
