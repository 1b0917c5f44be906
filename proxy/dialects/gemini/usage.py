"""Google's token counts as disjoint buckets, and back.

The prompt's count has the cached tokens in it, the candidates' leaves the thoughts out, and what tools gave back to the model
is counted by itself, as a part of what went in. Sound is told from the details. Every chunk of a stream reports anew, and a
later report replaces an earlier one, for the first may be larger. Source:
https://ai.google.dev/api/generate-content#UsageMetadata.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.call import Json, Usage

COUNTS = frozenset(
    {
        *("promptTokenCount", "candidatesTokenCount", "cachedContentTokenCount", "thoughtsTokenCount"),
        *("toolUsePromptTokenCount", "totalTokenCount"),
    }
)


def parse_usage(wire: Json) -> Usage | None:
    """The usage of a reply or of a chunk; None when it reports none. Some chunks of Vertex name the traffic and nothing else."""
    report = wire.get("usageMetadata") if isinstance(wire, dict) else None
    return usage_of(report) if isinstance(report, dict) else None


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    counts: Json = {}
    for payload in payloads:
        report = payload.get("usageMetadata") if isinstance(payload, dict) else None
        if isinstance(report, dict):
            counts.update(report)
    return usage_of(counts)


def usage_of(counts: Json) -> Usage | None:
    """Disjoint buckets of the last report of each count. Most have nothing to split."""
    prompt, output = counts.get("promptTokenCount"), counts.get("candidatesTokenCount")
    thoughts = counts.get("thoughtsTokenCount", 0)
    if (
        type(prompt) is type(output) is type(thoughts) is int
        and (prompt >= 0 and output >= 0 and thoughts >= 0)
        and not ("cachedContentTokenCount" in counts or "toolUsePromptTokenCount" in counts)
        and not ("promptTokensDetails" in counts and sound(counts, "promptTokensDetails"))
        and not ("candidatesTokensDetails" in counts and sound(counts, "candidatesTokensDetails"))
    ):
        return Usage(prompt, 0, 0, output, thoughts)
    return None if COUNTS.isdisjoint(counts) else split(counts)


def split(counts: Json) -> Usage:
    """Parts that exceed their whole are cut to it."""
    prompt, output = count(counts, "promptTokenCount"), count(counts, "candidatesTokenCount")
    cached = min(count(counts, "cachedContentTokenCount"), prompt)
    heard = max(sound(counts, "promptTokensDetails") - sound(counts, "cacheTokensDetails"), 0)
    heard = min(heard, prompt - cached)
    spoken = min(sound(counts, "candidatesTokensDetails"), output)
    return Usage(
        input=prompt - cached - heard + count(counts, "toolUsePromptTokenCount"),
        cache_read=cached,
        output=output - spoken,
        reasoning=count(counts, "thoughtsTokenCount"),
        audio_input=heard,
        audio_output=spoken,
    )


def sound(counts: Json, name: str) -> int:
    details = counts.get(name)
    heard = 0
    for entry in details if isinstance(details, list) else ():
        if isinstance(entry, dict) and entry.get("modality") == "AUDIO":
            heard += count(entry, "tokenCount")
    return heard


def count(mapping: Json, name: str) -> int:
    value: Any = mapping.get(name)
    return value if type(value) is int and value > 0 else 0


def render_usage(usage: Usage) -> Json:
    """Google's usageMetadata; what is zero and may be left out is left out."""
    prompt, output = usage.prompt, usage.output + usage.audio_output
    wire: Json = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": output,
        "totalTokenCount": prompt + output + usage.reasoning,
    }
    if usage.cache_read:
        wire["cachedContentTokenCount"] = usage.cache_read
    if usage.reasoning:
        wire["thoughtsTokenCount"] = usage.reasoning
    if usage.audio_input:
        wire["promptTokensDetails"] = by_modality(prompt - usage.audio_input, usage.audio_input)
    if usage.audio_output:
        wire["candidatesTokensDetails"] = by_modality(usage.output, usage.audio_output)
    return wire


def by_modality(text: int, audio: int) -> list[Json]:
    return [{"modality": "TEXT", "tokenCount": text}, {"modality": "AUDIO", "tokenCount": audio}]
