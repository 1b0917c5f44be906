"""OpenAI's token counts as disjoint buckets, and back, with what compatible providers add: costs, searches, tiers.

Cached, written and audio tokens are parts of the prompt, reasoning and audio parts of the completion. Sources:
https://platform.openai.com/docs/api-reference/chat/object (usage, service_tier), and for `cached_tokens_details`
https://platform.openai.com/docs/api-reference/realtime-server-events/response/done;
https://docs.perplexity.ai/api-reference/chat-completions-post (`num_search_queries`),
https://api-docs.deepseek.com/guides/kv_cache (`prompt_cache_hit_tokens`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from proxy.call import Json, Usage
from proxy.dialects.reported import cost_in, count, inside, tier_of
from proxy.usage import largest

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
DETAILS = ("prompt_tokens_details", "completion_tokens_details")


class Part(NamedTuple):
    """A bucket, its names among the details, and those of it that also stand beside the counts."""

    bucket: str
    names: tuple[str, ...]
    beside: tuple[str, ...] = ()


CACHE_READ = ("cached_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens")
CACHE_WRITE = ("cache_write_tokens", "cache_creation_input_tokens", "cache_creation_tokens")
REASONING = ("reasoning_tokens",)
PROMPT_PARTS = (Part("cache_read", CACHE_READ, CACHE_READ), Part("cache_write", CACHE_WRITE, CACHE_WRITE))
#: What needs no look at it: predictions are a part of the completion like any other.
PLAIN = frozenset(
    {
        *("reasoning_tokens", "text_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"),
        *("audio_tokens", "image_tokens"),
    }
)
RARE = ("audio_tokens", "image_tokens")
#: Seen, not read: nobody prices a video otherwise than its pictures.
SEEN = ("image_tokens", "video_tokens")
COMPLETION_PARTS = (
    Part("reasoning", REASONING, REASONING),
    Part("audio_output", ("audio_tokens",)),
    Part("image_output", ("image_tokens",)),
)


def parse_usage(wire: Json) -> Usage | None:
    """Disjoint buckets of a reply or a chunk; None when it reports none.

    Also found in `x_groq.usage`, the details also beside the counts (Together, GitHub Copilot). Details that exceed their whole
    are cut to it, but for reasoning: what is more than the completion stands beside it (Perplexity, Vercel). What the total has
    beyond prompt and completion is reasoning: xAI and Gemini count it beside the completion.
    """
    usage = wire.get("usage")
    if usage is None and isinstance(wire.get("x_groq"), dict):
        usage = wire["x_groq"].get("usage")
    if not isinstance(usage, dict):
        return None
    tier = wire.get("service_tier")
    found = plain(usage)
    if found is None:
        found = split(usage)
        found.searches = searches_in(usage)
        found.cost = cost_in(usage)
        found.tier = tier_of(usage.get("service_tier"))
    if tier is not None and tier != "default":
        found.tier = tier_of(tier) or found.tier
    return found


def plain(usage: Json) -> Usage | None:
    """Two counts that make the total, and nothing else or OpenAI's own details, both there: nothing is read twice, or is odd.

    None where there is more to it.
    """
    prompt, completion, size = usage.get("prompt_tokens"), usage.get("completion_tokens"), len(usage)
    if type(prompt) is not int or type(completion) is not int or usage.get("total_tokens") != prompt + completion:
        return None
    if size == len(COUNTS) and prompt >= 0 and completion >= 0:
        return Usage(prompt, output=completion)
    said, made = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    if size != len(COUNTS) + len(DETAILS) or type(said) is not dict or type(made) is not dict:
        return None
    if prompt >= 0 and completion >= 0 and not any(said.values()) and not any(made.values()):
        return Usage(prompt, output=completion)
    read, thought = said.get("cached_tokens", 0), made.get("reasoning_tokens", 0)
    if type(read) is not int or type(thought) is not int or not (0 <= read <= prompt and 0 <= thought <= completion):
        return None
    # Most have read from the cache or thought, and no more.
    more = sum(map(bool, said.values())) - bool(read) - bool(said.get("text_tokens"))
    if more or not made.keys() <= PLAIN or any(map(made.get, RARE)):
        return None
    return Usage(prompt - read, read, 0, completion - thought, thought)


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """Some servers report on every chunk: the last of the largest totals counts."""
    return largest(map(parse_usage, payloads))


def split(usage: Json) -> Usage:
    found = Usage(count(usage, "prompt_tokens"), output=count(usage, "completion_tokens"))
    beside = max(count(usage, "total_tokens") - found.input - found.output, 0)
    if beside and beside == said_of(usage, {}, PROMPT_PARTS[0]) + said_of(usage, {}, PROMPT_PARTS[1]):
        # The cache stands beside the prompt, as Anthropic has it.
        found.input, beside = found.input + beside, 0
    split_prompt(found, usage)
    made = inside(usage, "completion_tokens_details")
    reasoning = said_of(usage, made, COMPLETION_PARTS[0])
    found.output += beside or (reasoning if reasoning > found.output else 0)
    for part in COMPLETION_PARTS:
        move(found, "output", part.bucket, said_of(usage, made, part))
    if beside > found.reasoning:
        move(found, "output", "reasoning", beside - found.reasoning)
    return found


def split_prompt(found: Usage, usage: Json) -> None:
    said = inside(usage, "prompt_tokens_details")
    for part in PROMPT_PARTS:
        move(found, "input", part.bucket, said_of(usage, said, part))
    move(found, "cache_write", "cache_write_1h", count(inside(usage, "cache_creation"), "ephemeral_1h_input_tokens"))
    kept = inside(said, "cached_tokens_details")
    move(found, "cache_read", "audio_cache_read", count(kept, "audio_tokens"))
    move(found, "input", "audio_input", count(said, "audio_tokens") - found.audio_cache_read)
    seen = sum(count(said, name) for name in SEEN)
    move(found, "input", "image_input", seen - sum(count(kept, name) for name in SEEN))


def said_of(usage: Json, details: Mapping[str, Any], part: Part) -> int:
    """How much a part is; the details are believed before what stands beside the counts."""
    for mapping, names in ((details, part.names), (usage, part.beside)):
        for name in names:
            if said := count(mapping, name):
                return said
    return 0


def move(found: Usage, source: str, bucket: str, said: int) -> None:
    """A part out of the bucket it was counted into, never more than is left in it."""
    if said > 0 and (left := getattr(found, source)):
        part = min(said, left)
        setattr(found, source, left - part)
        setattr(found, bucket, getattr(found, bucket) + part)


def searches_in(usage: Json) -> int:
    """Searches of the web: OpenRouter's and Anthropic's word, Perplexity's, xAI's."""
    tools = inside(usage, "server_side_tool_usage_details")
    return (
        count(inside(usage, "server_tool_use"), "web_search_requests")
        or count(usage, "num_search_queries")
        or count(tools, "web_search_calls") + count(tools, "x_search_calls")
        or count(usage, "num_sources_used")
    )


def render_usage(usage: Usage) -> Json:
    """OpenAI's usage object; what is zero and may be left out is left out."""
    prompt, completion = usage.prompt, usage.completion
    wire: Json = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    if prompt != usage.input:
        wire["prompt_tokens_details"] = render_prompt_parts(usage)
    if completion != usage.output:
        wire["completion_tokens_details"] = named(
            reasoning_tokens=usage.reasoning, audio_tokens=usage.audio_output, image_tokens=usage.image_output
        )
    return wire | render_extras(usage)


def render_extras(usage: Usage) -> Json:
    """What OpenAI has no word for, in those of Anthropic, OpenRouter and Mistral."""
    wire: Json = {}
    if usage.cache_write_1h:
        short, hour = usage.cache_write, usage.cache_write_1h
        wire["cache_creation"] = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": hour}
    if usage.searches:
        wire["server_tool_use"] = {"web_search_requests": usage.searches}
    if usage.cost is not None:
        wire["cost"] = float(usage.cost)
    if usage.tier:
        wire["service_tier"] = usage.tier
    return wire


def render_prompt_parts(usage: Usage) -> Json:
    parts: Json = named(
        cached_tokens=usage.cache_read + usage.audio_cache_read,
        cache_write_tokens=usage.cache_write + usage.cache_write_1h,
        audio_tokens=usage.audio_input + usage.audio_cache_read,
        image_tokens=usage.image_input,
    )
    return parts | (
        {"cached_tokens_details": {"audio_tokens": usage.audio_cache_read}} if usage.audio_cache_read else {}
    )


def named(**counts: int) -> dict[str, Any]:
    return {name: value for name, value in counts.items() if value}
