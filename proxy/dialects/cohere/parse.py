"""A chat request, as an app on Cohere's own SDK sends it, in the unified form.

Lossless for what the unified form can hold. Parts without a unified word are carried as they are in `provider_blocks`,
members of the request under their own name, so that every other target names them as dropped and Cohere gets them back.
Source: https://docs.cohere.com/v2/reference/chat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.cohere.checks import check_members, check_messages, check_schemas
from proxy.dialects.cohere.citations import NAME, annotate
from proxy.dialects.cohere.parts import parse_block
from proxy.dialects.cohere.thinking import parse_thinking
from proxy.dialects.cohere.tools import parse_tools
from proxy.dialects.parts import parse_arguments
from proxy.dialects.shape import asked, wrong

#: Members of the wire request that are said anew; every other keeps its name and value.
SAID = frozenset({"messages", "tools", "strict_tools", "tool_choice", "response_format", "thinking", "p", "k"})
#: Roles of whose messages only the content is read.
PROMPTS = ("user", "system")


def parse_request(wire: Json) -> Json:
    """Chat request -> unified request. Failure("invalid_request") names the member that is wrong."""
    if type(wire) is not dict:
        asked(wire, dict, "body")
    check_members(wire)
    said = SAID.intersection(wire)
    unified = wire.copy()
    for name in said:
        del unified[name]
    messages = unified["messages"] = parse_messages(wire)
    if len(said) == 1:
        check_messages(messages)
        return unified
    unified |= parse_samplers(wire) | parse_tools(wire) | parse_thinking(wire) | parse_format(wire)
    check_messages(messages)
    check_schemas(unified)
    return unified


def parse_samplers(wire: Json) -> Json:
    """A `k` of 0 is the same as none."""
    unified: Json = {}
    if wire.get("p") is not None:
        unified["top_p"] = wire["p"]
    if wire.get("k"):
        unified["top_k"] = wire["k"]
    return unified


def parse_format(wire: Json) -> Json:
    """OpenAI wants a name for a schema: its title, or `response`. `schema` is what `json_schema` was called before."""
    if wire.get("response_format") is None:
        return {}
    form = asked(wire["response_format"], dict, "response_format")
    kind = asked(form.get("type"), str, "response_format.type")
    if kind not in ("text", "json_object"):
        raise wrong("response_format.type", "must be text or json_object")
    name = "json_schema" if form.get("json_schema") is not None else "schema"
    if kind == "text" or form.get(name) is None:
        return {"response_format": {"type": kind}}
    schema = asked(form[name], dict, f"response_format.{name}")
    title = schema.get("title")
    called = title if isinstance(title, str) and title else "response"
    said = {"name": called, "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": said}}


def parse_messages(wire: Json) -> list[Json]:
    messages: Any = wire.get("messages")
    if type(messages) is not list:
        asked(messages, list, "messages")
    said: list[Json] = []
    for index, message in enumerate(messages):
        if type(message) is dict and type(content := message.get("content")) is str:
            # Most messages are a role and a string of words.
            role = message.get("role")
            if role in PROMPTS or (role == "assistant" and len(message) == 2):
                said.append({"role": role, "content": content})
                continue
        said.append(parse_message(message, f"messages[{index}]"))
    return said


def parse_message(message: Any, path: str) -> Json:
    role = asked(asked(message, dict, path).get("role"), str, f"{path}.role")
    parse = ROLES.get(role)
    if parse is None:
        raise wrong(f"{path}.role", f"must be one of {', '.join(ROLES)}")
    return {"role": role, **parse(message, path)}


def parse_prompt(message: Json, path: str) -> Json:
    return parse_content(message.get("content"), f"{path}.content")


def parse_tool(message: Json, path: str) -> Json:
    called = asked(message.get("tool_call_id"), str, f"{path}.tool_call_id")
    return {"tool_call_id": called, **parse_prompt(message, path)}


def parse_assistant(message: Json, path: str) -> Json:
    content = message.get("content")
    turn: Json = {"content": None}
    thoughts: list[str] = []
    starts: list[int] = []
    if isinstance(content, str):
        turn["content"] = content
    elif content is not None:
        blocks = as_blocks(content, f"{path}.content")
        thoughts = [block["thinking"] for block in blocks if is_thought(block)]
        starts = starts_of(blocks)
        rest = [block for block in blocks if not is_thought(block)]
        turn |= parse_content(rest, f"{path}.content") if rest else {}
    plan = asked(message.get("tool_plan") or "", str, f"{path}.tool_plan")
    members: Json = {
        "reasoning_content": "".join([*thoughts, plan]),
        "tool_plan": plan,
        "tool_calls": parse_tool_calls(message, path),
        "annotations": [
            annotate(asked(citation, dict, f"{path}.citations[{index}]"), starts)
            for index, citation in enumerate(asked(message.get("citations") or [], list, f"{path}.citations"))
        ],
    }
    return turn | {name: value for name, value in members.items() if value}


def is_thought(block: Json) -> bool:
    return block["type"] == "thinking" and isinstance(block.get("thinking"), str)


def starts_of(blocks: list[Json]) -> list[int]:
    """For each block, how many characters of text come before it."""
    starts, length = [], 0
    for block in blocks:
        starts.append(length)
        if block["type"] == "text" and isinstance(block.get("text"), str):
            length += len(block["text"])
    return starts


def parse_tool_calls(message: Json, path: str) -> list[Json]:
    path = f"{path}.tool_calls"
    calls = asked(message.get("tool_calls") or [], list, path)
    return [parse_tool_call(call, f"{path}[{index}]") for index, call in enumerate(calls)]


def parse_tool_call(call: Any, path: str) -> Json:
    called = asked(asked(call, dict, path).get("id"), str, f"{path}.id")
    function = asked(call.get("function"), dict, f"{path}.function")
    arguments = asked(function.get("arguments") or "{}", str, f"{path}.function.arguments")
    if parse_arguments(arguments) is None:
        raise wrong(f"{path}.function.arguments", "must be the JSON text of an object")
    name = asked(function.get("name"), str, f"{path}.function.name")
    return {"id": called, "type": "function", "function": {"name": name, "arguments": arguments}}


def parse_content(content: Any, path: str) -> Json:
    """`content`, and beside it `provider_blocks` where there are blocks without a unified word."""
    if isinstance(content, str):
        return {"content": content}
    parts: list[Json] = []
    own: list[Json] = []
    for block in as_blocks(content, path):
        part = parse_block(block)
        if part is None:
            own.append({"at": len(parts), "block": block, "dialect": NAME})
        else:
            parts.append(part)
    return {"content": parts, "provider_blocks": own} if own else {"content": parts}


def as_blocks(content: Any, path: str) -> list[Json]:
    blocks: list[Json] = asked(content, list, path)
    for index, block in enumerate(blocks):
        asked(asked(block, dict, f"{path}[{index}]").get("type"), str, f"{path}[{index}].type")
    return blocks


ROLES: Mapping[str, Callable[[Json, str], Json]] = {
    "system": parse_prompt,
    "user": parse_prompt,
    "assistant": parse_assistant,
    "tool": parse_tool,
}
