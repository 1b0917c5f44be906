"""Cohere's token counts as disjoint buckets, and back.

`tokens` is what the model read and wrote, thoughts and what came from the cache included; `billed_units` is what is
charged, which leaves out what Cohere itself put around the prompt. The counts are taken from `tokens`; what is billed is
carried beside them as it is. Source: https://docs.cohere.com/v2/reference/chat (usage).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.openai.reply import render_usage as render_unified_usage


def parse_usage(wire: Any) -> Usage | None:
    """The usage of a reply, of a stream's `message-end`, or of what an embedding says in `meta`; None when it reports none."""
    reported = wire.get("usage") if type(wire) is dict and "delta" not in wire else None
    if type(reported) is not dict or not reported:
        reported = usage_in(wire)
    if reported is None:
        return None
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


def unify_usage(wire: Any, usage: Usage) -> Json:
    """The unified usage, with what Cohere bills beside it."""
    unified = render_unified_usage(usage)
    reported = usage_in(wire)
    billed = reported.get("billed_units") if reported else None
    if type(billed) is dict:
        unified["billed_units"] = billed
    return unified


def render_usage(usage: Usage, unified: Any) -> Json:
    """Cohere's usage object. Of another provider's tokens all are billed. `unified` is the usage as it stands in the hub."""
    tokens: Json = {"input_tokens": usage.prompt, "output_tokens": usage.completion}
    billed = unified.get("billed_units") if type(unified) is dict else None
    wire: Json = {"billed_units": billed if type(billed) is dict else tokens.copy(), "tokens": tokens}
    if usage.reasoning:
        tokens["reasoning_tokens"] = usage.reasoning
    if usage.cache_read:
        wire["cached_tokens"] = usage.cache_read
    return wire
