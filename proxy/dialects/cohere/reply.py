"""A chat reply of Cohere's as a unified reply and back.

The reply names no model, so the unified one has an empty `model`; whoever knows fills it, as with `created`. Source:
https://docs.cohere.com/v2/reference/chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.cohere.citations import NAME, annotate, cite
from proxy.dialects.cohere.errors import failure_of
from proxy.dialects.cohere.logprobs import parse_logprobs, render_logprobs
from proxy.dialects.cohere.parts import insert
from proxy.dialects.cohere.usage import render_usage, unify_usage
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage
from proxy.dialects.parts import CUTS, is_whole, parse_arguments
from proxy.dialects.shape import answered, broken, some

#: finish_reason of Cohere's -> unified. A generation that ran out of time was cut like one that ran out of tokens. What is
#: not here is passed on as it is; `ERROR` is a Failure. `ERROR_TOXIC` is of the API's first version and has no successor.
FINISH_REASONS: Mapping[str, str] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TIMEOUT": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
}
#: What may stand in a message of Cohere's beside its content, and in a unified one.
BESIDE = frozenset({"tool_plan", "tool_calls", "citations"})
BESIDE_WORDS = frozenset({"tool_plan", "reasoning_content", "tool_calls", "annotations", "provider_blocks"})
#: Unified -> Cohere's.
STOP_REASONS: Mapping[str, str] = {
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    "function_call": "TOOL_CALL",
    "content_filter": "ERROR_TOXIC",
}
NOTHING: tuple[Any, ...] = (None, [])


def parse_reply(wire: Json) -> Json:
    """Chat reply -> unified reply. Failure for a generation that failed, or for anything that is no reply."""
    if type(wire) is not dict:
        raise broken("the reply is not an object")
    said = wire.get("message")
    if wire.get("finish_reason") == "ERROR" or type(said) is str:
        raise failure_of(wire)
    message = parse_message(said if type(said) is dict else answered(said, dict, "message"))
    choice: Json = {"index": 0, "message": message, **finish_of(wire, "tool_calls" in message)}
    logprobs = wire.get("logprobs")
    if logprobs:
        choice["logprobs"] = parse_logprobs(logprobs)
    called = wire.get("id")
    if type(called) is not str:
        answered(called, str, "id")
    unified: Json = {"id": called, "object": "chat.completion", "created": 0, "model": "", "choices": [choice]}
    usage = unify_usage(wire)
    if usage is not None:
        unified["usage"] = usage
    return unified


def parse_message(wire: Json) -> Json:
    """Mostly one text, and nothing beside it."""
    content = wire.get("content")
    if type(content) is list and len(content) == 1 and BESIDE.isdisjoint(wire):
        block = content[0]
        if type(block) is dict and block.get("type") == "text" and type(text := block.get("text")) is str:
            return {"role": "assistant", "content": text, "refusal": None}
    return parse_members(wire)


def parse_members(wire: Json) -> Json:
    message: Json = {"role": "assistant", "content": None, "refusal": None}
    texts: list[str] = []
    thoughts: list[str] = []
    starts: list[int] = []
    own: list[Json] = []
    length = 0
    for block in content_in(wire):
        starts.append(length)
        kind = answered(answered(block, dict, "a part").get("type"), str, "the type of a part")
        if kind == "text":
            texts.append(answered(block.get("text"), str, "the text of a part"))
            length += len(texts[-1])
        elif kind == "thinking":
            thoughts.append(answered(block.get("thinking"), str, "the thinking of a part"))
        else:
            own.append({"at": length, "block": block, "dialect": NAME})
    if texts:
        message["content"] = "".join(texts)
    plan = answered(wire.get("tool_plan") or "", str, "tool_plan")
    members: Json = {
        "reasoning_content": "".join([*thoughts, plan]),
        "tool_plan": plan,
        "tool_calls": [parse_tool_call(call) for call in some(wire, "tool_calls")],
        "annotations": [annotate(citation, starts) for citation in some(wire, "citations")],
        "provider_blocks": own,
    }
    return message | {name: value for name, value in members.items() if value}


def content_in(wire: Json) -> list[Any]:
    content = wire.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else some(wire, "content")


def parse_tool_call(call: Any) -> Json:
    """A tool that takes nothing is called with `""`, which says `{}`."""
    function = answered(answered(call, dict, "a tool call").get("function"), dict, "a tool call's function")
    name = answered(function.get("name"), str, "a tool's name")
    arguments = answered(function.get("arguments") or "{}", str, "a tool's arguments")
    called = answered(call.get("id"), str, "a tool call's id")
    return {"id": called, "type": "function", "function": {"name": name, "arguments": arguments}}


def finish_of(wire: Json, called_tools: bool) -> Json:
    """How it ended, in unified words, and Cohere's own beside them. `wire` is a reply, or the delta of `message-end`."""
    native = wire.get("finish_reason")
    if type(native) is not str or not native:
        native = None
    finish = FINISH_REASONS.get(native or "", native)
    return {
        "finish_reason": "tool_calls" if finish == "stop" and called_tools else finish,
        "native_finish_reason": native,
    }


