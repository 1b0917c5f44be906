"""Anthropic's token counts as disjoint buckets, and back.

`input_tokens` leaves out what the cache gave and took; `output_tokens` has the thinking in it. What a compaction step
used is not in the totals and is added. `speed: fast` is paid like a tier of its own. Sources:
https://docs.claude.com/en/api/messages (usage), build-with-claude/prompt-caching, build-with-claude/compaction,
build-with-claude/fast-mode, agents-and-tools/tool-use/web-search-tool (usage and pricing).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.reported import count, inside, tier_of

COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
HOUR, SHORT = "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens"
#: What makes more of the counts than they say themselves.
RARE = frozenset({"output_tokens_details", "iterations", "server_tool_use", "speed"})
#: The tiers that Anthropic has a word for.
TIERS = frozenset({"priority", "batch"})
#: What a payload reports: counts by Anthropic's names, and its tier in words.
Counts = dict[str, Any]


def parse_usage(wire: Json) -> Usage | None:
    """The usage of a reply, or of a stream payload (`message_start`, `message_delta`); None when it reports none."""
    usage = wire.get("usage") if type(wire) is dict and "message" not in wire else None
    if type(usage) is dict and RARE.isdisjoint(usage) and usage.get("service_tier", "standard") == "standard":
        heard, said = usage.get("input_tokens"), usage.get("output_tokens")
        read, written = usage.get("cache_read_input_tokens", 0), usage.get("cache_creation_input_tokens", 0)
        if type(heard) is type(said) is type(read) is type(written) is int and min(heard, said, read, written) >= 0:
            found = Usage(input=heard, cache_read=read, cache_write=written, output=said)
            if written and "cache_creation" in usage:
                split_hour(found, count(inside(usage, "cache_creation"), HOUR))
            return found
    counts = read_counts(wire)
    return usage_of(counts) if counts else None


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """The usage of a stream from `message_start` and `message_delta`, both of which report what there is so far."""
    counts: Counts = {}
    for payload in payloads:
        merge_counts(counts, payload)
    return usage_of(counts) if counts else None


def merge_counts(counts: Counts, wire: Any) -> Counts:
    """`counts` with what `wire` reports.

    Counts are cumulative, so the larger is true, and they are merged before thinking is split off. What `message_start` says of
    an output that has not come yet is no report of it.
    """
    begins = isinstance(wire, dict) and "message" in wire
    for name, value in read_counts(wire).items():
        if name == "tier":
            counts[name] = value or counts.get(name, "")
        elif value >= counts.get(name, 0) and not (begins and name == "output_tokens"):
            counts[name] = value
    return counts


def read_counts(wire: Any) -> Counts:
    """What one payload reports, by Anthropic's names; {} when it reports nothing."""
    if not isinstance(wire, dict):
        return {}
    message = wire.get("message")
    usage = (message if isinstance(message, dict) else wire).get("usage")
    if not isinstance(usage, dict):
        return {}
    counts: Counts = {name: count(usage, name) for name in COUNTS if name in usage}
    for name, at, its in (
        (HOUR, "cache_creation", HOUR),
        ("thinking_tokens", "output_tokens_details", "thinking_tokens"),
        ("searches", "server_tool_use", "web_search_requests"),
    ):
        if at in usage:
            counts[name] = count(inside(usage, at), its)
    if usage.get("iterations"):
        add_compactions(counts, usage["iterations"])
    if tier := tier_in(usage):
        counts["tier"] = tier
    return counts


def tier_in(usage: Json) -> str:
    return tier_of(usage.get("service_tier")) or ("fast" if usage.get("speed") == "fast" else "")


def add_compactions(counts: Counts, iterations: Any) -> None:
    for iteration in iterations if isinstance(iterations, list) else ():
        if isinstance(iteration, dict) and iteration.get("type") == "compaction":
            for name in COUNTS:
                counts[name] = counts.get(name, 0) + count(iteration, name)
            counts[HOUR] = counts.get(HOUR, 0) + count(inside(iteration, "cache_creation"), HOUR)


def usage_of(counts: Counts) -> Usage:
    output = counts.get("output_tokens", 0)
    thinking = min(counts.get("thinking_tokens", 0), output)
    found = Usage(
        input=counts.get("input_tokens", 0),
        cache_read=counts.get("cache_read_input_tokens", 0),
        cache_write=counts.get("cache_creation_input_tokens", 0),
        output=output - thinking,
        reasoning=thinking,
        searches=counts.get("searches", 0),
        tier=counts.get("tier", ""),
    )
    split_hour(found, counts.get(HOUR, 0))
    return found


def split_hour(found: Usage, kept: int) -> None:
    """What was written for an hour is a part of what was written."""
    found.cache_write_1h = min(kept, found.cache_write)
    found.cache_write -= found.cache_write_1h


def render_usage(usage: Usage) -> Json:
    """Anthropic's usage object. It knows neither sounds nor pictures: these are counted with the rest."""
    read, written = usage.cache_read + usage.audio_cache_read, usage.cache_write + usage.cache_write_1h
    wire: Json = {
        "input_tokens": usage.prompt - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.completion,
    }
    if usage.cache_write_1h:
        wire["cache_creation"] = {HOUR: usage.cache_write_1h, SHORT: usage.cache_write}
    if usage.reasoning:
        wire["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    if usage.searches:
        wire["server_tool_use"] = {"web_search_requests": usage.searches, "web_fetch_requests": 0}
    if usage.tier in TIERS:
        wire["service_tier"] = usage.tier
    return wire
