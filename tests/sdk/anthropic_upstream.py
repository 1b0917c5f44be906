"""A server that speaks Anthropic's Messages API as a test tells it to, and is strict about what it is asked.

Requests are held against the `anthropic` package's own parameter types, events against its event types; what neither
knows is refused with a 400, as Anthropic does. It knows nothing of the sidecar.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from anthropic.types import Message, MessageCreateParams, RawMessageStreamEvent
from pydantic import TypeAdapter

from tests.sdk.upstreams.server import Json, Turn, Upstream
from tests.sdk.upstreams.strict import strictly

KEY = "sk-ant-api03-canary-canary-canary"
PIECE = 5
REQUEST: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)

#: Taken by models before Claude 4.7; the package, which is newer, no longer has types for them.
SAMPLERS = {"temperature": (0, 1), "top_p": (0, 1), "top_k": (0, 500)}


Script = Callable[[Turn], None]


class AnthropicUpstream(Upstream):
    """Answers every request with `script`."""

    def __init__(self) -> None:
        super().__init__()
        self.script: Script = answers(text("Hello"))

    def answer(self, turn: Turn) -> None:
        complaint = complaint_about(turn.path, turn)
        if complaint:
            turn.reply(400, error("invalid_request_error", complaint))
        else:
            self.script(turn)


# ---- what it is asked


def complaint_about(path: str, turn: Turn) -> str | None:
    expected = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json"}
    wrong = {name: turn.headers.get(name) for name in expected if turn.headers.get(name) != expected[name]}
    if path != "/v1/messages" or wrong or "authorization" in turn.headers:
        return f"{path} with {wrong or 'authorization'}"
    request = {name: value for name, value in turn.request.items() if name not in SAMPLERS}
    for name in turn.request.keys() - request.keys():
        least, most = SAMPLERS[name]
        if not least <= turn.request[name] <= most:
            return f"{name} must be {least} to {most}"
    try:
        strictly(REQUEST, request)
    except ValueError as fault:
        return str(fault)
    return None


# ---- what it answers


def text(words: str) -> Json:
    return {"type": "text", "text": words, "citations": None}


def thinking(thought: str, signature: str) -> Json:
    return {"type": "thinking", "thinking": thought, "signature": signature}


def tool_use(id: str, name: str, input: Json) -> Json:
    return {"type": "tool_use", "id": id, "name": name, "input": input, "caller": {"type": "direct"}}


def answers(*blocks: Json, stop_reason: str = "end_turn", **members: Any) -> Script:
    """The message with these blocks, whole or streamed as the request has it; `members` replace its own."""

    def script(turn: Turn) -> None:
        message = message_of(turn.request["model"], blocks, stop_reason) | members
        Message.model_validate(message)
        if not turn.request.get("stream"):
            turn.reply(200, message, {"request-id": "req_whole"})
            return
        turn.begin()
        for event in events_of(message):
            turn.event(event)
        turn.end()

    return script


def error(kind: str, words: str) -> Json:
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}


def refuses(status: int, kind: str, words: str, headers: Mapping[str, str] | None = None) -> Script:
    return lambda turn: turn.reply(status, error(kind, words), headers)


USAGE: Json = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 3,
    "cache_read_input_tokens": 7,
    "output_tokens": 20,
}


def message_of(model: str, blocks: tuple[Json, ...], stop_reason: str) -> Json:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(blocks),
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": USAGE,
    }


def events_of(message: Json) -> Iterator[Json]:
    """The stream that amounts to this message, each event as the package's types have it; a ping is in none of them."""
    for event in stream_of(message):
        EVENT.validate_python(event)
        yield event
        if event["type"] == "message_start":
            yield {"type": "ping"}


def stream_of(message: Json) -> Iterator[Json]:
    first = message | {"content": [], "stop_reason": None, "usage": message["usage"] | {"output_tokens": 1}}
    yield {"type": "message_start", "message": first}
    for index, block in enumerate(message["content"]):
        empty, deltas = OPENINGS[block["type"]](block)
        yield {"type": "content_block_start", "index": index, "content_block": block | empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
    yield {"type": "message_delta", "delta": ending, "usage": message["usage"]}
    yield {"type": "message_stop"}


def pieces(words: str) -> list[str]:
    return [words[start : start + PIECE] for start in range(0, len(words), PIECE)]


def open_text(block: Json) -> tuple[Json, list[Json]]:
    return {"text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]


def open_thinking(block: Json) -> tuple[Json, list[Json]]:
    thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
    return {"thinking": "", "signature": ""}, [*thoughts, {"type": "signature_delta", "signature": block["signature"]}]


def open_tool_use(block: Json) -> tuple[Json, list[Json]]:
    arguments = pieces(json.dumps(block["input"])) if block["input"] else []
    return {"input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *arguments]]


OPENINGS: Mapping[str, Callable[[Json], tuple[Json, list[Json]]]] = {
    "text": open_text,
    "thinking": open_thinking,
    "tool_use": open_tool_use,
}
