"""What the mock refuses of a request to the Messages API, and the rest in OpenAI's words, which the mock thinks in.

https://docs.claude.com/en/api/messages. Fields it does not know pass unread; what it cannot see (tools of Anthropic's own, cache
markers) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

import orjson

from proxy.call import Json
from proxy.upstream.mock.checks import NAME, Types, check_types, expect, invalid, one_of, required

FIELDS: Mapping[str, Types] = {
    "model": (str,),
    "messages": (list,),
    "max_tokens": (int,),
    "system": (str, list),
    "stream": (bool,),
    "temperature": (int, float),
    "top_p": (int, float),
    "top_k": (int,),
    "stop_sequences": (list,),
    "tools": (list,),
    "tool_choice": (dict,),
    "thinking": (dict,),
    "output_config": (dict,),
}
BOUNDS: Mapping[str, tuple[float, float]] = {"max_tokens": (1, inf), "temperature": (0, 1), "top_p": (0, 1)}
ROLES = ("user", "assistant")
CHOICES: Mapping[str, str] = {"auto": "auto", "any": "required", "none": "none", "tool": "named"}
#: Block -> the part that the mock counts it as.
ATTACHMENTS: Mapping[str, str] = {"image": "image_url", "document": "file"}


def check_message(request: object) -> Json:
    """Failure("invalid_request") that names the field."""
    return _reduced(request, ("model", "max_tokens", "messages"))


def check_count(request: object) -> Json:
    return _reduced(request, ("model", "messages"))


def _reduced(request: object, needed: tuple[str, ...]) -> Json:
    body = check_types(request, needed, FIELDS, BOUNDS)
    messages = [*_system(body.get("system")), *_messages(body["messages"])]
    tools = [_tool(tool, f"tools[{at}]") for at, tool in enumerate(body.get("tools") or [])]
    stops = [expect(stop, (str,), f"stop_sequences[{at}]") for at, stop in enumerate(body.get("stop_sequences") or [])]
    told = {"model": body["model"], "messages": messages, "tools": tools, "stop": stops}
    told |= {"max_tokens": body.get("max_tokens"), "stream": body.get("stream") is True}
    told |= _choice(body.get("tool_choice"), tools) | _form(body.get("output_config") or {})
    return told | {"thinking": _thinks(body.get("thinking") or {}, body.get("max_tokens"))}


def _system(system: Any) -> list[Json]:
    if not system:
        return []
    return [{"role": "system", "content": _text(system, "system")}]


def _messages(messages: list[Any]) -> Iterator[Json]:
    if not messages:
        raise invalid("at least one message is required", "messages")
    called: set[str] = set()
    for at, message in enumerate(messages):
        where = f"messages[{at}]"
        role = one_of(required(expect(message, (dict,), where), "role", where), ROLES, f"{where}.role")
        content = required(message, "content", where, (str, list))
        if not content and (role == "user" or at < len(messages) - 1):
            raise invalid(
                "all messages must have non-empty content except for the optional final assistant message", where
            )
        if isinstance(content, str):
            yield {"role": role, "content": content}
            continue
        blocks = [_block(block, f"{where}.content[{place}]") for place, block in enumerate(content)]
        results = [_result(block, called, where) for block in blocks if block["type"] == "tool_result"]
        yield from results
        said = _said(role, blocks, called)
        if said["content"] or said.get("tool_calls") or not results:
            yield said


def _block(block: Any, where: str) -> Json:
    kind = required(expect(block, (dict,), where), "type", where, (str,))
    for name in {"text": ("text",), "tool_use": ("id", "name"), "tool_result": ("tool_use_id",)}.get(kind, ()):
        required(block, name, where, (str,))
    found: Json = block
    return found


def _said(role: str, blocks: list[Json], called: set[str]) -> Json:
    parts = [{"type": "text", "text": block["text"]} for block in blocks if block["type"] == "text"]
    parts += [{"type": ATTACHMENTS[block["type"]]} for block in blocks if block["type"] in ATTACHMENTS]
    uses = [block for block in blocks if block["type"] == "tool_use"]
    called |= {use["id"] for use in uses}
    said: Json = {"role": role, "content": parts}
    return said | ({"tool_calls": [_call(use) for use in uses]} if uses else {})


def _call(use: Json) -> Json:
    arguments = orjson.dumps(use.get("input") or {}).decode()
    return {"id": use["id"], "type": "function", "function": {"name": use["name"], "arguments": arguments}}


def _result(block: Json, called: set[str], where: str) -> Json:
    if block["tool_use_id"] not in called:
        raise invalid(f"unexpected `tool_use_id` in a `tool_result`: {block['tool_use_id']}", where)
    content = _text(block.get("content") or "", f"{where}.content")
    return {"role": "tool", "tool_call_id": block["tool_use_id"], "content": content}


def _text(content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    blocks = [_block(block, f"{where}[{at}]") for at, block in enumerate(expect(content, (str, list), where))]
    return " ".join(block["text"] for block in blocks if block["type"] == "text")


def _tool(tool: Any, where: str) -> Json:
    """A tool of Anthropic's own has a type, and is never called."""
    name = required(expect(tool, (dict,), where), "name", where, (str,))
    if not NAME.fullmatch(name):
        raise invalid("a tool's name is 1 to 64 letters, digits, '_' or '-'", f"{where}.name")
    if tool.get("type", "custom") != "custom":
        return {"type": "custom", "custom": {"name": name}}
    schema = required(tool, "input_schema", where, (dict,))
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def _choice(choice: Json | None, tools: list[Json]) -> Json:
    if choice is None:
        return {}
    if not tools:
        raise invalid("allowed only together with `tools`", "tool_choice")
    kind = one_of(required(choice, "type", "tool_choice"), tuple(CHOICES), "tool_choice.type")
    alone = {"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") is True else {}
    if kind != "tool":
        return {"tool_choice": CHOICES[kind], **alone}
    name = required(choice, "name", "tool_choice", (str,))
    if name not in [tool[tool["type"]]["name"] for tool in tools]:
        raise invalid(f"Tool '{name}' not found in provided tools", "tool_choice.name")
    return {"tool_choice": {"type": "function", "function": {"name": name}}, **alone}


def _form(config: Json) -> Json:
    """https://docs.claude.com/en/docs/build-with-claude/structured-outputs"""
    form = config.get("format")
    if form is None:
        return {}
    schema = required(expect(form, (dict,), "output_config.format"), "schema", "output_config.format", (dict,))
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "output", "schema": schema}}}


def _thinks(thinking: Json, limit: int | None) -> bool:
    """https://docs.claude.com/en/docs/build-with-claude/extended-thinking"""
    if not thinking:
        return False
    kind = one_of(required(thinking, "type", "thinking"), ("enabled", "disabled", "adaptive"), "thinking.type")
    if kind == "enabled":
        budget = required(thinking, "budget_tokens", "thinking", (int,))
        if budget < 1024 or (limit is not None and budget >= limit):
            raise invalid("at least 1024, and less than `max_tokens`", "thinking.budget_tokens")
    return kind != "disabled"
