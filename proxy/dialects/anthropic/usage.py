"""Anthropic's token counts as disjoint buckets, and back.

`input_tokens` leaves out what the cache gave and took; `output_tokens` has the thinking in it. What a compaction step
used is not in the totals and is added. Source: https://docs.claude.com/en/api/messages (usage),
build-with-claude/prompt-caching, build-with-claude/compaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.call import Json, Usage

COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
#: What makes more of the counts than they say themselves.
RARE = frozenset({"output_tokens_details", "iterations"})


def parse_usage(wire: Json) -> Usage | None:
    """The usage of a reply, or of a stream payload (`message_start`, `message_delta`); None when it reports none."""
    usage = wire.get("usage") if type(wire) is dict and "message" not in wire else None
    if type(usage) is dict and RARE.isdisjoint(usage):
        heard, said = usage.get("input_tokens"), usage.get("output_tokens")
        read, written = usage.get("cache_read_input_tokens", 0), usage.get("cache_creation_input_tokens", 0)
        if type(heard) is type(said) is type(read) is type(written) is int and min(heard, said, read, written) >= 0:
            return Usage(input=heard, cache_read=read, cache_write=written, output=said)
    counts = read_counts(wire)
    return usage_of(counts) if counts else None


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """The usage of a stream from `message_start` and `message_delta`, both of which report what there is so far."""
    counts: dict[str, int] = {}
    for payload in payloads:
        merge_counts(counts, payload)
    return usage_of(counts) if counts else None


def merge_counts(counts: dict[str, int], wire: Any) -> dict[str, int]:
    """`counts` with what `wire` reports.

    Counts are cumulative, so the larger is true, and they are merged before thinking is split off.
    """
    for name, value in read_counts(wire).items():
        if value >= counts.get(name, 0):
            counts[name] = value
    return counts


def read_counts(wire: Any) -> dict[str, int]:
    """What one payload reports, by Anthropic's names; {} when it reports nothing."""
    if not isinstance(wire, dict):
        return {}
    message = wire.get("message")
    usage = (message if isinstance(message, dict) else wire).get("usage")
    if not isinstance(usage, dict):
        return {}
    counts: dict[str, int] = {}
    for name in COUNTS:
        if name in usage:
            value = usage[name]
            counts[name] = value if type(value) is int and value > 0 else 0
    details = usage.get("output_tokens_details")
    if isinstance(details, dict) and "thinking_tokens" in details:
        counts["thinking_tokens"] = count(details, "thinking_tokens")
    if usage.get("iterations"):
        add_compactions(counts, usage["iterations"])
    return counts


def add_compactions(counts: dict[str, int], iterations: Any) -> None:
    for iteration in iterations if isinstance(iterations, list) else ():
        if isinstance(iteration, dict) and iteration.get("type") == "compaction":
            for name in COUNTS:
                counts[name] = counts.get(name, 0) + count(iteration, name)


def count(mapping: Json, name: str) -> int:
    value = mapping.get(name)
    return value if type(value) is int and value > 0 else 0


def usage_of(counts: dict[str, int]) -> Usage:
    output = counts.get("output_tokens", 0)
    thinking = min(counts.get("thinking_tokens", 0), output)
    return Usage(
        input=counts.get("input_tokens", 0),
        cache_read=counts.get("cache_read_input_tokens", 0),
        cache_write=counts.get("cache_creation_input_tokens", 0),
        output=output - thinking,
        reasoning=thinking,
    )


def render_usage(usage: Usage) -> Json:
    """Anthropic's usage object. It knows no audio: that is counted with the rest."""
    wire: Json = {
        "input_tokens": usage.input + usage.audio_input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.completion,
    }
    return wire | ({"output_tokens_details": {"thinking_tokens": usage.reasoning}} if usage.reasoning else {})