def render_reply(unified: Json, request: Json) -> Json:
    """Unified reply -> chat reply, of the first choice: Cohere's form has room for one."""
    choices = unified.get("choices")
    choice = choices[0] if type(choices) is list and choices else None
    message = choice.get("message") if type(choice) is dict else None
    if type(choice) is not dict or type(message) is not dict:
        choice, message = first_choice(unified)
    calls = message.get("tool_calls")
    if calls and choice.get("finish_reason") in CUTS:
        calls = [call for call in some(message, "tool_calls") if is_whole(call)]
        message = {**message, "tool_calls": calls}
    wire: Json = {
        "id": str(unified.get("id") or ""),
        "finish_reason": stop_of(choice, bool(calls)),
        "message": render_message(message),
    }
    usage = parse_unified_usage(unified)
    if usage is not None:
        wire["usage"] = render_usage(usage, unified.get("usage"))
    if choice.get("logprobs") and (logprobs := render_logprobs(choice["logprobs"])):
        wire["logprobs"] = logprobs
    return wire


def first_choice(unified: Json) -> tuple[Json, Json]:
    """The choice and its message, or what is wrong with them."""
    choices = some(unified, "choices")
    if not choices:
        raise broken("the reply has no choices")
    choice = answered(choices[0], dict, "a choice")
    return choice, answered(choice.get("message"), dict, "a message")


def stop_of(choice: Json, called_tools: bool) -> Any:
    """Cohere's own word goes first. Some providers end with `stop` although they called a tool."""
    finish, native = choice.get("finish_reason"), choice.get("native_finish_reason")
    if type(native) is str and native in FINISH_REASONS and FINISH_REASONS[native] == finish:
        return native
    if finish == "stop":
        if called_tools:
            return "TOOL_CALL"
        return "COMPLETE" if choice.get("stop_sequence") is None else "STOP_SEQUENCE"
    return STOP_REASONS.get(finish, finish) if isinstance(finish, str) else finish


def render_message(message: Json) -> Json:
    """Mostly words, and nothing beside them, which may be said in so many words: `annotations` of [] and the like."""
    text = message.get("content")
    if type(text) is str and text:
        for name in BESIDE_WORDS.intersection(message):
            if message[name] not in NOTHING:
                break
        else:
            return {"role": "assistant", "content": [{"type": "text", "text": text}]}
    return render_members(message)


def render_members(message: Json) -> Json:
    plan = answered(message.get("tool_plan") or "", str, "tool_plan")
    thoughts = answered(message.get("reasoning_content") or "", str, "reasoning_content").removesuffix(plan)
    text = answered(message.get("content") or message.get("refusal") or "", str, "content")
    calls = [render_tool_call(call) for call in some(message, "tool_calls")]
    thinking: list[Json] = [{"type": "thinking", "thinking": thoughts}] if thoughts else []
    said: list[Json] = [{"type": "text", "text": text}] if text or not (calls or thinking) else []
    notes = [cite(note, text, len(thinking)) for note in some(message, "annotations")]
    members: Json = {
        "content": [*thinking, *insert(said, message.get("provider_blocks"), [])],
        "tool_plan": plan,
        "tool_calls": calls,
        "citations": [note for note in notes if note is not None],
    }
    return {"role": "assistant", **{name: value for name, value in members.items() if value}}


def render_tool_call(call: Any) -> Json:
    function = answered(answered(call, dict, "a tool call").get("function"), dict, "a tool call's function")
    arguments = function.get("arguments") or "{}"
    if not isinstance(arguments, str) or parse_arguments(arguments) is None:
        raise broken("a tool call's arguments are not the JSON text of an object")
    named = {"name": answered(function.get("name"), str, "a tool's name"), "arguments": arguments}
    return {"id": answered(call.get("id"), str, "a tool call's id"), "type": "function", "function": named}
