"""Token counts of a response: OpenAI's chat counts by other names, and what its tools used besides.

Searches are counted by `tool_usage` where it is there, else by the calls among the output. Pictures that a tool has drawn are
counted beside the response's own tokens and are added. Sources:
https://platform.openai.com/docs/api-reference/responses/object (usage, tool_usage, service_tier),
https://platform.openai.com/docs/pricing (web search: a search is charged for, opening a page is not).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage
from proxy.dialects.openai.usage import render_extras
from proxy.dialects.reported import count, inside
from proxy.usage import largest

NAMES: Mapping[str, str] = {
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "input_tokens_details": "prompt_tokens_details",
    "output_tokens_details": "completion_tokens_details",
}


def parse_usage(wire: Any) -> Usage | None:
    """The usage of a response, or of a stream payload that holds one; None when it reports none."""
    if not isinstance(wire, dict):
        return None
    response = wire.get("response")
    if not isinstance(response, dict):
        response = wire
    usage = response.get("usage")
    if not isinstance(usage, dict):
        return None
    counts = {NAMES.get(name, name): value for name, value in usage.items()}
    found = parse_unified_usage({"usage": counts, "service_tier": response.get("service_tier")})
    if found is not None:
        add_tools(found, response)
    return found


def add_tools(found: Usage, response: Json) -> None:
    used = response.get("tool_usage")
    if isinstance(used, dict):
        found.searches = found.searches or count(inside(used, "web_search"), "num_requests")
        drawn = inside(used, "image_gen")
        found.image_input += count(drawn, "input_tokens")
        found.image_output += count(drawn, "output_tokens")
    elif not found.searches:
        output = response.get("output")
        found.searches = sum(map(is_search, output)) if isinstance(output, list) else 0


def is_search(item: Any) -> bool:
    if not isinstance(item, dict) or item.get("type") != "web_search_call":
        return False
    return bool(inside(item, "action").get("type", "search") == "search")


def gather_usage(payloads: Sequence[Json]) -> Usage | None:
    """Each report is of the whole response: the last of the largest counts."""
    return largest(map(parse_usage, payloads))


def render_usage(usage: Usage) -> Json:
    """The usage object, with the details that the SDKs rely on. It knows neither sound nor pictures: these are in the rest."""
    prompt, completion = usage.prompt, usage.completion
    read, written = usage.cache_read + usage.audio_cache_read, usage.cache_write + usage.cache_write_1h
    wire = {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": prompt + completion,
    }
    return wire | render_extras(usage)
