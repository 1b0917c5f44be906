"""Token counts, both ways."""

from typing import Any

import pytest

from proxy.call import Json, Usage
from proxy.dialects.cohere.usage import gather_usage, parse_usage, render_usage, unify_usage

WIRE: Json = {
    "billed_units": {"input_tokens": 7, "output_tokens": 90},
    "tokens": {"input_tokens": 510, "output_tokens": 99, "reasoning_tokens": 29},
    "cached_tokens": 144,
}
COUNTS = Usage(366, cache_read=144, output=70, reasoning=29)


def test_the_buckets_are_disjoint_and_what_is_billed_stays_beside() -> None:
    assert parse_usage({"usage": WIRE}) == COUNTS
    assert parse_usage({"type": "message-end", "delta": {"usage": WIRE}}) == COUNTS
    assert COUNTS.total == 609
    unified = unify_usage({"usage": WIRE}, COUNTS)
    assert unified["total_tokens"] == 609
    assert unified["billed_units"] == WIRE["billed_units"]
    assert render_usage(COUNTS, unified) == WIRE


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"billed_units": {"input_tokens": 7, "output_tokens": 9}}, Usage(7, output=9)),
        ({"tokens": {"input_tokens": 7.0, "output_tokens": 9.0}}, Usage(7, output=9)),
        ({"tokens": {"input_tokens": 7}, "cached_tokens": 99}, Usage(0, cache_read=7)),
        ({"tokens": {"input_tokens": -7, "output_tokens": "x"}}, Usage()),
        ({}, None),
        ({"tokens": 5}, None),
        (5, None),
    ],
)
def test_counts(usage: Any, counts: Usage | None) -> None:
    assert parse_usage({"usage": usage}) == counts


def test_the_last_report_counts() -> None:
    later = {"delta": {"usage": {"tokens": {"input_tokens": 1, "output_tokens": 2}}}}
    assert gather_usage([{"usage": WIRE}, later, {"type": "content-end"}]) == Usage(1, output=2)
    assert gather_usage([{}]) is None


def test_all_of_anothers_tokens_are_billed() -> None:
    assert render_usage(Usage(3, output=4), None) == {
        "billed_units": {"input_tokens": 3, "output_tokens": 4},
        "tokens": {"input_tokens": 3, "output_tokens": 4},
    }
