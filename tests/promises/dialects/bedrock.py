"""Bedrock's Converse; its frames are read by botocore, as the official SDK does. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]

from tests.promises.dialects.wire import BROKEN, Error, Heard, Json, Said, Wire, frame

USAGE = {
    "inputTokens": 70,
    "outputTokens": 50,
    "totalTokens": 155,
    "cacheReadInputTokens": 30,
    "cacheWriteInputTokens": 5,
}
EXCEPTIONS = {
    "throttled": Error(frame({"message": BROKEN}, "throttlingException", "exception"), 429, "provider_rate_limited"),
    "model error": Error(frame({"message": BROKEN}, "modelStreamErrorException", "exception"), 502, "provider_error"),
    "invalid": Error(frame({"message": BROKEN}, "validationException", "exception"), 400, "invalid_request"),
}


def frames(data: bytes) -> list[tuple[str, Any]]:
    """Kind and payload of every whole frame; botocore raises where a checksum is wrong."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    found = []
    for event in buffer:
        wire = event.to_response_dict()
        kind = wire["headers"].get(":event-type") or wire["headers"][":exception-type"]
        found.append((kind, orjson.loads(wire["body"])))
    return found


def errors_in(found: Sequence[tuple[str, Any]]) -> tuple[str, ...]:
    return tuple(payload["message"] for kind, payload in found if kind.endswith("Exception"))


def stream(words: Sequence[str]) -> Said:
    return Said(
        [frame({"p": "ab", "role": "assistant"}, "messageStart")],
        [frame({"contentBlockIndex": 0, "delta": {"text": word}, "p": "abc"}, "contentBlockDelta") for word in words],
        [
            frame({"contentBlockIndex": 0, "p": "a"}, "contentBlockStop"),
            frame({"p": "ab", "stopReason": "end_turn"}, "messageStop"),
            frame({"metrics": {"latencyMs": 5}, "p": "abcd", "usage": USAGE}, "metadata"),
        ],
    )


def hear(data: bytes) -> Heard:
    found = frames(data)
    deltas = [payload["delta"] for kind, payload in found if kind == "contentBlockDelta"]
    return Heard(
        "".join(delta.get("text", "") for delta in deltas),
        any(kind == "messageStop" for kind, _ in found),
        errors_in(found),
    )


def reply(text: str) -> Json:
    message = {"role": "assistant", "content": [{"text": text}]}
    return {"output": {"message": message}, "stopReason": "end_turn", "usage": USAGE, "metrics": {"latencyMs": 5}}


BEDROCK = Wire(
    name="bedrock",
    kind="bedrock",
    path="/model/{model}/converse",
    stream_path="/model/{model}/converse-stream",
    content_type="application/vnd.amazon.eventstream",
    request=lambda text: {"messages": [{"role": "user", "content": [{"text": text}]}]},
    reply=reply,
    stream=stream,
    buckets={"input": 70, "cache_read": 30, "cache_write": 5, "output": 50},
    hear=hear,
    words_of=lambda body: str(body["message"]),
    text_of=lambda body: str(body["output"]["message"]["content"][0]["text"]),
    errors=EXCEPTIONS,
)
