"""A unified request as an OpenAI request, and the names of what could not be said.

The unified form is OpenAI's own, so most fields stay as they are, unknown ones too: the provider owns its own language. What is
said otherwise are our extras, and what is taken out is what other dialects gave the application to carry (docs/unified.md).
Source: https://platform.openai.com/docs/api-reference/chat/create.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from proxy.call import Failure, Json

#: Our own fields. They never reach a provider raw.
EXTRAS = frozenset({"system", "top_k", "stop_sequences", "timeout", "fallbacks", "cache", "reasoning"})
#: Of these, what is for the proxy alone, or is said otherwise.
SAID = frozenset({"system", "stop_sequences", "timeout", "fallbacks", "cache", "reasoning"})

#: What an OpenAI request has no word for: fields, members of messages, of their parts and tool calls, and of tools.
FIELDS = (
    "top_k",
    "cache_control",
    "container",
    "context_management",
    "diagnostics",
    "inference_geo",
    "mcp_servers",
    "speed",
    "user_profile_id",
)
HUB_ONLY = frozenset({"thinking_blocks", "provider_blocks"})
OF_MESSAGES = (*sorted(HUB_ONLY), "reasoning_content", "annotations", "is_error", "cache_control", "toolset_name")
OF_PARTS = ("cache_control", "citations", "context")
OF_CALLS = ("cache_control", "caller", "toolset_name")
OF_TOOLS = ("cache_control", "allowed_callers", "defer_loading", "eager_input_streaming", "input_examples")
#: Tools that run at Anthropic carry a date in their type.
FOREIGN_TOOL = re.compile(r".*_\d{8}|mcp_toolset")

#: Models of OpenAI's that reason. They refuse `max_tokens`, https://platform.openai.com/docs/guides/reasoning.
REASONS = re.compile(r"(?:openai/|ft:)?(?:o[1-9]|gpt-(?:[5-9]|1\d))(?!\d)")


# ---- what may be relayed


def is_plain(unified: Json, body: bytes) -> bool:
    """Whether the caller's own bytes say it OpenAI's way: no shorter spellings, nothing that only the unified form knows.

    What some provider of this dialect has made its own (`reasoning_content`, `cache_control`) is plain: it may be for that one.
    """
    tools = unified.get("tools")
    if tools and any(map(is_short_tool, tools)):
        return False
    if b'"source"' in body and any(map(is_short_image, parts_of(unified))):
        return False
    return b'_blocks"' not in body or all(map(HUB_ONLY.isdisjoint, unified["messages"]))


def is_short_tool(tool: Any) -> bool:
    return isinstance(tool, dict) and "function" not in tool and "name" in tool and "type" not in tool


def is_short_image(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "image" and isinstance(part.get("source"), dict)


def parts_of(unified: Json) -> list[Any]:
    return [
        part
        for message in unified["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
    ]


# ---- what has to be said anew


def render_request(unified: Json, model: str) -> tuple[Json, list[str]]:
    """Unified request -> OpenAI request, and the names of what it cannot say. The argument stays as it is.

    Failure("unsupported_capability") names a part that cannot be left out.
    """
    dropped: list[str] = []
    wire = without(unified, FIELDS, "", dropped)
    wire = {name: value for name, value in wire.items() if name not in SAID}
    wire["model"] = model
    wire["messages"] = render_messages(unified, dropped)
    say_tools(wire, dropped)
    say_stop(wire, unified.get("stop_sequences"))
    say_reasoning(wire, unified.get("reasoning") or {}, dropped)
    say_limit(wire)
    return wire, list(dict.fromkeys(dropped))


def without(mapping: Json, names: tuple[str, ...], prefix: str, dropped: list[str]) -> Json:
    """`mapping` without the named members. Those that say something are noted; null, false and empty ones say nothing."""
    present = [name for name in names if name in mapping]
    if not present:
        return mapping
    dropped += [prefix + name for name in present if mapping[name]]
    return {name: value for name, value in mapping.items() if name not in present}


def render_messages(unified: Json, dropped: list[str]) -> list[Json]:
    messages = [
        render_message(message, f"messages[{index}]", dropped) for index, message in enumerate(unified["messages"])
    ]
    if unified.get("system"):
        messages.insert(0, render_message({"role": "system", "content": unified["system"]}, "system", dropped))
    return messages


def render_message(message: Json, path: str, dropped: list[str]) -> Json:
    said = without(message, OF_MESSAGES, "messages.", dropped)
    content, calls = said.get("content"), said.get("tool_calls")
    if isinstance(content, list):
        parts = [render_part(part, f"{path}.content[{index}]", dropped) for index, part in enumerate(content)]
        said = {**said, "content": parts}
    if calls:
        said = {**said, "tool_calls": [without(call, OF_CALLS, "messages.tool_calls.", dropped) for call in calls]}
    return said


def render_part(part: Json, path: str, dropped: list[str]) -> Json:
    part = without(part, OF_PARTS, "messages.", dropped)
    if not is_short_image(part):
        return part
    image: Json = {"url": url_of(part["source"], f"{path}.source")}
    if part.get("detail") is not None:
        image["detail"] = part["detail"]
    return {"type": "image_url", "image_url": image}


def url_of(source: Json, path: str) -> str:
    """The URL of an image's source; base64 becomes a data: URL (RFC 2397)."""
    if source.get("type") == "url" and isinstance(source.get("url"), str):
        return str(source["url"])
    if (
        source.get("type") == "base64"
        and isinstance(source.get("media_type"), str)
        and isinstance(source.get("data"), str)
    ):
        return f"data:{source['media_type']};base64,{source['data']}"
    raise Failure("unsupported_capability", f"{path} is neither a url nor base64 with a media_type", param=path)


