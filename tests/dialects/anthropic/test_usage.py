"""Token counts: disjoint, cumulative, complete."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import BUCKETS, Json, Usage
from proxy.dialects.anthropic.usage import COUNTS, gather_usage, merge_counts, parse_usage, render_usage, usage_of
from proxy.dialects.anthropic.usage import HOUR as HOUR_NAME

REPORT = {
    "input_tokens": 2,
    "cache_creation_input_tokens": 77,
    "cache_read_input_tokens": 3522,
    "output_tokens": 43,
    "output_tokens_details": {"thinking_tokens": 20},
}


def test_buckets_are_disjoint_and_sum_to_the_total() -> None:
    usage = parse_usage({"usage": REPORT})
    assert usage == Usage(input=2, cache_read=3522, cache_write=77, output=23, reasoning=20)
    assert usage.total == 2 + 77 + 3522 + 43


def test_every_payload_that_reports_is_read() -> None:
    assert parse_usage({"type": "message_start", "message": {"usage": REPORT}}) == parse_usage({"usage": REPORT})
    assert parse_usage({"message": None, "usage": {"input_tokens": 7}}) == Usage(input=7)
    assert parse_usage({"usage": {"input_tokens": -1, "output_tokens": "7", "iterations": 5}}) == Usage()
    assert parse_usage({"type": "message_delta", "usage": {"output_tokens": 7}}) == Usage(output=7)
    assert parse_usage({"type": "ping"}) is parse_usage({"usage": None}) is None


def test_counts_are_cumulative_and_thinking_is_split_off_last() -> None:
    counts = merge_counts({}, {"message": {"usage": {"input_tokens": 600, "output_tokens": 50}}})
    merge_counts(
        counts,
        {"usage": {"input_tokens": 10423, "output_tokens": 60, "output_tokens_details": {"thinking_tokens": 20}}},
    )
    assert usage_of(counts) == Usage(input=10423, output=40, reasoning=20)


def test_a_compaction_is_paid_for_too() -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 100, "output_tokens": 131, "cache_creation_input_tokens": 55096},
        {"type": "message", "input_tokens": 229, "output_tokens": 5},
    ]
    usage = parse_usage({"usage": {"input_tokens": 229, "output_tokens": 5, "iterations": iterations}})
    assert usage == Usage(input=329, cache_write=55096, output=136)


HOUR = {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 70}


@pytest.mark.parametrize("more", [{}, {"output_tokens_details": {"thinking_tokens": 0}}])
def test_what_is_kept_for_an_hour_is_told_apart(more: Json) -> None:
    usage = parse_usage({"usage": REPORT | {"cache_creation": HOUR, "output_tokens_details": None} | more})
    assert usage == Usage(input=2, cache_read=3522, cache_write=7, cache_write_1h=70, output=43)
    assert parse_usage({"usage": render_usage(usage)}) == usage


@pytest.mark.parametrize("wrong", [None, 5, [], {"ephemeral_1h_input_tokens": "70"}, {"ephemeral_1h_input_tokens": -1}])
def test_nonsense_about_the_hour_is_none(wrong: Any) -> None:
    usage = parse_usage(
        {"usage": {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 9, "cache_creation": wrong}}
    )
    assert usage == Usage(1, cache_write=9, output=1)


def test_the_hour_is_a_part_of_what_was_written() -> None:
    counts = {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 9, "cache_creation": HOUR}
    assert parse_usage({"usage": counts}) == Usage(1, cache_write_1h=9, output=1)


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ({"service_tier": "standard"}, ""),
        ({"service_tier": "priority"}, "priority"),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": None}, ""),
        ({"service_tier": ["batch"]}, ""),
        ({"speed": "fast"}, "fast"),
        ({"speed": "standard"}, ""),
    ],
)
def test_the_tier(said: Json, tier: str) -> None:
    counts = {"input_tokens": 1, "output_tokens": 2}
    assert parse_usage({"usage": counts | said}) == Usage(1, output=2, tier=tier)
    start = {"type": "message_start", "message": {"usage": counts | said}}
    assert gather_usage([start, {"type": "message_delta", "usage": {"output_tokens": 2}}]) == Usage(
        1, output=2, tier=tier
    )


def test_searches_are_paid_for_one_by_one() -> None:
    tools = {"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 2}}
    usage = parse_usage({"usage": {"input_tokens": 1, "output_tokens": 2} | tools})
    assert usage == Usage(1, output=2, searches=3)
    assert parse_usage({"usage": render_usage(usage)}) == usage


def test_what_a_stream_says_before_it_has_said_anything_is_no_output() -> None:
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}
    assert gather_usage([start]) == Usage(9)
    assert gather_usage([start, {"usage": {"output_tokens": 30}}]) == Usage(9, output=30)
    assert gather_usage([]) is None


NUMBERS = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats()
REPORTS = st.dictionaries(
    st.sampled_from(
        [*COUNTS, "cache_creation", "output_tokens_details", "server_tool_use", "service_tier", "iterations", "speed"]
    ),
    NUMBERS
    | st.dictionaries(st.sampled_from([HOUR_NAME, "thinking_tokens", "web_search_requests"]), NUMBERS)
    | st.lists(st.dictionaries(st.sampled_from([*COUNTS, "type"]), NUMBERS | st.just("compaction")), max_size=2),
)


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(REPORTS, max_size=3))
def test_any_reports_are_disjoint_counts(reports: list[Json]) -> None:
    found = [parse_usage({"usage": report}) for report in reports]
    found.append(
        gather_usage(
            [{"message": {"usage": reports[0]}}, *({"usage": report} for report in reports)] if reports else []
        )
    )
    for usage in found:
        assert usage is None or (usage.searches >= 0 and all(getattr(usage, name) >= 0 for name in BUCKETS))


def test_usage_is_said_anthropics_way() -> None:
    wire = render_usage(
        Usage(input=2, cache_read=3, cache_write=4, output=5, reasoning=6, audio_input=7, audio_output=8)
    )
    assert wire == {
        "input_tokens": 9,
        "cache_creation_input_tokens": 4,
        "cache_read_input_tokens": 3,
        "output_tokens": 19,
        "output_tokens_details": {"thinking_tokens": 6},
    }
    assert render_usage(Usage(output=5)).keys() == set(COUNTS)
    seen = render_usage(Usage(1, cache_read=2, audio_cache_read=3, image_input=4, image_output=5, tier="flex"))
    assert [seen[name] for name in COUNTS] == [5, 5, 0, 5]
