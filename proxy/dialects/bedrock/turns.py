"""Converse's `system` and `messages` as unified messages.

A user's turn falls apart into tool results and what stands between them. An assistant's text is one string where
citations or blocks of Bedrock's own stand in it, and else keeps its blocks. A `cachePoint` marks what stands before it.
Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.bedrock.blocks import is_carried, only_text, parse_block
from proxy.dialects.bedrock.citations import annotate
from proxy.dialects.bedrock.fields import NAME
from proxy.dialects.bedrock.json_text import json_text
from proxy.dialects.bedrock.tools import parse_cache_point
from proxy.dialects.checks import check_results
from proxy.dialects.shape import asked, wrong

DEEP = "is nested too deeply"
STATUSES = {"error": True, "success": False}


def parse_messages(wire: Json) -> list[Json]:
    """A turn that is one text is its role and the text, whoever speaks: it makes no result of a tool, and needs no place."""
    messages: list[Json] = []
    system = wire.get("system")
    if system:
        text = only_text(system)
        if text is None:
            messages += parse_system(as_blocks(system, "system"), "system")
        else:
            messages.append({"role": "system", "content": text})
    turns = wire.get("messages")
    turns = turns if type(turns) is list else asked(turns, list, "messages")
    if not turns:
        raise wrong("messages", "must hold a message")
    places: dict[int, str] = {}
    for index, turn in enumerate(turns):
        text = only_text(turn.get("content")) if type(turn) is dict else None
        if text is not None and turn.get("role") in SPEAKERS:
            messages.append({"role": turn["role"], "content": text})
        else:
            path, first = f"messages[{index}]", len(messages)
            messages += parse_turn(turn, path)
            places |= dict.fromkeys(range(first, len(messages)), path)
    if places:
        check_results(messages, lambda at: f"{places[at]}.content.toolResult.toolUseId")
    return messages


def parse_turn(turn: Any, path: str) -> list[Json]:
    role = asked(asked(turn, dict, path).get("role"), str, f"{path}.role")
    parse = ROLES.get(role)
    if parse is None:
        raise wrong(f"{path}.role", f"must be one of {', '.join(ROLES)}")
    return parse(as_blocks(turn.get("content"), f"{path}.content"), f"{path}.content")


def as_blocks(content: Any, path: str) -> list[Json]:
    blocks = asked(content, list, path)
    for index, block in enumerate(blocks):
        asked(block, dict, f"{path}[{index}]")
    return blocks


def parse_system(blocks: list[Json], path: str) -> list[Json]:
    return [{"role": "system", **parse_content(blocks, path)}]


def parse_user(blocks: list[Json], path: str) -> list[Json]:
    """Each tool result is a message of its own; what stands between them is the user's."""
    messages: list[Json] = []
    said: list[Json] = []
    for index, block in enumerate(blocks):
        if "toolResult" in block:
            if said:
                messages.append({"role": "user", **parse_content(said, path)})
                said = []
            messages.append(parse_tool_result(block["toolResult"], f"{path}[{index}].toolResult"))
        elif "cachePoint" in block and not said and messages:
            messages[-1]["cache_control"] = parse_cache_point(block, f"{path}[{index}]")
        else:
            said.append(block)
    if said or not messages:
        messages.append({"role": "user", **parse_content(said, path)})
    return messages


def parse_tool_result(result: Any, path: str) -> Json:
    """JSON goes as its text, which every dialect takes."""
    called = asked(asked(result, dict, path).get("toolUseId"), str, f"{path}.toolUseId")
    blocks = as_blocks(result.get("content"), f"{path}.content")
    deep = wrong(f"{path}.content", DEEP)
    said = [{"text": json_text(block["json"], deep)} if "json" in block else block for block in blocks]
    message = {"role": "tool", "tool_call_id": called, **parse_content(said, f"{path}.content")}
    if message["content"] == []:
        message["content"] = ""
    failed = STATUSES.get(str(result.get("status")))
    return message if failed is None else {**message, "is_error": failed}


