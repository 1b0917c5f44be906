"""OpenAI's counts, and those of everyone who speaks like it, in buckets that share nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import BUCKETS, Json, Usage
from proxy.dialects.openai.usage import gather_usage, parse_usage, render_usage
from tests.dialects.openai.recorded import ANYTHING, OBJECTS


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}, Usage(5, output=3)),
        ({"prompt_tokens": 5}, Usage(5)),
        ({}, Usage()),
        (
            {
                "prompt_tokens": 100,
                "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10, "audio_tokens": 5},
                "completion_tokens": 50,
                "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 4},
            },
            Usage(25, 60, 10, 16, 30, 5, 4),
        ),
        # xAI: reasoning stands beside the completion
        (
            {
                "prompt_tokens": 213,
                "completion_tokens": 2,
                "total_tokens": 471,
                "completion_tokens_details": {"reasoning_tokens": 256},
            },
            Usage(213, output=2, reasoning=256),
        ),
        # Gemini: it is not named, only in the total
        ({"prompt_tokens": 66, "completion_tokens": 6, "total_tokens": 100}, Usage(66, output=6, reasoning=28)),
        # Azure: details larger than their whole
        ({"prompt_tokens": 78, "prompt_tokens_details": {"cached_tokens": 158}}, Usage(0, cache_read=78)),
        # Perplexity, Vercel: but more reasoning than completion stands beside it
        (
            {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 48}, "total_tokens": 5},
            Usage(output=5, reasoning=48),
        ),
        (
            {"completion_tokens": 7163, "total_tokens": 7163, "reasoning_tokens": 193632},
            Usage(output=7163, reasoning=193632),
        ),
        # Together, GitHub Copilot: details beside the counts
        ({"prompt_tokens": 9, "cached_tokens": 4, "completion_tokens": 7, "reasoning_tokens": 2}, Usage(5, 4, 0, 5, 2)),
        ({"prompt_tokens": 9, "cached_tokens": 4, "prompt_tokens_details": {"cached_tokens": 1}}, Usage(8, 1)),
        ({"prompt_tokens": -5, "completion_tokens": "7", "total_tokens": 1.5}, Usage()),
        ({"prompt_tokens": True, "prompt_tokens_details": [1], "completion_tokens_details": None}, Usage()),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": "5", "audio_tokens": -1}}, Usage(5)),
    ],
)
def test_the_buckets(counts: Json, usage: Usage) -> None:
    assert parse_usage({"usage": counts}) == usage


@pytest.mark.parametrize(
    "wire", [{}, {"usage": None}, {"usage": 5}, {"usage": []}, {"x_groq": {}}, {"x_groq": 5, "usage": None}]
)
def test_no_report_is_none(wire: Json) -> None:
    assert parse_usage(wire) is None


def test_groq_reports_elsewhere_in_streams() -> None:
    assert parse_usage({"x_groq": {"usage": {"prompt_tokens": 5}}}) == Usage(5)
    assert parse_usage({"usage": {"prompt_tokens": 1}, "x_groq": {"usage": {"prompt_tokens": 5}}}) == Usage(1)


def test_what_is_written_says_only_what_there_is() -> None:
    assert render_usage(Usage(5, output=3)) == {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert render_usage(Usage(25, 60, 10, 16, 30, 5, 4)) == {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10, "audio_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 4},
    }


FEW = settings(max_examples=200, deadline=None, database=None)


@FEW
@given(
    st.builds(
        Usage,
        **dict.fromkeys(BUCKETS, st.integers(0, 10**6)),
        searches=st.integers(0, 99),
        tier=st.sampled_from(["", "flex"]),
    )
)
def test_what_is_written_is_read_back(usage: Usage) -> None:
    assert parse_usage({"usage": render_usage(usage)}) == usage


@FEW
@given(OBJECTS | ANYTHING.map(lambda usage: {"usage": usage}))
def test_any_usage_is_disjoint_counts_or_none(wire: Json) -> None:
    usage = parse_usage(wire)
    assert usage is None or all(getattr(usage, name) >= 0 for name in BUCKETS)


#: What compatible providers add, one row each, as they document or send it.
ADDED: dict[str, tuple[Json, Usage]] = {
    "openai, sound and pictures": (
        {
            "prompt_tokens": 100,
            "prompt_tokens_details": {
                "audio_tokens": 30,
                "image_tokens": 20,
                "cached_tokens": 25,
                "cached_tokens_details": {"audio_tokens": 10, "image_tokens": 5, "text_tokens": 10},
            },
            "completion_tokens": 50,
            "completion_tokens_details": {"audio_tokens": 30, "image_tokens": 4, "accepted_prediction_tokens": 9},
        },
        Usage(40, 15, 0, 16, 0, 20, 30, audio_cache_read=10, image_input=15, image_output=4),
    ),
    "openrouter, a video": (
        {"prompt_tokens": 9, "prompt_tokens_details": {"video_tokens": 7}},
        Usage(2, image_input=7),
    ),
    "deepseek": (
        {"prompt_tokens": 404, "prompt_cache_hit_tokens": 384, "prompt_cache_miss_tokens": 20},
        Usage(20, 384),
    ),
    "databricks, within": (
        {"prompt_tokens": 90, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 9, "total_tokens": 90},
        Usage(31, 50, 9),
    ),
    "databricks, beside": (
        {"prompt_tokens": 31, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 9, "total_tokens": 90},
        Usage(31, 50, 9),
    ),
    "perplexity's agents": (
        {
            "prompt_tokens": 90,
            "prompt_tokens_details": {"cache_read_input_tokens": 50, "cache_creation_input_tokens": 9},
        },
        Usage(31, 50, 9),
    ),
    "doubleword": (
        {"prompt_tokens": 90, "cache_creation_input_tokens": 50, "cache_creation": {"ephemeral_1h_input_tokens": 40}},
        Usage(40, cache_write=10, cache_write_1h=40),
    ),
    "mistral": ({"prompt_tokens": 9, "service_tier": "priority"}, Usage(9, tier="priority")),
    "xai": (
        {"prompt_tokens": 213, "cost_in_usd_ticks": 3950400, "num_sources_used": 3},
        Usage(213, cost=Decimal("0.00039504"), searches=3),
    ),
    "xai, tools": (
        {
            "prompt_tokens": 1,
            "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 3, "mcp_calls": 9},
        },
        Usage(1, searches=5),
    ),
    "openrouter": (
        {"prompt_tokens": 27, "cost": 4.65e-06, "is_byok": False, "cost_details": {"upstream_inference_cost": 9}},
        Usage(27, cost=Decimal("0.00000465")),
    ),
    "openrouter, searching": (
        {"prompt_tokens": 1, "cost": 0, "server_tool_use": {"web_search_requests": 2}},
        Usage(1, cost=Decimal(0), searches=2),
    ),
    "openrouter, with a key of one's own": (
        {"prompt_tokens": 1, "cost": 0.95, "is_byok": True, "cost_details": {"upstream_inference_cost": 19}},
        Usage(1, cost=Decimal("19.95")),
    ),
    "perplexity": (
        {"prompt_tokens": 8, "num_search_queries": 21, "cost": {"request_cost": 0.005, "total_cost": 0.817}},
        Usage(8, cost=Decimal("0.817"), searches=21),
    ),
}


@pytest.mark.parametrize("name", ADDED)
def test_what_providers_add(name: str) -> None:
    counts, usage = ADDED[name]
    assert parse_usage({"usage": counts}) == usage
    assert parse_usage({"usage": render_usage(usage)}) == usage, "an application of another dialect is told of it too"


COSTS: list[Any] = [-0.5, True, "0.1", None, [], {}, 1e7, 10**400, float("nan"), float("inf")]
TICKS: list[Any] = [0, -1, True, "5", 5.0, 10**30, {}]
WORDS: list[Any] = [5, None, [], "x" * 100, "standard", "Default"]
NONSENSE: list[Json] = [
    *({"cost": cost} for cost in COSTS),
    *({"cost": {"total_cost": cost}} for cost in [*COSTS, 0]),
    *({"cost_in_usd_ticks": ticks} for ticks in TICKS),
    *({"num_search_queries": count} for count in (-1, "5", True, 2.5)),
    {"server_tool_use": [], "server_side_tool_usage_details": 5, "cache_creation": 7},
    *({"service_tier": word} for word in WORDS),
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=str)
def test_nonsense_is_no_report(nonsense: Json) -> None:
    assert parse_usage({"usage": {"prompt_tokens": 5, **nonsense}}) == Usage(5)


TIERS: list[tuple[Any, str]] = [
    ("default", ""),
    ("auto", ""),
    ("on_demand", ""),
    ("", ""),
    (None, ""),
    ([], ""),
    ("flex", "flex"),
    ("Scale", "scale"),
]


@pytest.mark.parametrize(("said", "tier"), TIERS)
@pytest.mark.parametrize(
    "counts", [{"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}, {"prompt_tokens": 5}]
)
def test_the_tier_stands_beside_the_usage(said: Any, tier: str, counts: Json) -> None:
    assert parse_usage({"service_tier": said, "usage": counts}) == Usage(5, tier=tier)


def test_a_report_on_every_chunk() -> None:
    untold = {"cost": {"total_cost": 0}}
    chunks: list[Json] = [{"usage": {"prompt_tokens": 8, "completion_tokens": n, **untold}} for n in (1, 5)]
    chunks.append({"usage": {"prompt_tokens": 8, "completion_tokens": 5, "cost": {"total_cost": 0.5}}})
    assert gather_usage(chunks) == Usage(8, output=5, cost=Decimal("0.5"))
    assert gather_usage([{}]) is None
