"""Streams as providers send them, event by event, for tests that cut them up."""

from __future__ import annotations

from typing import Any

import orjson


def event(payload: Any, name: str = "") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + (payload if isinstance(payload, bytes) else orjson.dumps(payload)) + b"\n\n"


def openai_chunk(**delta: Any) -> bytes:
    return event(
        {
            "id": "c1",
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
        }
    )


def openai_usage(prompt: int, completion: int) -> bytes:
    return event({"id": "c1", "choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}})


ROLE = openai_chunk(role="assistant", content="")
STOP = event({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
DONE = event(b"[DONE]")
OPENAI = [ROLE, openai_chunk(content="Hel"), openai_chunk(content="lo"), STOP, openai_usage(9, 2), DONE]
OPENAI_ERROR = event({"error": {"message": "it broke", "type": "server_error", "code": None}})


def anthropic(kind: str, **fields: Any) -> bytes:
    return event({"type": kind, **fields}, kind)


def anthropic_text(text: str) -> bytes:
    return anthropic("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


MESSAGE: dict[str, Any] = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [],
    "stop_reason": None,
}
START = anthropic("message_start", message=MESSAGE | {"usage": {"input_tokens": 9, "output_tokens": 1}})
BLOCK = anthropic("content_block_start", index=0, content_block={"type": "text", "text": ""})
PING = anthropic("ping")
ENDING = [
    anthropic("content_block_stop", index=0),
    anthropic("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 2}),
    anthropic("message_stop"),
]
ANTHROPIC = [START, BLOCK, PING, anthropic_text("Hel"), anthropic_text("lo"), *ENDING]
ANTHROPIC_ERROR = anthropic("error", error={"type": "overloaded_error", "message": "too much"})
