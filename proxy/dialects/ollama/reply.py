"""A chat reply as a unified reply and back.

Source: https://docs.ollama.com/api/chat. A reply has no id: it is made up from what the answer itself says. `done_reason` is
`stop` after tool calls too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.ids import made_up_id
from proxy.dialects.ollama.calls import parse_calls, render_calls
from proxy.dialects.ollama.errors import failure_of
from proxy.dialects.ollama.logprobs import parse_logprobs, render_logprobs
from proxy.dialects.ollama.parts import picture, read_pictures
from proxy.dialects.ollama.usage import DURATIONS, parse_time, parse_usage, render_time, render_usage
from proxy.dialects.openai.reply import parse_usage as parse_unified_usage
from proxy.dialects.openai.reply import render_usage as render_unified_usage
from proxy.dialects.parts import was_cut
from proxy.dialects.shape import answered, broken, chosen, some

#: done_reason -> finish_reason. `load` and `unload` answer a request without messages. What is not here is passed on as it is.
FINISH_REASONS: Mapping[str, str] = {"stop": "stop", "length": "length", "load": "stop", "unload": "stop"}
#: finish_reason -> done_reason.
DONE_REASONS: Mapping[str, str] = {"stop": "stop", "tool_calls": "stop", "function_call": "stop", "length": "length"}
#: Ollama's own words that the table above would lose.
NATIVE = ("load", "unload")
#: Members of a reply that have no unified word and keep their name.
EXTRAS = (*DURATIONS, "context")


def parse_reply(wire: Json) -> Json:
    """Chat reply -> unified reply. Failure for an error inside a 200, or for anything that is no whole reply."""
    see_error(wire)
    if wire.get("done") is not True:
        raise broken("the reply is not done")
    message = answered(wire.get("message"), dict, "message")
    unified = parse_message(message, wire)
    choice = {"index": 0, "message": unified, **finish_of(wire, "tool_calls" in unified), **parse_logprobs(wire)}
    head = {"id": reply_id(wire), "object": "chat.completion", "created": parse_time(wire.get("created_at"))}
    usage = parse_usage(wire)
    counted = {} if usage is None else {"usage": render_unified_usage(usage)}
    return {**head, "model": model_of(wire), "choices": [choice], **counted, **chosen(wire, EXTRAS)}


def see_error(wire: Any) -> None:
    """Failure for anything but an object without an error in it."""
    if not isinstance(wire, dict):
        raise broken("what it sent is not an object")
    if wire.get("error"):
        raise failure_of(wire, 200)


def reply_id(wire: Json) -> str:
    return f"chatcmpl-{made_up_id(wire.get('model'), wire.get('created_at')).removeprefix('call_')}"


def model_of(wire: Json) -> str:
    return answered(wire.get("model", ""), str, "model")


def parse_message(message: Json, wire: Json) -> Json:
    """The message of a whole reply."""
    content = message.get("content")
    said: Json = {"content": answered("" if content is None else content, str, "content") or None}
    return {"role": "assistant", **said, "refusal": None, **parse_extras(message, wire, 0)}


def parse_extras(message: Json, wire: Json, calls: int) -> Json:
    """What a message or a piece of one says besides its text. `calls` tool calls have come before."""
    said: Json = {}
    if message.get("thinking"):
        said["reasoning_content"] = answered(message["thinking"], str, "thinking")
    if message.get("tool_calls"):
        said["tool_calls"] = parse_calls(some(message, "tool_calls"), wire.get("created_at"), calls)
    if message.get("images"):
        said["images"] = [picture(answered(image, str, "an image")) for image in some(message, "images")]
    return said


def finish_of(wire: Json, called_tools: bool) -> Json:
    """How it ended, in unified words, and Ollama's own beside them. Old servers give no reason for a plain end."""
    native = wire.get("done_reason")
    native = native if isinstance(native, str) and native else None
    finish = FINISH_REASONS.get(native or "stop", native)
    return {
        "finish_reason": "tool_calls" if finish == "stop" and called_tools else finish,
        "native_finish_reason": native,
    }


def render_reply(unified: Json, request: Json) -> Json:
    """Unified reply -> chat reply, of the first choice: Ollama's form has room for one."""
    return {**head_of(unified, request), "message": render_message(first_choice(unified)), **render_end(unified)}


def first_choice(unified: Json) -> Json:
    choices = unified.get("choices")
    if not isinstance(choices, list) or not choices:
        raise broken("the reply has no choices")
    return answered(choices[0], dict, "a choice")


def head_of(unified: Json, request: Json) -> Json:
    model = unified.get("model") or request.get("model") or ""
    return {"model": str(model), "created_at": render_time(unified.get("created"))}


def render_end(unified: Json) -> Json:
    """What a whole reply says after its message."""
    choice = first_choice(unified)
    counted = render_usage(parse_unified_usage(unified), unified)
    return {"done": True, "done_reason": done_reason(choice), **counted, **render_logprobs(choice)}


def done_reason(choice: Json) -> str:
    finish, native = choice.get("finish_reason"), choice.get("native_finish_reason")
    if native in NATIVE:
        return str(native)
    return DONE_REASONS.get(finish, finish) if isinstance(finish, str) and finish else "stop"


def render_message(choice: Json) -> Json:
    message = answered(choice.get("message"), dict, "a message")
    content = message.get("content") or message.get("refusal") or ""
    said: Json = {"role": "assistant", "content": answered(content, str, "content")}
    if message.get("reasoning_content"):
        said["thinking"] = answered(message["reasoning_content"], str, "reasoning_content")
    if message.get("images"):
        said["images"] = read_pictures(some(message, "images"))
    if message.get("tool_calls"):
        calls = render_calls(some(message, "tool_calls"), cut=was_cut(choice))
        said |= {"tool_calls": calls} if calls else {}
    return said
