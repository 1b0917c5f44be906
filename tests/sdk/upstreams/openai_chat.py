"""OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from tests.sdk.scenes import INPUT_TOKENS, OUTPUT_TOKENS, Answer, Heard, Json, Made
from tests.sdk.upstreams.strict import strictly
from tests.sdk.upstreams.wire import Wire, arguments_of, matched, pieces, sse, woven

REQUEST: TypeAdapter[Any] = TypeAdapter(completion_create_params.CompletionCreateParams)
USAGE: Json = {
    "prompt_tokens": INPUT_TOKENS,
    "completion_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}
TYPES = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    404: "invalid_request_error",
    429: "requests",
    500: "server_error",
    503: "service_unavailable_error",
}
CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


def hear(request: Json) -> Heard:
    strictly(REQUEST, {**request, "messages": [without_echoes(message) for message in request["messages"]]})
    heard = Heard(
        limit=request.get("max_completion_tokens", request.get("max_tokens")),
        temperature=request.get("temperature"),
        tools={tool["function"]["name"]: tool["function"]["parameters"] for tool in request.get("tools", [])},
        thinks="reasoning_effort" in request,
    )
    form = request.get("response_format")
    if form and form["type"] == "json_schema":
        heard.schema = form["json_schema"]["schema"]
    results = []
    for message in request["messages"]:
        if message["role"] == "tool":
            results.append((message["tool_call_id"], text_of(message["content"])))
        for call in message.get("tool_calls") or []:
            heard.calls.append(Made(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])))
    heard.results = matched(heard.calls, results)
    heard.system = "\n".join(
        text_of(message["content"]) for message in request["messages"] if message["role"] in ("system", "developer")
    )
    asked = [message["content"] for message in request["messages"] if message["role"] == "user"]
    heard.words = text_of(asked[-1])
    heard.images = [
        part["image_url"]["url"]
        for content in asked
        if isinstance(content, list)
        for part in content
        if part["type"] == "image_url"
    ]
    return heard


def without_echoes(message: Json) -> Json:
    """What applications send back because it was said to them; it is taken, and has no type."""
    return {name: value for name, value in message.items() if name not in ("annotations", "reasoning_content")}


def text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] == "text")


def call_of(call: Made) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments_of(call)}}


def finish_of(answer: Answer) -> str:
    return "tool_calls" if answer.calls else "stop"


def head(model: str, kind: str) -> Json:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_763_000_000, "model": model, "service_tier": "default"}


def whole(answer: Answer, model: str) -> Json:
    message: Json = {"role": "assistant", "content": answer.text or None, "refusal": None, "annotations": []}
    if answer.calls:
        message["tool_calls"] = [call_of(call) for call in answer.calls]
    if answer.thought:
        message["reasoning_content"] = answer.thought
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_of(answer)}
    return head(model, "chat.completion") | {"choices": [choice], "usage": USAGE, "system_fingerprint": "fp_1"}


def deltas(answer: Answer) -> Iterator[Json]:
    yield {"role": "assistant", "content": "" if not answer.calls else None, "refusal": None}
    yield from ({"reasoning_content": piece} for piece in pieces(answer.thought))
    yield from ({"content": piece} for piece in pieces(answer.text))
    arguments = [[(index, piece) for piece in pieces(arguments_of(call))] for index, call in enumerate(answer.calls)]
    for index, call in enumerate(answer.calls):
        opened = call_of(call) | {"index": index, "function": {"name": call.name, "arguments": ""}}
        yield {"tool_calls": [opened]}
    for index, piece in woven(arguments):
        yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def stream(answer: Answer, model: str, request: Json) -> list[bytes]:
    first = head(model, "chat.completion.chunk") | {"system_fingerprint": "fp_1"}
    events = [first | {"choices": [choice(delta)]} for delta in deltas(answer)]
    events.append(first | {"choices": [choice({}) | {"finish_reason": finish_of(answer)}]})
    if (request.get("stream_options") or {}).get("include_usage"):
        events = [event | {"usage": None} for event in events]
        events.append(first | {"choices": [], "usage": USAGE})
    return [*map(sse, events), b"data: [DONE]\n\n"]


def choice(delta: Json) -> Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}


def refusal(status: int, words: str) -> tuple[dict[str, str], Json]:
    return {"x-request-id": "req_1"}, {
        "error": {"message": words, "type": TYPES[status], "param": None, "code": CODES.get(status)}
    }


def broken(complaint: str) -> bytes:
    return sse({"error": {"message": complaint, "type": "server_error", "param": None, "code": "server_error"}})


WIRE = Wire(
    name="openai",
    path=re.compile(r"/v1/chat/completions"),
    key=("authorization", "Bearer "),
    content_type="text/event-stream; charset=utf-8",
    model="gpt-5-mini",
    streamed=lambda path, request: bool(request.get("stream")),
    hear=hear,
    whole=whole,
    stream=stream,
    refusal=refusal,
    broken=broken,
)
