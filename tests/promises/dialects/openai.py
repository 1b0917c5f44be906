"""OpenAI's chat and Responses. Sources: https://platform.openai.com/docs/api-reference/chat-streaming,
https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.promises.dialects.wire import BROKEN, Error, Heard, Json, Said, Wire, objects, sse, sse_payloads

CHAT_USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 30},
    "completion_tokens_details": {"reasoning_tokens": 20},
}
USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 30},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 150,
}
BUCKETS = {"input": 70, "cache_read": 30, "output": 30, "reasoning": 20}
WORDS: Json = {"message": BROKEN, "type": "server_error", "param": None, "code": None}


# ---- chat


def chunk(choices: list[Json], **more: Any) -> bytes:
    return sse({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more})


def delta(said: Json, finish: str | None = None) -> bytes:
    return chunk([{"index": 0, "delta": said, "finish_reason": finish}])


def chat_reply(text: str) -> Json:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    return {**head, "choices": [choice], "usage": CHAT_USAGE}


def chat_stream(words: Sequence[str]) -> Said:
    return Said(
        [delta({"role": "assistant", "content": ""})],
        [delta({"content": word}) for word in words],
        [delta({}, "stop"), chunk([], usage=CHAT_USAGE), b"data: [DONE]\n\n"],
    )


def hear_chat(data: bytes) -> Heard:
    payloads = sse_payloads(data)
    events = objects(payloads)
    choices = [choice for event in events for choice in event.get("choices", ())]
    return Heard(
        "".join(choice["delta"].get("content") or "" for choice in choices),
        b"[DONE]" in payloads or any(choice["finish_reason"] for choice in choices),
        tuple(event["error"]["message"] for event in events if "error" in event),
    )


OPENAI = Wire(
    name="openai",
    kind="openai",
    base="/v1",
    path="/v1/chat/completions",
    content_type="text/event-stream",
    request=lambda text: {"messages": [{"role": "user", "content": text}]},
    reply=chat_reply,
    stream=chat_stream,
    buckets=BUCKETS,
    hear=hear_chat,
    words_of=lambda body: str(body["error"]["message"]),
    text_of=lambda body: str(body["choices"][0]["message"]["content"]),
    errors={
        "server error": Error(sse({"error": WORDS}), 502, "provider_error"),
        "rate limit": Error(
            sse({"error": WORDS | {"type": "rate_limit_error", "code": 429}}), 429, "provider_rate_limited"
        ),
        "bad request": Error(sse({"error": WORDS | {"type": "invalid_request_error"}}), 400, "invalid_request"),
    },
)


# ---- responses


def response(status: str, output: list[Json], usage: Json | None, **more: Any) -> Json:
    head = {"id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "m", "error": None}
    return {**head, "incomplete_details": None, "output": output, "usage": usage, **more}


def message(text: str, status: str = "completed") -> Json:
    parts = [part(text)] if status == "completed" else []
    return {"id": "msg_1", "type": "message", "status": status, "role": "assistant", "content": parts}


def part(text: str) -> Json:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def event(kind: str, **more: Any) -> bytes:
    return sse({"type": f"response.{kind}", "sequence_number": 0, **more}, f"response.{kind}")


def stream(words: Sequence[str]) -> Said:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    text = "".join(words)
    opening = [
        event("created", response=response("in_progress", [], None)),
        event("in_progress", response=response("in_progress", [], None)),
        event("output_item.added", output_index=0, item=message("", "in_progress")),
        event("content_part.added", **place, part=part("")),
    ]
    ending = [
        event("output_text.done", **place, text=text, logprobs=[]),
        event("content_part.done", **place, part=part(text)),
        event("output_item.done", output_index=0, item=message(text)),
        event("completed", response=response("completed", [message(text)], USAGE)),
    ]
    return Said(opening, [event("output_text.delta", **place, delta=word, logprobs=[]) for word in words], ending)


def hear(data: bytes) -> Heard:
    events = objects(sse_payloads(data))
    return Heard(
        "".join(each["delta"] for each in events if each["type"] == "response.output_text.delta"),
        any(each["type"] in ("response.completed", "response.incomplete") for each in events),
        tuple(words_in(each) for each in events if each["type"] in ("error", "response.failed")),
    )


def words_in(payload: Json) -> str:
    holder = payload.get("response") or payload
    return str((holder.get("error") or payload)["message"])


FAILED: Json = {"code": "server_error", "message": BROKEN}
RESPONSES = Wire(
    name="responses",
    kind="openai",
    base="/v1",
    path="/v1/responses",
    content_type="text/event-stream",
    request=lambda text: {"input": text},
    reply=lambda text: response("completed", [message(text)], USAGE),
    stream=stream,
    buckets=BUCKETS,
    hear=hear,
    words_of=lambda body: str(body["error"]["message"]),
    text_of=lambda body: str(body["output"][0]["content"][0]["text"]),
    errors={
        "error event": Error(sse({"type": "error", "error": WORDS}, "error"), 502, "provider_error"),
        "flat error event": Error(
            sse({"type": "error", "code": "rate_limit_exceeded", "message": BROKEN, "param": None}, "error"),
            429,
            "provider_rate_limited",
        ),
        "failed response": Error(
            event("failed", response=response("failed", [], None, error=FAILED)), 502, "provider_error"
        ),
        "bad prompt": Error(
            event("failed", response=response("failed", [], None, error=FAILED | {"code": "invalid_prompt"})),
            400,
            "invalid_request",
        ),
    },
)
