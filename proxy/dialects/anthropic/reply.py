"""A Messages reply as a unified reply and back. Source: https://docs.claude.com/en/api/messages,
https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons. The reply's id is the provider's own;
`created` is 0, for there is no clock here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from proxy.call import Failure, Json, Usage
from proxy.dialects.anthropic.errors import failure_of
from proxy.dialects.anthropic.messages import TOOL_USE_EXTRAS
from proxy.dialects.anthropic.usage import parse_usage, render_usage
from proxy.dialects.anthropic.weave import annotate, is_thought, weave
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage
from proxy.dialects.openai.usage import render_usage as render_unified_usage
from proxy.dialects.parts import JSON_TOOL, is_whole, parse_arguments, was_cut
from proxy.dialects.shape import CALLED, answered, broken, chosen, some

#: stop_reason -> finish_reason. What is not here (`pause_turn`, a reason not yet invented) is passed on as it is.
FINISH_REASONS: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
#: finish_reason -> stop_reason.
STOP_REASONS: Mapping[str, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
NATIVE_STOPS = frozenset({*FINISH_REASONS, "pause_turn"})
#: What every reply has.
MEMBERS = (("content", list), ("id", str), ("model", str))
#: Members of a reply that have no unified word and keep their name.
EXTRAS = ("container", "context_management", "diagnostics")
#: What the content of a message may have besides its text and annotations.
BESIDE_TEXT = frozenset({"thinking_blocks", "reasoning_content", "provider_blocks", "tool_calls"})


@dataclass(slots=True)
class Parts:
    """A reply's content, block by block."""

    texts: list[str] = field(default_factory=list)
    length: int = 0
    thinking: list[Json] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)
    annotations: list[Json] = field(default_factory=list)
    own: list[Json] = field(default_factory=list)
    answered_by_tool: bool = False

    def say(self, text: str) -> None:
        self.texts.append(text)
        self.length += len(text)


def take_text(parts: Parts, block: Json) -> None:
    start = parts.length
    parts.say(answered(block.get("text"), str, "the text of a block"))
    for citation in some(block, "citations"):
        parts.annotations.append(annotate(answered(citation, dict, "a citation"), start, parts.length))


def take_thinking(parts: Parts, block: Json) -> None:
    parts.thinking.append(block)


def take_tool_use(parts: Parts, block: Json) -> None:
    arguments = orjson.dumps(answered(block.get("input"), dict, "a tool's input")).decode()
    if block.get("name") == JSON_TOOL:
        parts.answered_by_tool = True
        return parts.say(arguments)
    function = {"name": answered(block.get("name"), str, "a tool's name"), "arguments": arguments}
    called = answered(block.get("id"), str, "a tool's id")
    parts.calls.append({"id": called, "type": "function", "function": function, **chosen(block, TOOL_USE_EXTRAS)})
    return None


def take_own(parts: Parts, block: Json) -> None:
    parts.own.append({"at": parts.length, "block": block})


TAKERS: Mapping[str, Callable[[Parts, Json], None]] = {
    "text": take_text,
    "thinking": take_thinking,
    "redacted_thinking": take_thinking,
    "tool_use": take_tool_use,
}


def is_answer(wire: Json) -> bool:
    """A message that says how it ended, and nothing of an error."""
    return wire.get("type") == "message" and isinstance(wire.get("stop_reason"), str) and "error" not in wire


def parse_reply(wire: Json) -> Json:
    """Messages reply -> unified reply. Failure for an error inside a 200, or for anything that is no message."""
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    if wire.get("type") == "error" or wire.get("error"):
        raise failure_of(wire.get("error"))
    for name, kind in MEMBERS:
        if not isinstance(wire.get(name), kind):
            raise broken(f"{name} is not {CALLED[kind]}")
    message, answered_by_tool = parse_content(wire["content"])
    if wire.get("stop_reason") == "refusal":
        message["refusal"] = refusal_of(wire)
    unified: Json = {
        "id": wire["id"],
        "object": "chat.completion",
        "created": 0,
        "model": wire["model"],
        "choices": [{"index": 0, "message": message, **finish_of(wire, answered_by_tool)}],
    }
    usage = parse_usage(wire)
    if usage is not None:
        unified["usage"] = render_unified_usage(usage)
    for name in EXTRAS:
        if wire.get(name) is not None:
            unified[name] = wire[name]
    return unified