def say_tools(wire: Json, dropped: list[str]) -> None:
    """Tools in OpenAI's form. Without any there is nothing to choose, and OpenAI refuses an empty list."""
    if wire.get("tools") is None:
        return
    said = []
    for index, tool in enumerate(wire["tools"]):
        if FOREIGN_TOOL.fullmatch(str(tool.get("type"))):
            dropped.append(f"tools[{index}]")
        else:
            said.append(render_tool(without(tool, OF_TOOLS, "tools.", dropped)))
    wire["tools"] = said
    if not said:
        if wire.get("tool_choice") not in (None, "auto", "none"):
            dropped.append("tool_choice")
        for name in ("tools", "tool_choice", "parallel_tool_calls"):
            wire.pop(name, None)


def render_tool(tool: Json) -> Json:
    return {"type": "function", "function": tool} if is_short_tool(tool) else tool


def say_stop(wire: Json, sequences: Any) -> None:
    """`stop_sequences` joined to `stop`."""
    if sequences:
        wire["stop"] = list(dict.fromkeys([*as_list(wire.get("stop")), *as_list(sequences)]))


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def say_reasoning(wire: Json, reasoning: Mapping[str, Any], dropped: list[str]) -> None:
    """OpenAI knows an effort and nothing else; `enabled` is said by an effort, or by a model that always reasons."""
    effort = reasoning.get("effort")
    if effort is not None:
        wire["reasoning_effort"] = effort
    implied = effort is not None or (reasoning.get("enabled") is True and REASONS.match(wire["model"]))
    said = {"effort", "enabled"} if implied else {"effort"}
    dropped += [f"reasoning.{name}" for name, value in reasoning.items() if name not in said and value is not None]


def say_limit(wire: Json) -> None:
    """`max_completion_tokens` goes before `max_tokens`, and OpenAI's models that reason know nothing else.

    Others keep what the caller wrote: many compatible servers know only `max_tokens`, and would not see the new name.
    """
    limit = wire.get("max_completion_tokens")
    if limit is None and REASONS.match(wire["model"]) and wire.get("max_tokens") is not None:
        limit = wire["max_completion_tokens"] = wire["max_tokens"]
    if limit is not None:
        wire.pop("max_tokens", None)
