"""Token counts in disjoint buckets, and back."""

from decimal import Decimal

import pytest

from proxy.call import Json, Usage
from proxy.dialects.responses.usage import gather_usage, parse_usage, render_usage

WIRE: Json = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 150,
}
USAGE = Usage(input=30, cache_read=60, cache_write=10, output=30, reasoning=20)


def test_counts_are_taken_apart_and_put_together() -> None:
    assert parse_usage({"usage": WIRE}) == USAGE
    assert render_usage(USAGE) == WIRE


def test_a_stream_reports_inside_its_response() -> None:
    assert parse_usage({"type": "response.completed", "response": {"usage": WIRE}}) == USAGE
    assert parse_usage({"type": "response.created", "response": {"usage": None}}) is None


@pytest.mark.parametrize("wire", [None, [], {}, {"usage": 3}, {"response": {"usage": []}}])
def test_nothing_is_reported(wire: object) -> None:
    assert parse_usage(wire) is None


def test_reports_are_never_added_up() -> None:
    begun, ended = {"response": {"usage": {"input_tokens": 100}}}, {"response": {"usage": WIRE}}
    assert gather_usage([begun, {}, ended, begun]) == USAGE
    assert gather_usage([{}]) is None


SEARCH: Json = {"type": "web_search_call", "status": "completed"}


@pytest.mark.parametrize(
    ("beside", "usage"),
    [
        ({"service_tier": "default"}, Usage(9)),
        ({"service_tier": "flex"}, Usage(9, tier="flex")),
        ({"tool_usage": {"web_search": {"num_requests": 3}, "image_gen": {"input_tokens": 0}}}, Usage(9, searches=3)),
        (
            {"tool_usage": {"image_gen": {"input_tokens": 40, "output_tokens": 272, "total_tokens": 312}}},
            Usage(9, image_input=40, image_output=272),
        ),
        ({"output": [SEARCH, SEARCH | {"action": {"type": "search"}}, {"type": "message"}]}, Usage(9, searches=2)),
        ({"output": [SEARCH | {"action": {"type": "open_page"}}, SEARCH | {"action": {"type": "find"}}]}, Usage(9)),
        ({"output": [SEARCH], "tool_usage": {"web_search": {"num_requests": 0}}}, Usage(9)),
        ({"output": 5, "tool_usage": None}, Usage(9)),
        ({"tool_usage": {"web_search": {"num_requests": -1}, "image_gen": []}}, Usage(9)),
    ],
)
def test_what_stands_beside_the_usage(beside: Json, usage: Usage) -> None:
    assert parse_usage({"usage": {"input_tokens": 9}, **beside}) == usage
    assert parse_usage({"type": "response.completed", "response": {"usage": {"input_tokens": 9}, **beside}}) == usage


def test_xai_says_what_it_takes() -> None:
    counts = {
        "input_tokens": 289,
        "input_tokens_details": {"cached_tokens": 128},
        "output_tokens": 171,
        "total_tokens": 460,
        "output_tokens_details": {"reasoning_tokens": 163},
        "num_sources_used": 0,
        "cost_in_usd_ticks": 6543500,
    }
    usage = parse_usage({"usage": counts})
    assert usage == Usage(161, 128, output=8, reasoning=163, cost=Decimal("0.00065435"))
    assert parse_usage({"usage": render_usage(usage)}) == usage


def test_what_openai_has_no_word_for_is_said_in_those_of_others() -> None:
    usage = Usage(1, cache_write=2, cache_write_1h=3, output=4, searches=5, tier="batch", cost=Decimal("0.5"))
    assert parse_usage({"usage": render_usage(usage)}) == usage


def test_audio_is_counted_with_the_rest() -> None:
    said = render_usage(Usage(input=1, audio_input=2, output=3, audio_output=4))
    assert (said["input_tokens"], said["output_tokens"], said["total_tokens"]) == (3, 7, 10)
