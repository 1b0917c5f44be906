"""Ollama's chat: https://github.com/ollama/ollama/blob/main/docs/api.md. Streams unless told not to.

Its calls have ids of late (https://github.com/ollama/ollama/blob/main/api/types.go), which its Python package drops.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ollama import Options

from tests.sdk.scenes import INPUT_TOKENS, OUTPUT_TOKENS, Answer, Heard, Json, Made
from tests.sdk.upstreams.wire import Wire, only, pieces

MEMBERS = (
    "model",
    "messages",
    "tools",
    "think",
    "format",
    "options",
    "stream",
    "keep_alive",
    "logprobs",
    "top_logprobs",
)
MESSAGE = ("role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id")
TIMES = {
    "total_duration": 8625649709,
    "load_duration": 142828459,
    "prompt_eval_count": INPUT_TOKENS,
    "prompt_eval_duration": 59321000,
    "eval_count": OUTPUT_TOKENS,
    "eval_duration": 8419494000,
}


def hear(request: Json) -> Heard:
    only(request, MEMBERS)
    options = request.get("options") or {}
    only(options, [*Options.model_fields, "min_p"], "options")
    form = request.get("format")
    heard = Heard(
        limit=options.get("num_predict"),
        temperature=options.get("temperature"),
        tools={tool["function"]["name"]: tool["function"]["parameters"] for tool in request.get("tools") or []},
        schema=form if isinstance(form, dict) else None,
        thinks=bool(request.get("think")),
    )
    for message in request["messages"]:
        hear_message(heard, message)
    return heard


def hear_message(heard: Heard, message: Json) -> None:
    only(message, MESSAGE, "a message")
    heard.images += [f"data:image/png;base64,{image}" for image in message.get("images") or []]
    for call in message.get("tool_calls") or []:
        heard.calls.append(Made(call.get("id", ""), call["function"]["name"], object_of(call["function"]["arguments"])))
    if message["role"] == "system":
        heard.system = message["content"]
    elif message["role"] == "user":
        heard.words = message["content"]
    elif message["role"] == "tool":
        heard.results.append(result_of(heard, message))


def result_of(heard: Heard, message: Json) -> tuple[str, Json, str]:
    """A result without an id follows the order of the calls; the name must fit in any case."""
    called = message.get("tool_call_id")
    if called:
        [call] = [call for call in heard.calls if call.id == called]
    else:
        call = heard.calls[len(heard.results)]
    if message.get("tool_name") != call.name:
        raise ValueError(f"a result of {message.get('tool_name')}, but the call is {call}")
    return call.name, call.arguments, message["content"]


def object_of(arguments: Any) -> Json:
    if not isinstance(arguments, dict):
        raise ValueError("arguments must be an object")
    return arguments


# ---- what it answers


def message_of(model: str, members: Json, **rest: Any) -> Json:
    message = {"role": "assistant", "content": "", **members}
    return {"model": model, "created_at": "2026-08-07T06:08:14.947137Z", "message": message, "done": False, **rest}


def ended(model: str, members: Json) -> Json:
    return message_of(model, members, done=True, done_reason="stop", **TIMES)


def calls_of(calls: tuple[Made, ...]) -> Json:
    said = [{"id": call.id, "function": {"name": call.name, "arguments": call.arguments}} for call in calls]
    return {"tool_calls": said} if said else {}


def whole(answer: Answer, model: str) -> Json:
    thought = {"thinking": answer.thought} if answer.thought else {}
    return ended(model, {"content": answer.text, **thought, **calls_of(answer.calls)})


def stream(answer: Answer, model: str, request: Json) -> list[bytes]:
    lines = [message_of(model, {"thinking": piece}) for piece in pieces(answer.thought)]
    lines += [message_of(model, {"content": piece}) for piece in pieces(answer.text)]
    lines += [message_of(model, calls_of((call,))) for call in answer.calls]
    return [line(said) for said in [*lines, ended(model, {})]]


def line(said: Json) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def refusal(status: int, words: str) -> tuple[dict[str, str], Json]:
    return {}, {"error": words}


def broken(complaint: str) -> bytes:
    return line({"error": complaint})


WIRE = Wire(
    name="ollama",
    path=re.compile(r"/api/chat"),
    key=("authorization", "Bearer "),
    content_type="application/x-ndjson",
    model="qwen3:4b",
    streamed=lambda path, request: request.get("stream", True) is not False,
    hear=hear,
    whole=whole,
    stream=stream,
    refusal=refusal,
    broken=broken,
)
