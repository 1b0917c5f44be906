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
    reported = usage_in(wire)
    if reported is None:
        return None
    counts = reported.get("tokens")
    if not isinstance(counts, dict):
        counts = reported.get("billed_units")
    if not isinstance(counts, dict):
        return None
    prompt, completion = count(counts, "input_tokens"), count(counts, "output_tokens")
    cached = min(count(reported, "cached_tokens"), prompt)
    thought = min(count(counts, "reasoning_tokens"), completion)
    return Usage(prompt - cached, cache_read=cached, output=completion - thought, reasoning=thought)


def usage_in(wire: Any) -> Json | None:
    if not isinstance(wire, dict):
        return None
    delta = wire.get("delta")
    usage = (delta if isinstance(delta, dict) else wire).get("usage") or wire.get("meta")
    return usage if isinstance(usage, dict) else None


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """A stream reports once, at its end."""
    gathered: Usage | None = None
    for payload in payloads:
        usage = parse_usage(payload)
        if usage is not None:
            gathered = usage
    return gathered


def count(mapping: Json, name: str) -> int:
    """A count; the API's own schema calls them numbers, so that `7.0` is one."""
    value = mapping.get(name)
    if type(value) is float and value.is_integer():
        return max(int(value), 0)
    return value if type(value) is int and value > 0 else 0


def unify_usage(wire: Any, usage: Usage) -> Json:
    """The unified usage, with what Cohere bills beside it."""
    billed = (usage_in(wire) or {}).get("billed_units")
    return render_unified_usage(usage) | ({"billed_units": billed} if isinstance(billed, dict) else {})


def render_usage(usage: Usage, unified: Any) -> Json:
    """Cohere's usage object. Of another provider's tokens all are billed. `unified` is the usage as it stands in the hub."""
    tokens: Json = {"input_tokens": usage.prompt, "output_tokens": usage.completion}
    billed = unified.get("billed_units") if isinstance(unified, dict) else None
    wire: Json = {
        "billed_units": billed if isinstance(billed, dict) else dict(tokens),
        "tokens": tokens | ({"reasoning_tokens": usage.reasoning} if usage.reasoning else {}),
    }
    return wire | ({"cached_tokens": usage.cache_read} if usage.cache_read else {})
