"""Values that ask for what any provider does anyway: where they cannot be said, leaving them out changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "metadata": ({},),
    "modalities": (["text"],),
    "parallel_tool_calls": (True,),
    "presence_penalty": (0,),
    "service_tier": ("auto", "default"),
    "stop": ([],),
    "stop_sequences": ([],),
    "store": (False,),
    "top_logprobs": (0,),
}


def is_neutral(name: str, value: Any) -> bool:
    return value is None or value in NEUTRAL.get(name, ())
