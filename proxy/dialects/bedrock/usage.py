"""Converse's token counts as disjoint buckets, and back.

`inputTokens` leaves out what the cache gave and took; where the total says otherwise, it is believed. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html, API_runtime_CacheDetail,
API_runtime_ServiceTier, userguide/prompt-caching.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.reported import count, inside, tier_of

#: What the cache gave and took.
CACHED = frozenset(
    {"cacheReadInputTokens", "cacheReadInputTokenCount", "cacheWriteInputTokens", "cacheWriteInputTokenCount"}
)


def parse_usage(wire: Any) -> Usage | None:
    """The usage of a reply, or of a stream's `metadata`; None when it reports none."""
    counts = wire.get("usage") if type(wire) is dict else None
    if type(counts) is not dict:
        return None
    tier = tier_of(inside(wire, "serviceTier").get("type")) if "serviceTier" in wire else ""
    fresh, output = counts.get("inputTokens"), counts.get("outputTokens")
    fresh = fresh if type(fresh) is int and fresh > 0 else 0
    output = output if type(output) is int and output > 0 else 0
    if CACHED.isdisjoint(counts) or not any(map(counts.get, CACHED)):
        return Usage(fresh, 0, 0, output, tier=tier)
    read = count(counts, "cacheReadInputTokens") or count(counts, "cacheReadInputTokenCount")
    written = count(counts, "cacheWriteInputTokens") or count(counts, "cacheWriteInputTokenCount")
    if count(counts, "totalTokens") == fresh + output and read + written <= fresh:
        fresh -= read + written
    kept = min(kept_for_an_hour(counts), written)
    return Usage(fresh, read, written - kept, output, cache_write_1h=kept, tier=tier)


def kept_for_an_hour(counts: Json) -> int:
    details = counts.get("cacheDetails")
    entries = details if isinstance(details, list) else ()
    return sum(count(each, "inputTokens") for each in entries if isinstance(each, dict) and each.get("ttl") == "1h")


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


def render_usage(usage: Usage) -> Json:
    """Bedrock's usage object. It knows neither thoughts nor sound nor pictures: these are counted with the rest."""
    read, written = usage.cache_read + usage.audio_cache_read, usage.cache_write + usage.cache_write_1h
    wire: Json = {
        "inputTokens": usage.prompt - read - written,
        "outputTokens": usage.completion,
        "totalTokens": usage.total,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
    }
    if usage.cache_write_1h:
        kept = (("1h", usage.cache_write_1h), ("5m", usage.cache_write))
        wire["cacheDetails"] = [{"ttl": ttl, "inputTokens": tokens} for ttl, tokens in kept if tokens]
    return wire
