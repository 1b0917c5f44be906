"""Token counts, both ways."""

from typing import Any

import pytest

from proxy.call import Json, Usage
from proxy.dialects.cohere.usage import gather_usage, parse_usage, render_usage, unify_usage
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage

WIRE: Json = {
    "billed_units": {"input_tokens": 7, "output_tokens": 90},
    "tokens": {"input_tokens": 510, "output_tokens": 99, "reasoning_tokens": 29},
    "cached_tokens": 144,
}
COUNTS = Usage(366, cache_read=144, output=70, reasoning=29)
BILLED = Usage(7, output=61, reasoning=29)


def test_what_is_billed_counts_and_an_application_is_told_of_the_tokens() -> None:
    assert parse_usage({"usage": WIRE}) == BILLED
    assert parse_usage({"type": "message-end", "delta": {"usage": WIRE}}) == BILLED
    unified = unify_usage({"usage": WIRE})
    assert unified is not None
    assert parse_unified_usage({"usage": unified}) == COUNTS
    assert unified["total_tokens"] == COUNTS.total == 609
    assert unified["billed_units"] == WIRE["billed_units"]
    assert render_usage(COUNTS, unified) == WIRE


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"billed_units": {"input_tokens": 7, "output_tokens": 9}}, Usage(7, output=9)),
        ({"tokens": {"input_tokens": 7.0, "output_tokens": 9.0}}, Usage(7, output=9)),
        ({"billed_units": {"images": 1}, "tokens": {"input_tokens": 3}}, Usage(3)),
        ({"billed_units": {"output_tokens": 2}, "tokens": {"reasoning_tokens": 5}}, Usage(reasoning=2)),
        ({"billed_units": {"input_tokens": True, "output_tokens": -1}, "tokens": 5}, Usage()),
        ({"tokens": {"input_tokens": 7}, "cached_tokens": 99}, Usage(0, cache_read=7)),
        ({"tokens": {"input_tokens": -7, "output_tokens": "x"}}, Usage()),
        ({}, None),
        ({"tokens": 5}, None),
        (5, None),
    ],
)
def test_counts(usage: Any, counts: Usage | None) -> None:
    assert parse_usage({"usage": usage}) == counts


def test_embeddings_and_searches_are_billed_in_units_of_their_own() -> None:
    assert parse_usage({"meta": {"billed_units": {"input_tokens": 5, "image_tokens": 280}}}) == Usage(
        5, image_input=280
    )
    assert parse_usage({"meta": {"billed_units": {"search_units": 2}}}) == Usage(searches=2)
    assert parse_usage({"meta": {"api_version": {"version": "2"}}}) is None


def test_the_last_report_counts() -> None:
    later = {"delta": {"usage": {"tokens": {"input_tokens": 1, "output_tokens": 2}}}}
    assert gather_usage([{"usage": WIRE}, later, {"type": "content-end"}]) == Usage(1, output=2)
    assert gather_usage([{}]) is None


def test_all_of_anothers_tokens_are_billed() -> None:
    assert render_usage(Usage(3, output=4), None) == {
        "billed_units": {"input_tokens": 3, "output_tokens": 4},
        "tokens": {"input_tokens": 3, "output_tokens": 4},
    }
