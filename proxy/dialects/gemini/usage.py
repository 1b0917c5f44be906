"""Google's token counts as disjoint buckets, and back.

The prompt's count has the cached tokens in it, the candidates' leaves the thoughts out, and what tools gave back to the model
is counted by itself, as a part of what went in. Sound and pictures are told from the details; a video is counted as pictures,
for it is priced as they are, and a document as text. Every chunk of a stream reports anew, and a later report replaces an
earlier one, for the first may be larger. Sources: https://ai.google.dev/api/generate-content#UsageMetadata,
https://ai.google.dev/gemini-api/docs/pricing, https://ai.google.dev/gemini-api/docs/google-search (what a search is),
https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse#TrafficType.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.reported import count, inside, tier_of

COUNTS = frozenset(
    {
        *("promptTokenCount", "candidatesTokenCount", "cachedContentTokenCount", "thoughtsTokenCount"),
        *("toolUsePromptTokenCount", "totalTokenCount"),
    }
)
#: Embeddings spell it without the s.
PROMPT, SAID, CACHED = (
    ("promptTokensDetails", "promptTokenDetails"),
    ("candidatesTokensDetails",),
    ("cacheTokensDetails",),
)
#: Modality -> what it counts as; all else is text.
KINDS: Mapping[str, str] = {"AUDIO": "audio", "IMAGE": "image", "VIDEO": "image"}
#: Families whose answers are charged for one search however many there were.
ONE_SEARCH = ("gemini-1", "gemini-2")
#: The tiers that Google has a word for.
TIERS = frozenset({"flex", "priority"})


def parse_usage(wire: Json) -> Usage | None:
    """The usage of a reply or of a chunk; None when it reports none. Some chunks of Vertex name the traffic and nothing else."""
    report = wire.get("usageMetadata") if isinstance(wire, dict) else None
    return usage_of(report, searches_in(wire)) if isinstance(report, dict) else None


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    counts: Json = {}
    searches = 0
    for payload in payloads:
        report = payload.get("usageMetadata") if isinstance(payload, dict) else None
        if isinstance(report, dict):
            counts.update(report)
            searches = max(searches, searches_in(payload))
    return usage_of(counts, searches)


def usage_of(counts: Json, searches: int = 0) -> Usage | None:
    """Disjoint buckets of the last report of each count. Most have nothing to split."""
    prompt, output = counts.get("promptTokenCount"), counts.get("candidatesTokenCount")
    thoughts = counts.get("thoughtsTokenCount", 0)
    if (
        type(prompt) is type(output) is type(thoughts) is int
        and (prompt >= 0 and output >= 0 and thoughts >= 0)
        and not ("cachedContentTokenCount" in counts or "toolUsePromptTokenCount" in counts)
        and is_text(counts.get("promptTokensDetails"))
        and is_text(counts.get("candidatesTokensDetails"))
        and is_text(counts.get("promptTokenDetails"))
    ):
        return Usage(prompt, 0, 0, output, thoughts, searches=searches, tier=tier_in(counts))
    return None if COUNTS.isdisjoint(counts) else split(counts, searches)


def split(counts: Json, searches: int) -> Usage:
    """Parts that exceed their whole are cut to it."""
    prompt, output = count(counts, "promptTokenCount"), count(counts, "candidatesTokenCount")
    heard, kept, said = by_kind(counts, PROMPT), by_kind(counts, CACHED), by_kind(counts, SAID)
    cached = min(count(counts, "cachedContentTokenCount"), prompt)
    kept_audio = min(kept.get("audio", 0), cached)
    left = prompt - cached
    audio = min(max(heard.get("audio", 0) - kept_audio, 0), left)
    image = min(max(heard.get("image", 0) - kept.get("image", 0), 0), left - audio)
    spoken = min(said.get("audio", 0), output)
    drawn = min(said.get("image", 0), output - spoken)
    return Usage(
        input=left - audio - image + count(counts, "toolUsePromptTokenCount"),
        cache_read=cached - kept_audio,
        output=output - spoken - drawn,
        reasoning=count(counts, "thoughtsTokenCount"),
        audio_input=audio,
        audio_output=spoken,
        audio_cache_read=kept_audio,
        image_input=image,
        image_output=drawn,
        searches=searches,
        tier=tier_in(counts),
    )


def is_text(details: Any) -> bool:
    """Whether details tell of nothing but text."""
    if details is None:
        return True
    if type(details) is not list or len(details) != 1 or type(details[0]) is not dict:
        return False
    return bool(details[0].get("modality") == "TEXT")


def by_kind(counts: Json, names: Sequence[str]) -> dict[str, int]:
    """What is not text among the details: tokens of each kind."""
    found: dict[str, int] = {}
    for name in names:
        details = counts.get(name)
        for entry in details if isinstance(details, list) else ():
            kind = KINDS.get(str(entry.get("modality"))) if isinstance(entry, dict) else None
            if kind is not None and (tokens := count(entry, "tokenCount")):
                found[kind] = found.get(kind, 0) + tokens
    return found


def tier_in(counts: Json) -> str:
    """Gemini's own word; Vertex's for paying as one goes is `ON_DEMAND`, with the tier behind it."""
    said = counts.get("serviceTier")
    if isinstance(said, str) and said != "standard":
        return tier_of(said.lower().removeprefix("service_tier_"))
    traffic = counts.get("trafficType")
    if not isinstance(traffic, str) or traffic in ("ON_DEMAND", "TRAFFIC_TYPE_UNSPECIFIED"):
        return ""
    return tier_of(traffic.lower().removeprefix("on_demand_"))


def searches_in(wire: Json) -> int:
    """Searches that are charged for, of a whole reply or of a chunk."""
    candidates = wire.get("candidates")
    grounded = []
    for each in candidates if type(candidates) is list else ():
        if type(each) is dict and "groundingMetadata" in each:
            grounded.append(inside(each, "groundingMetadata"))
    return charged(grounded, wire.get("modelVersion")) if grounded else 0


def charged(grounded: Sequence[Mapping[str, Any]], model: Any) -> int:
    """Queries that were asked, each different one once; empty ones are free."""
    asked: set[str] = set()
    for each in grounded:
        queries = each.get("webSearchQueries")
        asked |= (
            {query for query in queries if isinstance(query, str) and query} if isinstance(queries, list) else set()
        )
    one = isinstance(model, str) and model.rpartition("/")[2].startswith(ONE_SEARCH)
    return min(len(asked), 1) if one else len(asked)


def render_usage(usage: Usage) -> Json:
    """Google's usageMetadata; what is zero and may be left out is left out."""
    prompt, output = usage.prompt, usage.completion - usage.reasoning
    wire: Json = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": output,
        "totalTokenCount": prompt + output + usage.reasoning,
    }
    if cached := usage.cache_read + usage.audio_cache_read:
        wire["cachedContentTokenCount"] = cached
    if usage.reasoning:
        wire["thoughtsTokenCount"] = usage.reasoning
    for name, whole, audio, image in (
        ("cacheTokensDetails", cached, usage.audio_cache_read, 0),
        ("promptTokensDetails", prompt, usage.audio_input + usage.audio_cache_read, usage.image_input),
        ("candidatesTokensDetails", output, usage.audio_output, usage.image_output),
    ):
        if audio or image:
            wire[name] = by_modality(whole - audio - image, audio, image)
    return wire | render_tier(usage.tier)


def render_tier(tier: str) -> Json:
    if tier in TIERS:
        return {"serviceTier": tier}
    return {"trafficType": tier.upper()} if tier == "provisioned_throughput" else {}


def by_modality(text: int, audio: int, image: int) -> list[Json]:
    counted = (("TEXT", text, True), ("AUDIO", audio, False), ("IMAGE", image, False))
    return [{"modality": name, "tokenCount": tokens} for name, tokens, always in counted if tokens or always]
