"""Anthropic's Messages, and Claude in Bedrock's envelope. Sources: https://docs.claude.com/en/docs/build-with-claude/streaming,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from tests.promises.dialects.bedrock import EXCEPTIONS, errors_in, frames
from tests.promises.dialects.wire import BROKEN, Error, Heard, Json, Said, Wire, frame, objects, sse, sse_payloads

USAGE = {"input_tokens": 70, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 5, "output_tokens": 50}
BUCKETS = {"input": 70, "cache_read": 30, "cache_write": 5, "output": 50}


def event(kind: str, **more: Any) -> Json:
    return {"type": kind, **more}


def message(content: list[Json], stop: str | None, usage: Json) -> Json:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content}
    return {**head, "stop_reason": stop, "stop_sequence": None, "usage": usage}


def told(words: Sequence[str]) -> tuple[list[Json], list[Json], list[Json]]:
    opening = [
        event("message_start", message=message([], None, USAGE | {"output_tokens": 1})),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    ]
    deltas = [event("content_block_delta", index=0, delta={"type": "text_delta", "text": word}) for word in words]
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    ending = [
        event("content_block_stop", index=0),
        event("message_delta", delta=stop, usage=USAGE),
        event("message_stop"),
    ]
    return opening, deltas, ending


def stream(words: Sequence[str]) -> Said:
    return Said(*([sse(each, each["type"]) for each in part] for part in told(words)))


def hear(data: bytes) -> Heard:
    return heard(objects(sse_payloads(data)))


def heard(events: Sequence[Json]) -> Heard:
    deltas = [each["delta"] for each in events if each["type"] == "content_block_delta"]
    stopped = [each for each in events if each["type"] == "message_delta" and each["delta"].get("stop_reason")]
    return Heard(
        "".join(delta.get("text", "") for delta in deltas),
        bool(stopped) or any(each["type"] == "message_stop" for each in events),
        tuple(each["error"]["message"] for each in events if each["type"] == "error"),
    )


def refusal(kind: str) -> bytes:
    return sse({"type": "error", "error": {"type": kind, "message": BROKEN}}, "error")


ANTHROPIC = Wire(
    name="anthropic",
    kind="anthropic",
    path="/v1/messages",
    content_type="text/event-stream",
    request=lambda text: {"max_tokens": 64, "messages": [{"role": "user", "content": text}]},
    reply=lambda text: message([{"type": "text", "text": text}], "end_turn", USAGE),
    stream=stream,
    buckets=BUCKETS,
    hear=hear,
    words_of=lambda body: str(body["error"]["message"]),
    text_of=lambda body: str(body["content"][0]["text"]),
    errors={
        "overloaded": Error(refusal("overloaded_error"), 502, "provider_overloaded"),
        "rate limit": Error(refusal("rate_limit_error"), 429, "provider_rate_limited"),
        "bad request": Error(refusal("invalid_request_error"), 400, "invalid_request"),
    },
    headers={"anthropic-version": "2023-06-01"},
)


# ---- invoke


def wrap(payload: Json) -> bytes:
    return frame({"bytes": b64encode(orjson.dumps(payload)).decode(), "p": "abcdefgh"}, "chunk")


def hear_invoke(data: bytes) -> Heard:
    found = frames(data)
    inside = [orjson.loads(b64decode(payload["bytes"])) for kind, payload in found if kind == "chunk"]
    return heard(inside)._replace(errors=errors_in(found))


INVOKE = replace(
    ANTHROPIC,
    name="bedrock_invoke",
    kind="bedrock",
    path="/model/{model}/invoke",
    stream_path="/model/{model}/invoke-with-response-stream",
    content_type="application/vnd.amazon.eventstream",
    request=lambda text: {"anthropic_version": "bedrock-2023-05-31", **ANTHROPIC.request(text)},
    stream=lambda words: Said(*([wrap(each) for each in part] for part in told(words))),
    hear=hear_invoke,
    words_of=lambda body: str(body["message"]),
    errors=EXCEPTIONS,
    headers={},
)
