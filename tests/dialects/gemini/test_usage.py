"""Google's counts as disjoint buckets."""

import pytest

from proxy.call import Json, Usage
from proxy.dialects.gemini.usage import gather_usage, parse_usage, render_usage


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
            Usage(30, 50, 0, 1, 0, 20, 8),
        ),
        ({"thoughtsTokenCount": 4}, Usage(reasoning=4)),
        ({"promptTokenCount": 5, "cachedContentTokenCount": 9, "candidatesTokenCount": -1}, Usage(cache_read=5)),
    ],
)
def test_buckets(counts: Json, usage: Usage) -> None:
    assert parse_usage({"usageMetadata": counts}) == usage
    assert parse_usage({"usageMetadata": render_usage(usage)}) == usage


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
