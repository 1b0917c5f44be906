"""Token counts in disjoint buckets."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import BUCKETS, Usage
from proxy.dialects.bedrock.usage import CACHED, gather_usage, parse_usage, render_usage


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


KEPT = {
    "inputTokens": 10,
    "outputTokens": 4,
    "totalTokens": 114,
    "cacheWriteInputTokens": 100,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 70}, {"ttl": "5m", "inputTokens": 30}],
}


def test_what_is_kept_for_an_hour_is_told_apart() -> None:
    usage = parse_usage({"usage": KEPT})
    assert usage == Usage(10, cache_write=30, cache_write_1h=70, output=4)
    assert parse_usage({"usage": render_usage(usage)}) == usage
    assert render_usage(usage)["cacheDetails"] == KEPT["cacheDetails"]


@pytest.mark.parametrize(
    "details", [None, 5, [5], [{"ttl": "1h"}], [{"ttl": "1h", "inputTokens": -1}], [{"inputTokens": 9}]]
)
def test_nonsense_about_the_hour_is_none(details: Any) -> None:
    assert parse_usage({"usage": KEPT | {"cacheDetails": details}}) == Usage(10, cache_write=100, output=4)


@pytest.mark.parametrize(
    ("tier", "told"),
    [
        ({"type": "default"}, ""),
        ({"type": "flex"}, "flex"),
        ({"type": "reserved"}, "reserved"),
        ({"type": 5}, ""),
        (5, ""),
    ],
)
def test_the_tier(tier: Any, told: str) -> None:
    assert parse_usage({"usage": {"inputTokens": 1, "outputTokens": 2}, "serviceTier": tier}) == Usage(
        1, output=2, tier=told
    )


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.dictionaries(
        st.sampled_from([*CACHED, "inputTokens", "outputTokens", "totalTokens", "cacheDetails"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=3)
        | st.lists(st.fixed_dictionaries({"inputTokens": st.integers()})),
    )
)
def test_any_report_is_disjoint_counts(counts: dict[str, Any]) -> None:
    usage = parse_usage({"usage": counts})
    assert usage is not None
    assert all(getattr(usage, name) >= 0 for name in BUCKETS)


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
