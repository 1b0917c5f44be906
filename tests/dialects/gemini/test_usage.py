"""Google's counts as disjoint buckets."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import BUCKETS, Json, Usage
from proxy.dialects.gemini.usage import CACHED, COUNTS, PROMPT, SAID, gather_usage, parse_usage, render_usage

USED: Json = {"usageMetadata": {"promptTokenCount": 5}}


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        (
            {
                "promptTokenCount": 100,
                "cachedContentTokenCount": 60,
                "candidatesTokenCount": 7,
                "thoughtsTokenCount": 5,
                "toolUsePromptTokenCount": 3,
            },
            Usage(43, 60, 0, 7, 5),
        ),
        (
            {
                "promptTokenCount": 100,
                "promptTokensDetails": [
                    {"modality": "AUDIO", "tokenCount": 30},
                    {"modality": "TEXT", "tokenCount": 70},
                ],
                "cachedContentTokenCount": 50,
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 10}],
                "candidatesTokenCount": 9,
                "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 8}],
            },
            Usage(30, 40, 0, 1, 0, 20, 8, audio_cache_read=10),
        ),
        (
            {
                "promptTokenCount": 1000,
                "promptTokensDetails": [
                    *(
                        {"modality": name, "tokenCount": 100}
                        for name in ("TEXT", "AUDIO", "VIDEO", "IMAGE", "DOCUMENT")
                    ),
                    {"modality": "IMAGE", "tokenCount": 500},
                ],
                "cachedContentTokenCount": 150,
                "cacheTokensDetails": [
                    {"modality": "VIDEO", "tokenCount": 100},
                    {"modality": "TEXT", "tokenCount": 50},
                ],
                "candidatesTokenCount": 1300,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
                "serviceTier": "flex",
            },
            Usage(150, 150, output=10, audio_input=100, image_input=600, image_output=1290, tier="flex"),
        ),
        ({"thoughtsTokenCount": 4}, Usage(reasoning=4)),
        ({"promptTokenCount": 5, "cachedContentTokenCount": 9, "candidatesTokenCount": -1}, Usage(cache_read=5)),
    ],
)
def test_buckets(counts: Json, usage: Usage) -> None:
    assert parse_usage({"usageMetadata": counts}) == usage
    assert parse_usage({"usageMetadata": render_usage(usage)}) == usage


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ({"trafficType": "ON_DEMAND"}, ""),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({"trafficType": "ON_DEMAND_FLEX"}, "flex"),
        ({"trafficType": "ON_DEMAND_OFFPEAK"}, "offpeak"),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned_throughput"),
        ({"trafficType": "TRAFFIC_TYPE_UNSPECIFIED"}, ""),
        ({"trafficType": 5}, ""),
        ({"serviceTier": "standard"}, ""),
        ({"serviceTier": "priority", "trafficType": "ON_DEMAND"}, "priority"),
        ({"serviceTier": "SERVICE_TIER_FLEX"}, "flex"),
        ({"serviceTier": []}, ""),
    ],
)
def test_the_tier(said: Json, tier: str) -> None:
    counts = {"promptTokenCount": 5, "candidatesTokenCount": 1}
    assert parse_usage({"usageMetadata": counts | said}) == Usage(5, output=1, tier=tier)
    assert parse_usage({"usageMetadata": {"promptTokenCount": 5, "thoughtsTokenCount": 0} | said}) == Usage(
        5, tier=tier
    )


def grounded(*queries: Any) -> Json:
    return {
        "candidates": [{"groundingMetadata": {"webSearchQueries": list(queries)}}],
        "usageMetadata": {"promptTokenCount": 5},
    }


@pytest.mark.parametrize(
    ("wire", "searches"),
    [
        (grounded("a", "b", "", "a", 5) | {"modelVersion": "gemini-3-pro-preview"}, 2),
        (grounded("a", "b") | {"modelVersion": "gemini-2.5-flash"}, 1),
        (grounded("a", "b") | {"modelVersion": "models/gemini-2.0-flash"}, 1),
        (grounded("") | {"modelVersion": "gemini-2.5-flash"}, 0),
        (grounded("a"), 1),
        ({"candidates": [5, {"groundingMetadata": 5}, {"groundingMetadata": {"webSearchQueries": "x"}}], **USED}, 0),
        ({"candidates": 5, **USED}, 0),
    ],
)
def test_searches(wire: Json, searches: int) -> None:
    """By the query, and once for all of a prompt's before Gemini 3."""
    assert parse_usage(wire) == Usage(5, searches=searches)
    assert gather_usage([{"usageMetadata": {"promptTokenCount": 9}}, wire]) == Usage(5, searches=searches)


COUNT = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
DETAIL = st.lists(
    st.fixed_dictionaries({"modality": st.sampled_from(["AUDIO", "IMAGE", "TEXT"]), "tokenCount": COUNT}) | COUNT
)


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.dictionaries(st.sampled_from(sorted(COUNTS)), COUNT),
    st.dictionaries(st.sampled_from([*PROMPT, *SAID, *CACHED, "serviceTier", "trafficType"]), DETAIL | COUNT),
)
def test_any_report_is_disjoint_counts(counts: Json, details: Json) -> None:
    usage = parse_usage({"usageMetadata": counts | details})
    assert usage is None or all(getattr(usage, name) >= 0 for name in BUCKETS)
    if usage is not None and all(type(value) is int and value >= 0 for value in counts.values()):
        parts = COUNTS - {"totalTokenCount", "cachedContentTokenCount"}
        assert usage.total == sum(counts.get(name, 0) for name in parts), "nothing is lost, and nothing counts twice"


@pytest.mark.parametrize("wire", [{}, {"usageMetadata": None}, {"usageMetadata": {"trafficType": "ON_DEMAND"}}, []])
def test_no_report(wire: Json) -> None:
    assert parse_usage(wire) is None


def test_a_later_report_replaces_an_earlier_one_count_by_count() -> None:
    reports: list[Json] = [
        {"usageMetadata": {"promptTokenCount": 145, "totalTokenCount": 145, "thoughtsTokenCount": 2}},
        {"usageMetadata": {"promptTokenCount": 85, "candidatesTokenCount": 15}},
        {"candidates": []},
    ]
    assert gather_usage(reports) == Usage(85, output=15, reasoning=2)
