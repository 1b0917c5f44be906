"""A Messages request, as an app on Anthropic's own SDK sends it, in the unified form.

Lossless for what the unified form can hold. Blocks without a unified word are carried as they are in
`provider_blocks`, members without one under their own name, so that every other target names them as dropped and
Anthropic gets them back. Source: https://docs.claude.com/en/api/messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from proxy.call import Json
from proxy.dialects.anthropic.blocks import parse_block
from proxy.dialects.anthropic.checks import check_limits, check_order, check_source, check_tools
from proxy.dialects.anthropic.fields import CACHE_ONLY
from proxy.dialects.anthropic.messages import TOOL_RESULT_EXTRAS, TOOL_USE_EXTRAS, is_signed
from proxy.dialects.anthropic.thinking import parse_thinking
from proxy.dialects.anthropic.tools import parse_tool, parse_tool_choice
from proxy.dialects.checks import check_schema
from proxy.dialects.shape import asked, chosen, wrong

#: Members of the wire request that are said anew; every other keeps its name and value.
SAID = frozenset(
    {"system", "messages", "tools", "tool_choice", "metadata", "service_tier", "thinking", "output_config"}
)
PLAIN = ("user", "assistant")
#: Of these, what many requests do without; `stream` is looked at with them.
BESIDE = SAID - {"system", "messages"} | {"stream"}
#: Members of `output_config` that have a unified word.
CONFIG = ("effort", "format")
SERVICE_TIERS: Mapping[str, str] = {"standard_only": "default"}


def parse_request(wire: Json) -> Json:
    """Messages request -> unified request. Failure("invalid_request") names the member that is wrong."""
    if type(wire) is not dict or type(wire.get("max_tokens")) is not int:
        asked(asked(wire, dict, "body").get("max_tokens"), int, "max_tokens")
    return parse_question(wire)


def parse_question(wire: Json) -> Json:
    """What is asked, whether it is to be answered or its tokens counted: counting needs no limit."""
    if type(wire) is not dict:
        asked(wire, dict, "body")
    unified = {name: value for name, value in wire.items() if name not in SAID}
    check_limits(wire)
    if unified.get("max_tokens") == 0:
        del unified["max_tokens"]
        unified[CACHE_ONLY] = True
    unified["messages"] = parse_messages(wire)
    check_order(unified["messages"], wire["messages"])
    return unified if BESIDE.isdisjoint(wire) else parse_beside(wire, unified)


def parse_beside(wire: Json, unified: Json) -> Json:
    """`unified` with what is said beside the messages."""
    if wire.get("tools") is not None:
        tools = asked(wire["tools"], list, "tools")
        unified["tools"] = [parse_tool(tool, f"tools[{index}]") for index, tool in enumerate(tools)]
        check_tools(tools)
    if wire.get("tool_choice") is not None:
        unified |= parse_tool_choice(wire["tool_choice"])
    unified |= parse_user(wire)
    if wire.get("service_tier") is not None:
        tier = asked(wire["service_tier"], str, "service_tier")
        unified["service_tier"] = SERVICE_TIERS.get(tier, tier)
    if wire.get("stream") is True:
        # Every stream of Anthropic's reports its tokens.
        unified["stream_options"] = {"include_usage": True}
    reasoning = parse_thinking(wire)
    return unified | ({"reasoning": reasoning} if reasoning else {}) | parse_format(wire) | parse_config(wire)


def parse_user(wire: Json) -> Json:
    metadata = asked({} if wire.get("metadata") is None else wire["metadata"], dict, "metadata")
    user = metadata.get("user_id")
    return {} if user is None else {"user": asked(user, str, "metadata.user_id")}


def parse_format(wire: Json) -> Json:
    """OpenAI wants a name for a schema: its title, or `response`."""
    form = (wire.get("output_config") or {}).get("format")
    if form is None:
        return {}
    schema = asked(asked(form, dict, "output_config.format").get("schema"), dict, "output_config.format.schema")
    check_schema(schema, "output_config.format.schema")
    title = schema.get("title")
    name = title if isinstance(title, str) and title else "response"
    return {"response_format": {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}}


def parse_config(wire: Json) -> Json:
    """What `output_config` says besides, for Anthropic alone."""
    config = asked({} if wire.get("output_config") is None else wire["output_config"], dict, "output_config")
    rest = {name: value for name, value in config.items() if name not in CONFIG}
    return {"output_config": rest} if rest else {}


def parse_messages(wire: Json) -> list[Json]:
    messages: list[Json] = []
    system, said = wire.get("system"), wire.get("messages")
    if system:
        said_first = {"content": system} if type(system) is str else parse_content(system, "system")
        messages.append({"role": "system", **said_first})
    for index, message in enumerate(said if type(said) is list else asked(said, list, "messages")):
        # Asked here, since most are nothing but a text of one of two.
        if type(message) is dict and type(words := message.get("content")) is str and message.get("role") in PLAIN:
            messages.append({"role": message["role"], "content": words})
            continue
        path = f"messages[{index}]"
        role = asked(asked(message, dict, path).get("role"), str, f"{path}.role")
        parse = ROLES.get(role)
        if parse is None:
            raise wrong(f"{path}.role", f"must be one of {', '.join(ROLES)}")
        messages += parse(message.get("content"), f"{path}.content")
    return messages


def parse_system(content: Any, path: str) -> list[Json]:
    return [{"role": "system", **parse_content(content, path)}]


def parse_user_turn(content: Any, path: str) -> list[Json]:
    """Each tool result is a message of its own; what stands between them is the user's."""
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    messages: list[Json] = []
    said: list[Json] = []
    for index, block in enumerate(as_blocks(content, path)):
        if block["type"] != "tool_result":
            said.append(block)
            continue
        if said:
            messages.append({"role": "user", **parse_content(said, path)})
            said = []
        messages.append(parse_tool_result(block, f"{path}[{index}]"))
    if said or not messages:
        messages.append({"role": "user", **parse_content(said, path)})
    return messages