def parse_content(content: list[Any]) -> tuple[Json, bool]:
    """The message that the blocks make, and whether a tool's call was the answer."""
    message: Json = {"role": "assistant", "content": None, "refusal": None}
    if len(content) == 1 and type(block := content[0]) is dict and block.get("type") == "text":
        words = block.get("text")
        if type(words) is str and block.get("citations") is None:
            message["content"] = words
            return message, False
    parts = Parts()
    for block in content:
        kind = answered(answered(block, dict, "a block").get("type"), str, "the type of a block")
        TAKERS.get(kind, take_own)(parts, block)
    if parts.texts:
        message["content"] = "".join(parts.texts)
    lists = {
        "reasoning_content": "".join(str(block.get("thinking") or "") for block in parts.thinking),
        "thinking_blocks": parts.thinking,
        "tool_calls": parts.calls,
        "annotations": parts.annotations,
        "provider_blocks": parts.own,
    }
    message |= {name: value for name, value in lists.items() if value}
    return message, parts.answered_by_tool and not parts.calls


def refusal_of(stopped: Json) -> str | None:
    """Why the model declined, in the provider's words, where it gave any."""
    details = stopped.get("stop_details")
    if stopped.get("stop_reason") != "refusal" or not isinstance(details, dict):
        return None
    words = details.get("explanation")
    return words if isinstance(words, str) else None


def finish_of(stopped: Json, answered_by_tool: bool = False) -> Json:
    """How it ended, in unified words, and Anthropic's own beside them.

    `stopped` is a reply, or the delta of `message_delta`.
    """
    native = stopped.get("stop_reason")
    native = native if isinstance(native, str) and native else None
    finish = FINISH_REASONS.get(native or "", native)
    if answered_by_tool and native == "tool_use":
        finish = "stop"
    ended: Json = {"finish_reason": finish, "native_finish_reason": native}
    for name in ("stop_sequence", "stop_details"):
        if stopped.get(name) is not None:
            ended[name] = stopped[name]
    return ended


def render_reply(unified: Json, request: Json) -> Json:
    """Unified reply -> Messages reply, of the first choice: Anthropic's form has room for one."""
    choices = unified.get("choices")
    if not isinstance(choices, list) or not choices:
        raise broken("the reply has no choices")
    choice = answered(choices[0], dict, "a choice")
    message = answered(choice.get("message"), dict, "a message")
    return {
        "id": str(unified.get("id") or ""),
        "type": "message",
        "role": "assistant",
        "model": str(unified.get("model") or ""),
        "content": content_of(
            message if not choice.get("stop_details") else {**message, "refusal": None}, was_cut(choice)
        ),
        **stop_of(choice, bool(message.get("tool_calls"))),
        "usage": render_usage(parse_unified_usage(unified) or Usage()),
        **({} if unified.keys().isdisjoint(EXTRAS) else chosen(unified, EXTRAS)),
    }


def content_of(message: Json, cut: bool = False) -> list[Json]:
    """The content blocks of a unified message; of one that was cut, without a call that was not finished.

    Thoughts that nobody signed get an empty signature, as the SDKs want one; those of another kind are left out.
    """
    if type(words := message.get("content")) is str and words and BESIDE_TEXT.isdisjoint(message):
        return weave(words, message.get("annotations"), None)
    thinking = [block for block in some(message, "thinking_blocks") if is_thought(block)]
    if not thinking and message.get("reasoning_content"):
        thinking = [{"type": "thinking", "thinking": message["reasoning_content"], "signature": ""}]
    text = message.get("content") or message.get("refusal") or ""
    woven = weave(answered(text, str, "content"), message.get("annotations"), message.get("provider_blocks"))
    calls = [call for call in some(message, "tool_calls") if not cut or is_whole(call)]
    return [*thinking, *woven, *map(tool_use_of, calls)]


def tool_use_of(call: Any) -> Json:
    function = answered(answered(call, dict, "a tool call").get("function"), dict, "a tool call's function")
    arguments = parse_arguments(function.get("arguments"))
    if arguments is None:
        raise Failure("provider_error", "the model's tool call has arguments that are not a JSON object")
    called = {
        "id": answered(call.get("id"), str, "a tool call's id"),
        "name": answered(function.get("name"), str, "a tool's name"),
    }
    return {"type": "tool_use", **called, "input": arguments, **chosen(call, TOOL_USE_EXTRAS)}


def stop_of(choice: Json, called_tools: bool) -> Json:
    """`stop_reason` and its like. Some providers end with `stop` although they called a tool."""
    reason: Any
    finish, native = choice.get("finish_reason"), choice.get("native_finish_reason")
    if isinstance(native, str) and native in NATIVE_STOPS and not (finish == "stop" and native == "tool_use"):
        reason = native
    elif finish == "stop" and called_tools:
        reason = "tool_use"
    elif finish == "stop" and choice.get("stop_sequence") is not None:
        reason = "stop_sequence"
    else:
        reason = STOP_REASONS[finish] if isinstance(finish, str) and finish in STOP_REASONS else finish
    ended = {"stop_reason": reason, "stop_sequence": choice.get("stop_sequence")}
    if choice.get("stop_details") is not None:
        ended["stop_details"] = choice["stop_details"]
    return ended
