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
from proxy.dialects.ollama.usage import DURATIONS, parse_time, render_time, render_usage, unify_usage
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage
from proxy.dialects.parts import was_cut
from proxy.dialects.shape import answered, broken, some

#: done_reason -> finish_reason. `load` and `unload` answer a request without messages. What is not here is passed on as it is.
FINISH_REASONS: Mapping[str, str] = {"stop": "stop", "length": "length", "load": "stop", "unload": "stop"}
#: finish_reason -> done_reason.
DONE_REASONS: Mapping[str, str] = {"stop": "stop", "tool_calls": "stop", "function_call": "stop", "length": "length"}
#: Ollama's own words that the table above would lose.
NATIVE = ("load", "unload")
#: Members of a reply that have no unified word and keep their name.
EXTRAS = (*DURATIONS, "context")
#: What a message says besides its text: Ollama's, and a unified one.
BESIDE_TEXT = frozenset({"thinking", "tool_calls", "images"})
BESIDE_UNIFIED_TEXT = frozenset({"reasoning_content", "tool_calls", "images"})


def parse_reply(wire: Json) -> Json:
    """Chat reply -> unified reply. Failure for an error inside a 200, or for anything that is no whole reply."""
    if type(wire) is not dict or wire.get("error"):
        see_error(wire)
    if wire.get("done") is not True:
        raise broken("the reply is not done")
    message = wire.get("message")
    unified = parse_message(message if type(message) is dict else answered(message, dict, "message"), wire)
    choice: Json = {"index": 0, "message": unified, **finish_of(wire, "tool_calls" in unified)}
    if "logprobs" in wire:
        choice |= parse_logprobs(wire)
    called, created = reply_id(wire), parse_time(wire.get("created_at"))
    said: Json = {"id": called, "object": "chat.completion", "created": created, "model": model_of(wire)}
    said["choices"] = [choice]
    counted = unify_usage(wire)
    if counted is not None:
        said["usage"] = counted
    for name in EXTRAS:
        if name in wire and wire[name] is not None:
            said[name] = wire[name]
    return said


def see_error(wire: Any) -> None:
    """Failure for anything but an object without an error in it."""
    if not isinstance(wire, dict):
        raise broken("what it sent is not an object")
    if wire.get("error"):
        raise failure_of(wire, 200)


def reply_id(wire: Json) -> str:
    return f"chatcmpl-{made_up_id(wire.get('model'), wire.get('created_at')).removeprefix('call_')}"


def model_of(wire: Json) -> str:
    model = wire.get("model", "")
    return model if type(model) is str else answered(model, str, "model")


def parse_message(message: Json, wire: Json) -> Json:
    """The message of a whole reply."""
    content = message.get("content")
    if type(content) is not str:
        content = answered("" if content is None else content, str, "content")
    said: Json = {"role": "assistant", "content": content or None, "refusal": None}
    return said if BESIDE_TEXT.isdisjoint(message) else said | parse_extras(message, wire, 0)


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
    choice = first_choice(unified)
    said = head_of(unified, request)
    said["message"] = render_message(choice)
    return add_end(said, unified, choice)


def first_choice(unified: Json) -> Json:
    choices = unified.get("choices")
    if not isinstance(choices, list) or not choices:
        raise broken("the reply has no choices")
    choice = choices[0]
    return choice if type(choice) is dict else answered(choice, dict, "a choice")


def head_of(unified: Json, request: Json) -> Json:
    model = unified.get("model") or request.get("model") or ""
    return {"model": str(model), "created_at": render_time(unified.get("created"))}


def add_end(said: Json, unified: Json, choice: Json) -> Json:
    """With what a whole reply says after its message."""
    said["done"], said["done_reason"] = True, done_reason(choice)
    said |= render_usage(parse_unified_usage(unified), unified)
    return said if choice.get("logprobs") is None else said | render_logprobs(choice)


def done_reason(choice: Json) -> str:
    finish, native = choice.get("finish_reason"), choice.get("native_finish_reason")
    if native in NATIVE:
        return str(native)
    return DONE_REASONS.get(finish, finish) if isinstance(finish, str) and finish else "stop"


def render_message(choice: Json) -> Json:
    message = choice.get("message")
    if type(message) is not dict:
        message = answered(message, dict, "a message")
    content = message.get("content") or message.get("refusal") or ""
    if type(content) is not str:
        content = answered(content, str, "content")
    said: Json = {"role": "assistant", "content": content}
    return said if BESIDE_UNIFIED_TEXT.isdisjoint(message) else said | render_extras(message, choice)


def render_extras(message: Json, choice: Json) -> Json:
    """What a message says besides its text."""
    said: Json = {}
    if message.get("reasoning_content"):
        said["thinking"] = answered(message["reasoning_content"], str, "reasoning_content")
    if message.get("images"):
        said["images"] = read_pictures(some(message, "images"))
    if message.get("tool_calls"):
        calls = render_calls(some(message, "tool_calls"), cut=was_cut(choice))
        said |= {"tool_calls": calls} if calls else {}
    return said
