"""Cohere's token counts as disjoint buckets, and back.

`tokens` is what the model read and wrote, thoughts and what came from the cache included; `billed_units` is what is charged,
which leaves out what Cohere itself put around the prompt. What is counted is what is billed: of that nobody says what came from
the cache. An application is told of `tokens`, with what is billed beside them. Where nothing is said of bills, tokens count.
Sources: https://docs.cohere.com/v2/reference/chat (usage), https://docs.cohere.com/v2/docs/how-does-cohere-pricing-work,
https://docs.cohere.com/v2/reference/embed (billed_units).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.openai.usage import render_usage as render_unified_usage

#: What may be billed, besides sorting texts into classes.
BILLED = frozenset({"input_tokens", "output_tokens", "image_tokens", "search_units"})
OF_TEXT = frozenset({"input_tokens", "output_tokens"})


def parse_usage(wire: Any) -> Usage | None:
    """What is billed for a reply, for a stream's `message-end`, or for an embedding (`meta`); None when it reports nothing."""
    reported = usage_in(wire)
    if reported is None:
        return None
    billed = reported.get("billed_units")
    if type(billed) is not dict or BILLED.isdisjoint(billed):
        return tokens_in(reported)
    read, written = count(billed.get("input_tokens")), count(billed.get("output_tokens"))
    tokens = reported.get("tokens")
    thought = tokens.get("reasoning_tokens") if type(tokens) is dict else None
    if not thought and billed.keys() == OF_TEXT:
        return Usage(read, output=written)
    thought = min(count(thought), written)
    seen, searches = count(billed.get("image_tokens")), count(billed.get("search_units"))
    return Usage(read, output=written - thought, reasoning=thought, image_input=seen, searches=searches)


def tokens_in(reported: Json) -> Usage | None:
    """What the model read and wrote; what is billed where that is not said."""
    counts = reported.get("tokens")
    if type(counts) is not dict:
        counts = reported.get("billed_units")
    if type(counts) is not dict:
        return None
    prompt, completion = counts.get("input_tokens"), counts.get("output_tokens")
    if type(prompt) is not int or prompt < 0:
        prompt = count(prompt)
    if type(completion) is not int or completion < 0:
        completion = count(completion)
    cached, thought = reported.get("cached_tokens"), counts.get("reasoning_tokens")
    if not cached and not thought:
        return Usage(prompt, output=completion)
    cached, thought = min(count(cached), prompt), min(count(thought), completion)
    return Usage(prompt - cached, cache_read=cached, output=completion - thought, reasoning=thought)


def usage_in(wire: Any) -> Json | None:
    if type(wire) is not dict:
        return None
    delta = wire.get("delta")
    usage = (delta if type(delta) is dict else wire).get("usage") or wire.get("meta")
    return usage if type(usage) is dict else None


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """A stream reports once, at its end."""
    gathered: Usage | None = None
    for payload in payloads:
        usage = parse_usage(payload)
        if usage is not None:
            gathered = usage
    return gathered


def count(value: Any) -> int:
    """A count; the API's own schema calls them numbers, so that `7.0` is one."""
    if type(value) is float and value.is_integer():
        return max(int(value), 0)
    return value if type(value) is int and value > 0 else 0


def unify_usage(wire: Any) -> Json | None:
    """The unified usage, with what Cohere bills beside it; None when it reports none."""
    reported = usage_in(wire)
    usage = None if reported is None else tokens_in(reported)
    if reported is None or usage is None:
        return None
    unified = render_unified_usage(usage)
    billed = reported.get("billed_units")
    if type(billed) is dict:
        unified["billed_units"] = billed
    return unified


def render_usage(usage: Usage, unified: Any) -> Json:
    """Cohere's usage object. Of another provider's tokens all are billed. `unified` is the usage as it stands in the hub."""
    tokens: Json = {"input_tokens": usage.prompt, "output_tokens": usage.completion}
    billed = unified.get("billed_units") if isinstance(unified, Mapping) else None
    wire: Json = {"billed_units": billed if type(billed) is dict else tokens.copy(), "tokens": tokens}
    if usage.reasoning:
        tokens["reasoning_tokens"] = usage.reasoning
    if cached := usage.cache_read + usage.audio_cache_read:
        wire["cached_tokens"] = cached
    return wire
