"""What the fake provider says, as it goes on the socket: OpenAI's and Anthropic's answers, prepared once.

A reply has about 0.7 kB. A stream is an opening in which the model has spoken, any number of events that each carry a
stamp of 16 digits in their text, and the wire's own proper ending. It knows no socket and no clock.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

TEXT = "Pack warm layers, a light rain shell and shoes that can take a wet day. " * 4
OPENED = "open;"
TOKENS = (23, 61)
PLACEHOLDER = b"0" * 16


class Wire(NamedTuple):
    """One provider's answers as they go on the socket. A stream's event is `before`, a stamp of 16 digits, `after`."""

    reply: bytes
    opening: bytes
    before: bytes
    after: bytes
    ending: bytes


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def answer(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


def _chunk(payload: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def _wire(reply: dict[str, Any], opening: list[bytes], event: bytes, ending: list[bytes]) -> Wire:
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
        b"x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    before, after = _chunk(event).split(PLACEHOLDER)
    closing = _chunk(b"".join(ending)) + b"0\r\n\r\n"
    return Wire(answer(_dump(reply)), head + _chunk(b"".join(opening)), before, after, closing)


def _openai_event(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1760000000, "model": "gpt-bench"}
    return b"data: %b\n\n" % _dump(head | {"system_fingerprint": "fp_bench", "choices": choices, "usage": usage})


def _openai_delta(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return _openai_event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])


def _openai() -> Wire:
    """Source: platform.openai.com/docs/api-reference/chat (object and streaming)."""
    usage = {"prompt_tokens": TOKENS[0], "completion_tokens": TOKENS[1], "total_tokens": sum(TOKENS)}
    message: dict[str, Any] = {"role": "assistant", "content": TEXT, "refusal": None, "annotations": []}
    reply: dict[str, Any] = {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "gpt-bench",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage | {"prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0}},
        "service_tier": "default",
        "system_fingerprint": "fp_bench",
    }
    return _wire(
        reply,
        [_openai_delta({"role": "assistant", "content": ""}), _openai_delta({"content": OPENED})],
        _openai_delta({"content": f"t={PLACEHOLDER.decode()};"}),
        [_openai_delta({}, "stop"), _openai_event([], usage), b"data: [DONE]\n\n"],
    )


def _anthropic_event(name: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _dump({"type": name} | fields))


def _anthropic_delta(text: str) -> bytes:
    return _anthropic_event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def _anthropic() -> Wire:
    """Source: docs.anthropic.com/en/api/messages and /en/api/messages-streaming."""
    buckets = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "service_tier": "standard"}
    message: dict[str, Any] = {
        "id": "msg_bench",
        "type": "message",
        "role": "assistant",
        "model": "claude-bench",
        "stop_reason": None,
        "stop_sequence": None,
        "content": [],
        "usage": {"input_tokens": TOKENS[0], "output_tokens": 1} | buckets,
    }
    done = {"stop_reason": "end_turn", "stop_sequence": None}
    usage = {"input_tokens": TOKENS[0], "output_tokens": TOKENS[1]}
    return _wire(
        message | done | {"content": [{"type": "text", "text": TEXT}], "usage": usage | buckets},
        [
            _anthropic_event("message_start", message=message),
            _anthropic_event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            _anthropic_delta(OPENED),
        ],
        _anthropic_delta(f"t={PLACEHOLDER.decode()};"),
        [
            _anthropic_event("content_block_stop", index=0),
            _anthropic_event("message_delta", delta=done, usage={"output_tokens": TOKENS[1]}),
            _anthropic_event("message_stop"),
        ],
    )


WIRES = {b"POST /v1/chat/completions": _openai(), b"POST /v1/messages": _anthropic()}
