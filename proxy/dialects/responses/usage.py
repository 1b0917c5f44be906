"""Token counts of a response: OpenAI's chat counts by other names.

Source: https://platform.openai.com/docs/api-reference/responses/object (usage).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.openai.reply import parse_usage as parse_unified_usage

NAMES = (
    ("input_tokens", "prompt_tokens"),
    ("output_tokens", "completion_tokens"),
    ("total_tokens", "total_tokens"),
    ("input_tokens_details", "prompt_tokens_details"),
    ("output_tokens_details", "completion_tokens_details"),
)


def parse_usage(wire: Any) -> Usage | None:
    """The usage of a response, or of a stream payload that holds one; None when it reports none."""
    if not isinstance(wire, dict):
        return None
    response = wire.get("response")
    usage = (response if isinstance(response, dict) else wire).get("usage")
    if not isinstance(usage, dict):
        return None
    return parse_unified_usage({"usage": {unified: usage[name] for name, unified in NAMES if name in usage}})


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """Each report is of the whole response: the last of the largest counts."""
    gathered: Usage | None = None
    for payload in payloads:
        usage = parse_usage(payload)
        if usage is not None and (gathered is None or usage.total >= gathered.total):
            gathered = usage
    return gathered


def render_usage(usage: Usage) -> Json:
    """The usage object, with the details that the SDKs rely on. It knows no audio: that is counted with the rest."""
    prompt, completion = usage.prompt, usage.completion
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": prompt + completion,
    }
