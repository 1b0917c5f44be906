"""What replies about images and audio say of tokens, and what says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Usage
from proxy.dialects.openai.media import count, parse_usage

USAGES: list[tuple[Any, Usage | None]] = [
    ({"input_tokens": 4, "output_tokens": 6, "total_tokens": 10}, Usage(4, output=6)),
    (
        {"input_tokens": 14, "input_token_details": {"text_tokens": 4, "audio_tokens": 10}, "output_tokens": 2},
        Usage(4, audio_input=10, output=2),
    ),
    (
        {"input_tokens": 50, "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}, "output_tokens": 50},
        Usage(50, output=50),
    ),
    ({"input_tokens": 4, "input_token_details": {"audio_tokens": 9}}, Usage(0, audio_input=4)),
    ({"input_tokens": 4, "input_token_details": None, "output_tokens": None}, Usage(4)),
    ({"input_tokens": "4", "output_tokens": -1}, Usage()),
    ({"type": "duration", "seconds": 12}, None),
    ({}, None),
    (None, None),
    ("many", None),
]


@pytest.mark.parametrize(("usage", "counted"), USAGES)
def test_usage_in_disjoint_buckets(usage: Any, counted: Usage | None) -> None:
    assert parse_usage({"usage": usage}) == counted


def test_a_reply_without_usage_says_none() -> None:
    assert parse_usage({"text": "hello"}) is None


@pytest.mark.parametrize(("value", "counted"), [(3, 3), (0, 0), (-1, 0), (True, 0), (1.5, 0), ("1", 0), (None, 0)])
def test_only_whole_numbers_are_counts(value: Any, counted: int) -> None:
    assert count(value) == counted
