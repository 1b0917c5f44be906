"""Recorded answers: what a provider says that it took is what the price comes to, and wins where it says so.

The counts are those of the recordings, in the buckets of `call.Usage`. Where the answer tells its own cost, that is read from the
recording, so that our arithmetic is held against the provider's; elsewhere the sum is reckoned by hand.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from proxy.call import Usage
from proxy.models import Model, Table
from proxy.prices import Price, cost

#: https://docs.x.ai/developers/cost-tracking
TICKS = Decimal(10) ** 10
NOON = 1_795_262_400.0


class Told(NamedTuple):
    """`file` is the recording, `price` as the provider's page had it when the call was made."""

    file: str
    kind: str
    price: str
    used: dict[str, int]


HAIKU = "1,5,0.1,1.25"
GROK = "1.25,2.5,0.2;>200000:2.5,5,0.4"
TOLD = (
    Told(
        "xai/reasoning-fantasy-simple-0",
        "xai",
        "0.2,1.5,0.02",
        {"input": 21, "cache_read": 192, "output": 2, "reasoning": 256},
    ),
    Told(
        "xai/stream-tool-call-ruby_llm-chat-function-calling-xai-grok-4-1-fast-non-0",
        "xai",
        GROK,
        {"input": 161, "cache_read": 128, "output": 8, "reasoning": 163},
    ),
    Told(
        "xai/tool-result-rig-long-history-replay-with-tool-result-continu-0",
        "xai",
        GROK,
        {"input": 231, "cache_read": 128, "output": 21, "reasoning": 189},
    ),
    Told(
        "openrouter/basic-ruby_llm-chat-basic-chat-functionality-openrouter-cla-0",
        "openrouter",
        HAIKU,
        {"input": 32, "output": 284},
    ),
    Told(
        "openrouter/parallel-tools-ruby_llm-chat-function-calling-openrouter-claude-haik-0",
        "openrouter",
        HAIKU,
        {"input": 596, "output": 75},
    ),
    Told(
        "openrouter/stream-tool-call-ruby_llm-chat-openrouter-reasoning-details-round-trip-0",
        "openrouter",
        HAIKU,
        {"input": 626, "output": 52, "reasoning": 54},
    ),
    Told(
        "openrouter/stream-basic-chatlas-test-openrouter-simple-streaming-request-0",
        "openrouter",
        "0.15,0.6,0.075",
        {"input": 27, "output": 1},
    ),
    Told(
        "openrouter/tool-call-fantasy-tool-0",
        "openrouter",
        "0.2,0.5,0.05",
        {"input": 56, "cache_read": 310, "output": 26, "reasoning": 131},
    ),
    Told(
        "vercel-gateway/stream-tool-call-fantasy-tool-streaming-0",
        "openai_compatible",
        "0.3,2.5,0.03",
        {"input": 28, "output": 5, "reasoning": 48},
    ),
)
#: Kind, model of the table, what was used, and what it comes to in millionths of a dollar.
RECKONED: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    # openai-responses/prompt-cache-ruby_llm-chat-web-search: 213 x 1.75 + 4352 x 0.175 + 5 x 14
    ("openai", "gpt-5.2", {"input": 213, "cache_read": 4352, "output": 5, "tier": "default"}, "1204.35"),
    # openai/prompt-cache-openllmetry: 125 x 0.15 + 1024 x 0.075 + 261 x 0.6
    ("openai", "gpt-4o-mini", {"input": 125, "cache_read": 1024, "output": 261, "tier": "default"}, "252.15"),
    # openai-responses/tool-call-dd-trace-py: 159 x 1.25 + (19 + 256) x 10
    ("openai", "gpt-5", {"input": 159, "output": 19, "reasoning": 256, "tier": "auto"}, "2948.75"),
    # anthropic/reasoning-activeagent: 470 x 2 + (111 + 24) x 10
    ("anthropic", "claude-sonnet-5", {"input": 470, "output": 111, "reasoning": 24, "tier": "standard"}, "2290"),
    # anthropic/max-tokens-rig-web-search: 22205 x 5 + 1552 x 25 + 2 x 10000
    ("anthropic", "claude-opus-4-8", {"input": 22205, "output": 1552, "searches": 2, "tier": "standard"}, "169825"),
    # bedrock-converse/prompt-cache-ruby_llm, in the region's price: 10 x 1.1 + 7351 x 1.375 + 4 x 5.5
    (
        "bedrock",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        {"input": 10, "cache_write": 7351, "output": 4},
        "10140.625",
    ),
    # gemini/stream-prompt-cache-rig: 6 x 0.3 + 1081 x 0.03 + 2 x 2.5
    ("gemini", "gemini-2.5-flash", {"input": 6, "cache_read": 1081, "output": 2, "tier": "standard"}, "39.23"),
    # gemini/reasoning-ellmer-google-web-search: 249 x 1.5 + 92 x 0.15 + (10 + 499) x 9
    ("gemini", "gemini-3.5-flash", {"input": 249, "cache_read": 92, "output": 10, "reasoning": 499}, "4968.3"),
    # groq/tool-result-pydantic-ai: 80 x 0.15 + 256 x 0.075 + (37 + 59) x 0.6
    ("groq", "openai/gpt-oss-120b", {"input": 80, "cache_read": 256, "output": 37, "reasoning": 59}, "88.8"),
    # the same in the tier that costs nothing more
    ("groq", "openai/gpt-oss-120b", {"input": 80, "output": 37, "tier": "flex"}, "34.2"),
    # mistral/basic-ruby_llm: 43 x 0.15 + 71 x 0.6
    ("mistral", "mistral-small-latest", {"input": 43, "output": 71, "tier": "standard"}, "49.05"),
    # cohere/max-tokens-rig, the units it bills: 11 x 2.5 + 3 x 10
    ("cohere", "command-a-03-2025", {"input": 11, "output": 3}, "57.5"),
    # voyage/embeddings-openllmetry: 12 x 0.02
    ("voyage", "voyage-3-lite", {"input": 12}, "0.24"),
    # cohere's rerank says its search units: https://docs.cohere.com/docs/how-does-cohere-pricing-work
    ("cohere", "rerank-v3.5", {"searches": 3}, "6000"),
    # azure/tool-call-ruby_llm: 85 x 0.05 + (59 + 64) x 0.4
    ("azure_openai", "gpt-5-nano", {"input": 85, "output": 59, "reasoning": 64, "tier": "default"}, "53.45"),
    # deepseek/stream-parallel-tools-rig, on a Saturday: 20 x 0.15 + 384 x 0.003 + 48 x 0.6
    ("deepseek", "deepseek-v4-flash", {"input": 20, "cache_read": 384, "output": 48}, "32.952"),
)


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.file.rpartition("/")[2][:40])
def test_our_arithmetic_is_the_provider_s(told: Told, recordings: Path) -> None:
    said = cost_told(recordings / f"{told.file}.json")
    assert cost(Usage(**told.used), Model(told.kind, "m", price=Price(told.price, told.kind)), NOON) == said  # type: ignore[arg-type]


