"""Cohere's second version. Sources: https://docs.cohere.com/v2/docs/streaming, https://docs.cohere.com/v2/reference/chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.promises.dialects.wire import BROKEN, Error, Heard, Json, Said, Wire, objects, sse, sse_payloads

USAGE = {"billed_units": {"input_tokens": 7, "output_tokens": 40}, "tokens": {"input_tokens": 70, "output_tokens": 50}}


def event(kind: str, **more: Any) -> bytes:
    return sse({"type": kind, **more}, kind)


def of_text(said: Json) -> Json:
    return {"message": {"content": said}}


def stream(words: Sequence[str]) -> Said:
    start = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    return Said(
        [
            event("message-start", id="r1", delta={"message": start}),
            event("content-start", index=0, delta=of_text({"type": "text", "text": ""})),
        ],
        [event("content-delta", index=0, delta=of_text({"text": word})) for word in words],
        [
            event("content-end", index=0),
            event("message-end", delta={"finish_reason": "COMPLETE", "usage": USAGE}),
            b"data: [DONE]\n\n",
        ],
    )


def hear(data: bytes) -> Heard:
    payloads = sse_payloads(data)
    events = objects(payloads)
    texts = [each["delta"]["message"]["content"].get("text", "") for each in events if each["type"] == "content-delta"]
    ends = [each["delta"] for each in events if each["type"] == "message-end"]
    return Heard(
        "".join(texts),
        b"[DONE]" in payloads or any(end["finish_reason"] != "ERROR" for end in ends),
        tuple(end["error"] for end in ends if end["finish_reason"] == "ERROR"),
    )


def reply(text: str) -> Json:
    message = {"role": "assistant", "content": [{"type": "text", "text": text}]}
    return {"id": "r1", "message": message, "finish_reason": "COMPLETE", "usage": USAGE}


COHERE = Wire(
    name="cohere",
    kind="cohere",
    path="/v2/chat",
    content_type="text/event-stream",
    request=lambda text: {"messages": [{"role": "user", "content": text}]},
    reply=reply,
    stream=stream,
    buckets={"input": 7, "output": 40},
    hear=hear,
    words_of=lambda body: str(body["message"]),
    text_of=lambda body: str(body["message"]["content"][0]["text"]),
    errors={
        "failed": Error(event("message-end", delta={"finish_reason": "ERROR", "error": BROKEN}), 502, "provider_error")
    },
)
