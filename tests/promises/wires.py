"""What providers say, in pieces small enough to be sent one at a time: OpenAI's chunks and Anthropic's events."""

from __future__ import annotations

from typing import Any

import orjson

DONE = b"data: [DONE]\n\n"


def sse(payload: Any, name: str = "") -> bytes:
    return (f"event: {name}\n".encode() if name else b"") + b"data: %b\n\n" % orjson.dumps(payload)


# ---- OpenAI


def openai_chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return sse({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more})


OPENAI_OPENING = openai_chunk({"role": "assistant", "content": ""})
OPENAI_USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 30, "audio_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 3},
}


def openai_word(text: str) -> bytes:
    return openai_chunk({"content": text})


def openai_end(usage: dict[str, Any] | None = None) -> bytes:
    last = sse(
        {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage}
    )
    return openai_chunk({}, "stop") + (last if usage else b"") + DONE


def openai_stream(*words: str, usage: dict[str, Any] | None = None) -> bytes:
    return OPENAI_OPENING + b"".join(map(openai_word, words)) + openai_end(usage)


def openai_reply(text: str = "hi", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **more}


# ---- Anthropic

ANTHROPIC_START_USAGE = {
    "input_tokens": 10,
    "cache_read_input_tokens": 7,
    "cache_creation_input_tokens": 5,
    "output_tokens": 1,
}


def anthropic_event(name: str, **fields: Any) -> bytes:
    return sse({"type": name, **fields}, name)


def anthropic_opening(usage: dict[str, Any] | None = None) -> bytes:
    message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
    message |= {"stop_reason": None, "usage": usage or ANTHROPIC_START_USAGE}
    block = {"type": "text", "text": ""}
    return anthropic_event("message_start", message=message) + anthropic_event(
        "content_block_start", index=0, content_block=block
    )


def anthropic_word(text: str) -> bytes:
    return anthropic_event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def anthropic_end(usage: dict[str, Any] | None = None) -> bytes:
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    return (
        anthropic_event("content_block_stop", index=0)
        + anthropic_event("message_delta", delta=stop, usage=usage or {"output_tokens": 9})
        + anthropic_event("message_stop")
    )


def anthropic_stream(*words: str) -> bytes:
    return anthropic_opening() + b"".join(map(anthropic_word, words)) + anthropic_end()


def anthropic_reply(content: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> dict[str, Any]:
    reply = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": content}
    return reply | {
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage or {"input_tokens": 3, "output_tokens": 4},
    }
