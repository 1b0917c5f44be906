"""Converse's token counts as disjoint buckets, and back.

`inputTokens` leaves out what the cache gave and took; where the total says otherwise, it is believed. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html, userguide/prompt-caching.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.call import Json, Usage

#: What the cache gave and took.
CACHED = frozenset(
    {"cacheReadInputTokens", "cacheReadInputTokenCount", "cacheWriteInputTokens", "cacheWriteInputTokenCount"}
)


def parse_usage(wire: Any) -> Usage | None:
    """The usage of a reply, or of a stream's `metadata`; None when it reports none."""
    counts = wire.get("usage") if type(wire) is dict else None
    if type(counts) is not dict:
        return None
    fresh, output = counts.get("inputTokens"), counts.get("outputTokens")
    fresh = fresh if type(fresh) is int and fresh > 0 else 0
    output = output if type(output) is int and output > 0 else 0
    if CACHED.isdisjoint(counts) or not any(map(counts.get, CACHED)):
        return Usage(fresh, 0, 0, output)
    read = count(counts, "cacheReadInputTokens") or count(counts, "cacheReadInputTokenCount")
    written = count(counts, "cacheWriteInputTokens") or count(counts, "cacheWriteInputTokenCount")
    if count(counts, "totalTokens") == fresh + output and read + written <= fresh:
        fresh -= read + written
    return Usage(fresh, read, written, output)


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """Only `metadata` reports, once."""
    gathered: Usage | None = None
    for payload in payloads:
        usage = parse_usage(payload)
        if usage is not None and gathered is not None:
            gathered.merge(usage)
        else:
            gathered = usage or gathered
    return gathered


def count(mapping: Json, name: str) -> int:
    value = mapping.get(name)
    return value if type(value) is int and value > 0 else 0


def render_usage(usage: Usage) -> Json:
    """Bedrock's usage object. It knows neither thoughts nor sound: these are counted with the rest."""
    prompt, output = usage.input + usage.audio_input, usage.output + usage.reasoning + usage.audio_output
    return {
        "inputTokens": prompt,
        "outputTokens": output,
        "totalTokens": prompt + usage.cache_read + usage.cache_write + output,
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokens": usage.cache_write,
    }
