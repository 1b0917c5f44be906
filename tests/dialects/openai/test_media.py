"""What replies about images and audio say of tokens, and what says nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from proxy.call import Usage
from proxy.dialects.openai.media import parse_usage

USAGES: list[tuple[Any, Usage | None]] = [
    ({"input_tokens": 4, "output_tokens": 6, "total_tokens": 10}, Usage(4, output=6)),
    (
        {"input_tokens": 14, "input_token_details": {"text_tokens": 4, "audio_tokens": 10}, "output_tokens": 2},
        Usage(4, audio_input=10, output=2),
    ),
    (
        {"input_tokens": 50, "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}, "output_tokens": 50},
        Usage(10, image_input=40, image_output=50),
    ),
    (
        {
            "input_tokens": 9,
            "input_tokens_details": {},
            "output_tokens": 50,
            "output_tokens_details": {"image_tokens": 40, "text_tokens": 10},
        },
        Usage(9, output=10, image_output=40),
    ),
    ({"input_tokens": 0, "cost_in_usd_ticks": 200000000}, Usage(cost=Decimal("0.02"))),
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
