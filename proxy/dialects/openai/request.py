"""A unified request as an OpenAI request, and the names of what could not be said.

The unified form is OpenAI's own, so most fields stay as they are, unknown ones too: the provider owns its own language. What is
said otherwise are our extras, and what is taken out is what other dialects gave the application to carry (docs/unified.md).
Source: https://platform.openai.com/docs/api-reference/chat/create.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from proxy.call import Json
from proxy.dialects import Rendering
from proxy.dialects.ids import MARK
from proxy.dialects.openai.messages import HUB_ONLY, is_short_image, render_messages, without
from proxy.dialects.parts import effort_of, is_foreign

#: Our own fields. They never reach a provider raw.
EXTRAS = frozenset({"system", "top_k", "stop_sequences", "timeout", "fallbacks", "cache", "reasoning"})
#: Of these, what is for the proxy alone, or is said otherwise.
SAID = frozenset({"system", "stop_sequences", "timeout", "fallbacks", "cache", "reasoning"})

#: What an OpenAI request has no word for, and how it is named: fields, and members of tools.
FIELDS = {name: name for name in ("top_k", "cache_control")}
#: What is looked at when an OpenAI request is made of a unified one; everything else stays.
UNUSUAL = SAID | {*FIELDS, "extra_content", "tools"}
OF_TOOLS = {
    name: f"tools.{name}"
    for name in ("cache_control", "allowed_callers", "defer_loading", "eager_input_streaming", "input_examples")
} | {"responses": ""}
#: Some id of a call holds what only the hub knows.
SIGNED = MARK.encode()
#: Tools that run at Anthropic carry a date in their type.
FOREIGN_TOOL = re.compile(r".*_\d{8}|mcp_toolset")

#: Models of OpenAI's that reason. They refuse `max_tokens`, https://platform.openai.com/docs/guides/reasoning.
REASONS = re.compile(r"(?:openai/|ft:)?(?:o[1-9]|gpt-(?:[5-9]|1\d))(?!\d)")
#: Of these, the ones that can be told not to, and the ones that can be told to do so hardly at all.
CAN_REST = re.compile(r"(?:openai/|ft:)?gpt-(?:5\.[1-9]\d*|[6-9]|1\d)(?!\d)(?!.*(?:chat|codex|pro))")
HARDLY = re.compile(r"(?:openai/|ft:)?gpt-5(?![\d.])(?!.*(?:chat|codex|pro))")


# ---- what may be relayed


def is_plain(unified: Json, body: bytes) -> bool:
    """Whether the caller's own bytes say it OpenAI's way: no shorter spellings, nothing that only the unified form knows.

    What some provider of this dialect has made its own (`reasoning_content`, `cache_control`) is plain: it may be for that one.
    """
    if "tools" not in unified and has_only_texts(unified["messages"]):
        return True
    if SIGNED in body:
        return False
    tools = unified.get("tools")
    if tools and any(map(is_short_tool, tools)):
        return False
    if b'"source"' in body and any(map(is_short_image, parts_of(unified))):
        return False
    return not has_hub_mark(body) or not any(map(is_of_the_hub, carriers(unified)))


def has_only_texts(messages: list[Json]) -> bool:
    """Whether each message has a role and a text and nothing else."""
    # A loop, since a generator is another frame and this is asked of each call.
    for message in messages:  # noqa: SIM110
        if len(message) != 2 or type(message.get("content")) is not str:
            return False
    return True


def has_hub_mark(body: bytes) -> bool:
    """Whether there are bytes that every request has which carries what only the hub knows. In one go, for each is asked."""
    return (
        b'_blocks"' in body
        or b'"responses"' in body
        or b'"tool_plan"' in body
        or b'"images"' in body
        or b'"extra_content"' in body
    )


def is_of_the_hub(carrier: Any) -> bool:
    return isinstance(carrier, dict) and not HUB_ONLY.isdisjoint(carrier)


def carriers(unified: Json) -> Iterator[Any]:
    """Messages, their parts and calls, and tools: what other dialects hang things on."""
    yield from parts_of(unified)
    yield from unified.get("tools") or ()
    for message in unified["messages"]:
        yield message
        yield from message.get("tool_calls") or ()


def is_short_tool(tool: Any) -> bool:
    return isinstance(tool, dict) and "function" not in tool and "name" in tool and "type" not in tool


def parts_of(unified: Json) -> list[Any]:
    return [
        part
        for message in unified["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
    ]


# ---- what has to be said anew


def render_request(unified: Json, model: str) -> Rendering:
    """Unified request -> OpenAI request. The argument stays as it is.

    Failure("unsupported_capability") names a part that cannot be left out.
    """
    dropped: list[str] = []
    translated: list[str] = []
    messages = unified["messages"]
    unusual = UNUSUAL & unified.keys()
    wire = {**(without(unified, FIELDS, dropped) if unusual else unified), "model": model}
    if "system" in unusual or not has_only_texts(messages):
        wire["messages"] = render_messages(unified, dropped, translated)
    if unusual:
        say_unusual(wire, dropped, translated)
    say_limit(wire)
    return Rendering(wire, [*dict.fromkeys(dropped)] if dropped else dropped, translated)


def say_unusual(wire: Json, dropped: list[str], translated: list[str]) -> None:
    said = {name: wire.pop(name) for name in SAID & wire.keys()}
    say_tools(wire, dropped)
    say_stop(wire, said.get("stop_sequences"))
    say_reasoning(wire, said.get("reasoning") or {}, dropped, translated)


def say_tools(wire: Json, dropped: list[str]) -> None:
    """Tools in OpenAI's form. Without any there is nothing to choose, and OpenAI refuses an empty list."""
    if wire.get("tools") is None:
        return
    said = []
    for index, tool in enumerate(wire["tools"]):
        if FOREIGN_TOOL.fullmatch(str(tool.get("type"))) or (is_foreign(tool) and tool["type"] != "custom"):
            dropped.append(f"tools[{index}]")
        else:
            said.append(render_tool(without(tool, OF_TOOLS, dropped)))
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