def cost_told(file: Path) -> Decimal:
    """The last cost that the answer names, in dollars, as it is written."""
    answer = json.loads(file.read_text("utf-8"), parse_float=Decimal)["response"]
    said = [answer["json"]] if answer.get("json") else parsed(answer["text"])
    found = [usage for each in said if (usage := usage_of(each))]
    (last,) = found[-1:]
    return Decimal(last["cost_in_usd_ticks"]) / TICKS if "cost_in_usd_ticks" in last else Decimal(last["cost"])


def parsed(stream: str) -> list[dict[str, Any]]:
    lines = (line.removeprefix("data:").strip() for line in stream.splitlines())
    return [json.loads(line, parse_float=Decimal) for line in lines if line.startswith("{")]


def usage_of(said: dict[str, Any]) -> dict[str, Any]:
    return said.get("usage") or (said.get("response") or {}).get("usage") or {}


@pytest.mark.parametrize(
    ("kind", "name", "used", "sum"), RECKONED, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_recorded_usage_comes_to_what_it_comes_to(kind: str, name: str, used: dict[str, Any], sum: str) -> None:
    assert cost(Usage(**used), Table().find(kind, name), NOON) == Decimal(sum).scaleb(-6)


def test_what_the_provider_says_wins() -> None:
    # perplexity/citations-prism: half a cent for the request, whatever the table would make of it.
    told = Usage(input=8, output=346, cost=Decimal("0.005"))
    assert cost(told, Table().find("perplexity", "sonar"), NOON) == Decimal("0.005")
    assert cost(told, None, NOON) == Decimal("0.005")
    assert cost(Usage(input=8, cost=Decimal(0)), Table().find("openai", "gpt-5"), NOON) == 0


def test_a_fee_that_depends_on_what_was_searched_is_not_guessed() -> None:
    sonar = Table().find("perplexity", "sonar")
    assert sonar is not None
    assert cost(Usage(input=8, output=346), sonar, NOON) is None