def parse_tool_result(block: Json, path: str) -> Json:
    called = asked(block.get("tool_use_id"), str, f"{path}.tool_use_id")
    content = "" if block.get("content") is None else block["content"]
    said = parse_content(content, f"{path}.content")
    return {"role": "tool", "tool_call_id": called, **said, **chosen(block, TOOL_RESULT_EXTRAS)}


def parse_assistant(content: Any, path: str) -> list[Json]:
    if isinstance(content, str):
        return [{"role": "assistant", "content": content}]
    message: Json = {"role": "assistant", "content": None}
    rest: list[Json] = []
    for index, block in enumerate(as_blocks(content, path)):
        if block["type"] == "tool_use":
            message.setdefault("tool_calls", []).append(parse_tool_use(block, f"{path}[{index}]"))
        elif is_signed(block) and not rest:
            message.setdefault("thinking_blocks", []).append(block)
        else:
            rest.append(block)
    thoughts = [str(block["thinking"]) for block in message.get("thinking_blocks", ()) if block.get("thinking")]
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    return [message | (parse_content(rest, path) if rest else {})]


def parse_tool_use(block: Json, path: str) -> Json:
    given = asked(block.get("input"), dict, f"{path}.input")
    function = {"name": asked(block.get("name"), str, f"{path}.name"), "arguments": orjson.dumps(given).decode()}
    called = asked(block.get("id"), str, f"{path}.id")
    return {"id": called, "type": "function", "function": function, **chosen(block, TOOL_USE_EXTRAS)}


def parse_content(content: Any, path: str) -> Json:
    """`content`, and beside it `provider_blocks` where there are blocks without a unified word."""
    if isinstance(content, str):
        return {"content": content}
    parts: list[Json] = []
    own: list[Json] = []
    for index, block in enumerate(as_blocks(content, path)):
        if "source" in block:
            check_source(block, f"{path}[{index}]")
        part = parse_block(block)
        if part is None:
            own.append({"at": len(parts), "block": block})
        else:
            parts.append(part)
    return {"content": parts, "provider_blocks": own} if own else {"content": parts}


def as_blocks(content: Any, path: str) -> list[Json]:
    blocks = asked(content, list, path)
    for index, block in enumerate(blocks):
        asked(asked(block, dict, f"{path}[{index}]").get("type"), str, f"{path}[{index}].type")
    return blocks


ROLES: Mapping[str, Callable[[Any, str], list[Json]]] = {
    "user": parse_user_turn,
    "assistant": parse_assistant,
    "system": parse_system,
}