def say_reasoning(wire: Json, reasoning: Mapping[str, Any], dropped: list[str], translated: list[str]) -> None:
    """OpenAI knows an effort and nothing else. To models that reason a budget is said by one, and `enabled` needs no word."""
    effort, budget = reasoning.get("effort"), reasoning.get("budget_tokens")
    reasons = does_reason(wire["model"])
    said = {"effort"}
    if effort is None and type(budget) is int and reasons and wire.get("reasoning_effort") is None:
        effort = effort_for(budget, wire["model"])
        said.add("budget_tokens")
        translated.append("reasoning.budget_tokens")
    if effort is None and reasoning.get("enabled") is False and CAN_REST.match(wire["model"]):
        effort = "none"
    if effort is not None:
        wire["reasoning_effort"] = effort
    if effort is not None or (reasoning.get("enabled") is True and reasons):
        said.add("enabled")
    dropped += [f"reasoning.{name}" for name, value in reasoning.items() if name not in said and value is not None]


@lru_cache(maxsize=1024)
def does_reason(model: str) -> bool:
    return REASONS.match(model) is not None


def effort_for(budget: int, model: str) -> str:
    """The effort that stands for a budget, the least being what the model knows."""
    effort = effort_of(budget)
    if effort in ("none", "minimal"):
        return "none" if budget <= 0 and CAN_REST.match(model) else "minimal" if HARDLY.match(model) else "low"
    return effort


def say_limit(wire: Json) -> None:
    """`max_completion_tokens` goes before `max_tokens`, and OpenAI's models that reason know nothing else.

    Others keep what the caller wrote: many compatible servers know only `max_tokens`, and would not see the new name.
    """
    limit = wire.get("max_completion_tokens")
    if limit is None and wire.get("max_tokens") is not None and does_reason(wire["model"]):
        limit = wire["max_completion_tokens"] = wire["max_tokens"]
    if limit is not None:
        wire.pop("max_tokens", None)
