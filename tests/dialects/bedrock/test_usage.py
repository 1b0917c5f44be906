"""Token counts in disjoint buckets."""

from typing import Any

import pytest

from proxy.call import Usage
from proxy.dialects.bedrock.usage import gather_usage, parse_usage, render_usage


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"inputTokens": 10, "outputTokens": 4, "totalTokens": 14}, Usage(10, output=4)),
        (
            {"inputTokens": 10, "outputTokens": 4, "totalTokens": 7365, "cacheWriteInputTokens": 7351},
            Usage(10, cache_write=7351, output=4),
        ),
        (
            {"inputTokens": 100, "outputTokens": 4, "totalTokens": 104, "cacheReadInputTokenCount": 60},
            Usage(40, cache_read=60, output=4),
        ),
        ({"inputTokens": 10, "outputTokens": None, "totalTokens": "x"}, Usage(10)),
        ({}, Usage()),
    ],
)
def test_the_buckets_are_disjoint_and_make_the_total(counts: dict[str, Any], usage: Usage) -> None:
    assert parse_usage({"usage": counts}) == usage
    if type(counts.get("totalTokens")) is int:
        assert usage.total == counts["totalTokens"]


@pytest.mark.parametrize("wire", [{}, {"usage": None}, [], "x"])
def test_what_reports_nothing_is_none(wire: Any) -> None:
    assert parse_usage(wire) is None


def test_a_stream_reports_once_and_more_is_never_added_up() -> None:
    report = {"usage": {"inputTokens": 10, "outputTokens": 4, "totalTokens": 14}}
    assert gather_usage([{"role": "assistant"}, report, report]) == Usage(10, output=4)
    assert gather_usage([{}]) is None


def test_an_application_gets_the_same_counts() -> None:
    usage = Usage(input=1, cache_read=2, cache_write=3, output=4, reasoning=5, audio_input=6, audio_output=7)
    wire = render_usage(usage)
    assert wire["totalTokens"] == usage.total == 28
    assert (wire["inputTokens"], wire["outputTokens"]) == (7, 16)
    assert (wire["cacheReadInputTokens"], wire["cacheWriteInputTokens"]) == (2, 3)