def parse_assistant(blocks: list[Json], path: str) -> list[Json]:
    message: Json = {"role": "assistant", "content": None}
    rest: list[Json] = []
    last: Json | None = None
    for index, block in enumerate(blocks):
        place = f"{path}[{index}]"
        tool = block.get("toolUse")
        if isinstance(tool, dict) and tool.get("type") != "server_tool_use":
            last = parse_tool_use(tool, f"{place}.toolUse")
            message.setdefault("tool_calls", []).append(last)
        elif "cachePoint" in block and last is not None:
            last["cache_control"] = parse_cache_point(block, place)
        elif rest or not take_thought(message, block, f"{place}.reasoningContent"):
            rest.append(block)
            last = None
    if any("citationsContent" in block for block in rest):
        return [message | parse_cited(rest, path)]
    return [message | (parse_content(rest, path) if rest else {})]


def take_thought(message: Json, block: Json, path: str) -> bool:
    """Whether the block is a thought that stands before all else; what was thought is then in the message."""
    if "reasoningContent" not in block:
        return False
    reasoning = asked(block["reasoningContent"], dict, path)
    if reasoning.get("redactedContent") is not None:
        data = asked(reasoning["redactedContent"], str, f"{path}.redactedContent")
        message.setdefault("thinking_blocks", []).append({"type": "redacted_thinking", "data": data})
        return True
    told = asked(reasoning.get("reasoningText"), dict, f"{path}.reasoningText")
    words = asked(told.get("text"), str, f"{path}.reasoningText.text")
    if words:
        message["reasoning_content"] = message.get("reasoning_content", "") + words
    if told.get("signature"):
        signature = asked(told["signature"], str, f"{path}.reasoningText.signature")
        thought = {"type": "thinking", "thinking": words, "signature": signature}
        message.setdefault("thinking_blocks", []).append(thought)
    return True


def parse_tool_use(tool: Json, path: str) -> Json:
    given = asked(tool.get("input"), dict, f"{path}.input")
    arguments = json_text(given, wrong(f"{path}.input", DEEP))
    function = {"name": asked(tool.get("name"), str, f"{path}.name"), "arguments": arguments}
    return {"id": asked(tool.get("toolUseId"), str, f"{path}.toolUseId"), "type": "function", "function": function}


def parse_cited(blocks: list[Json], path: str) -> Json:
    """Text with citations as one string; what is no text stands beside it."""
    text, notes, own = "", [], []
    for index, block in enumerate(blocks):
        cited = block.get("citationsContent")
        if isinstance(block.get("text"), str):
            text += block["text"]
        elif isinstance(cited, dict):
            start, text = len(text), text + cited_text(cited, f"{path}[{index}].citationsContent")
            citations = asked(cited.get("citations") or [], list, f"{path}[{index}].citationsContent.citations")
            notes += [annotate(entry, start, len(text)) for entry in citations if isinstance(entry, dict)]
        else:
            own.append({"at": len(text), "block": block, "dialect": NAME})
    beside = {"annotations": notes, "provider_blocks": own}
    return {"content": text, **{name: value for name, value in beside.items() if value}}


def cited_text(cited: Json, path: str) -> str:
    pieces = asked(cited.get("content") or [], list, f"{path}.content")
    return "".join(str(piece.get("text") or "") for piece in pieces if isinstance(piece, dict))


def parse_content(blocks: list[Json], path: str) -> Json:
    """`content`, and beside it `provider_blocks` where blocks have no unified word, or say more than it."""
    text = only_text(blocks)
    if text is not None:
        return {"content": text}
    parts: list[Json] = []
    own: list[Json] = []
    for index, block in enumerate(blocks):
        place = f"{path}[{index}]"
        if "cachePoint" in block and parts and not (own and own[-1]["at"] == len(parts)):
            parts[-1]["cache_control"] = parse_cache_point(block, place)
            continue
        part = parse_block(block, place)
        if part is None or is_carried(block):
            own.append({"at": len(parts), "block": block, "dialect": NAME})
        if part is not None:
            parts.append(part)
    if own:
        return {"content": parts, "provider_blocks": own}
    return {"content": parts[0]["text"] if len(parts) == 1 and parts[0].keys() == {"type", "text"} else parts}


ROLES: Mapping[str, Callable[[list[Json], str], list[Json]]] = {
    "user": parse_user,
    "assistant": parse_assistant,
    "system": parse_system,
}
#: A tuple, for what stands in a request's `role` need not be hashable.
SPEAKERS = (*ROLES,)
