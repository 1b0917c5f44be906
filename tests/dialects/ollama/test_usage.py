"""Counts, durations and moments."""

from typing import Any

import pytest

from proxy.call import Json, Usage
from proxy.dialects.ollama.usage import gather_usage, parse_time, parse_usage, render_time, render_usage


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        ({"prompt_eval_count": 5, "eval_count": 7}, Usage(5, output=7)),
        ({"prompt_eval_count": 40, "prompt_eval_cached_count": 32, "eval_count": 5}, Usage(8, cache_read=32, output=5)),
        ({"prompt_eval_count": 4, "prompt_eval_cached_count": 9, "eval_count": 5}, Usage(0, cache_read=4, output=5)),
        ({"eval_count": 7}, Usage(output=7)),
        ({"prompt_eval_count": "5", "eval_count": -1}, Usage()),
        ({"prompt_eval_count": True}, Usage()),
        ({"done": True}, None),
        ([], None),
    ],
)
def test_buckets_are_disjoint(wire: Any, usage: Usage | None) -> None:
    assert parse_usage(wire) == usage


def test_reports_are_merged_and_never_added() -> None:
    payloads: list[Json] = [{"prompt_eval_count": 5, "eval_count": 1}, {}, {"prompt_eval_count": 5, "eval_count": 7}]
    assert gather_usage(payloads) == Usage(5, output=7)
    assert gather_usage([{}]) is None


def test_a_last_line_has_every_number() -> None:
    usage = Usage(5, cache_read=2, cache_write=1, output=3, reasoning=4)
    assert render_usage(usage, {"total_duration": 9}) == {
        "total_duration": 9,
        "load_duration": 0,
        "prompt_eval_duration": 0,
        "eval_duration": 0,
        "prompt_eval_count": 8,
        "prompt_eval_cached_count": 2,
        "eval_count": 7,
    }
    assert set(render_usage(None, {}).values()) == {0}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-06-05T00:31:49.231470771Z", 1749083509),
        ("2025-06-05T02:31:49+02:00", 1749083509),
        ("1970-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("yesterday", 0),
        (None, 0),
        (3, 0),
    ],
)
def test_moments_are_read(text: Any, seconds: int) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("created", [None, -1, 1 << 80, "x", True, 1.5])
def test_an_impossible_moment_is_the_first(created: Any) -> None:
    assert render_time(created) == "1970-01-01T00:00:00Z"
    assert render_time(1749083509) == "2025-06-05T00:31:49Z"
