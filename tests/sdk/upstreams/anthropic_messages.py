"""Anthropic's messages: https://docs.claude.com/en/api/messages and https://docs.claude.com/en/docs/build-with-claude/streaming."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.sdk.anthropic_upstream import REQUEST, SAMPLERS
from tests.sdk.scenes import INPUT_TOKENS, OUTPUT_TOKENS, Answer, Heard, Json, Made
from tests.sdk.upstreams.strict import strictly
from tests.sdk.upstreams.wire import Unable, Wire, arguments_of, matched, pieces, sse, woven

USAGE: Json = {
    "input_tokens": INPUT_TOKENS,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "output_tokens": OUTPUT_TOKENS,
    "service_tier": "standard",
}
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
}


#: Not every organisation has threads; the package then goes on without (anthropic/lib/threads/_thread_state.py).
NO_THREADS: Json = {
    "type": "error",
    "error": {
        "type": "invalid_request_error",
        "message": "This request cannot be threaded.",
        "details": {"error_code": "thread_unsupported_request", "unsupported": ["zero_data_retention"]},
    },
    "request_id": "req_1",
}


def hear(request: Json) -> Heard:
    if "thread" in request:
        raise Unable(NO_THREADS)
    strictly(REQUEST, {name: value for name, value in request.items() if name not in SAMPLERS})
    tools = {tool["name"]: tool["input_schema"] for tool in request.get("tools", [])}
    heard = Heard(
        system=text_of(request.get("system", "")),
        limit=request["max_tokens"],
        temperature=request.get("temperature"),
        tools=tools,
        thinks=request.get("thinking", {}).get("type") in ("enabled", "adaptive"),
    )
    form = request.get("output_config", {}).get("format")
    if form:
        heard.schema = form["schema"]
    choice = request.get("tool_choice", {})
    if choice.get("type") == "tool":
        heard.json_tool = choice["name"]
        heard.schema = tools[choice["name"]]
    results = [hear_message(heard, message) for message in request["messages"]]
    heard.results = matched(heard.calls, [result for found in results for result in found])
    return heard


def hear_message(heard: Heard, message: Json) -> list[tuple[str, str]]:
    """Its tool results."""
    blocks = message["content"]
    if isinstance(blocks, str):
        blocks = [{"type": "text", "text": blocks}]
    results = []
    for block in blocks:
        match block["type"]:
            case "tool_use":
                heard.calls.append(Made(block["id"], block["name"], block["input"]))
            case "tool_result":
                results.append((block["tool_use_id"], text_of(block["content"])))
            case "thinking":
                heard.signatures.append(block["signature"])
            case "text" if message["role"] == "user":
                heard.words = block["text"]
            case "image":
                heard.images.append(address_of(block["source"]))
    return results


def address_of(source: Json) -> str:
    if source["type"] == "url":
        return str(source["url"])
    return f"data:{source['media_type']};base64,{source['data']}"


def text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(block["text"] for block in content)


# ---- what it answers


def blocks_of(answer: Answer) -> list[Json]:
    blocks: list[Json] = []
    if answer.thought:
        blocks.append({"type": "thinking", "thinking": answer.thought, "signature": answer.signature})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    for call in answer.calls:
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments})
    return blocks


def whole(answer: Answer, model: str) -> Json:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": blocks_of(answer),
        "stop_reason": "tool_use" if answer.calls else "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }


def stream(answer: Answer, model: str, request: Json) -> list[bytes]:
    return [sse(event, event["type"]) for event in events_of(whole(answer, model), answer)]


def events_of(message: Json, answer: Answer) -> Iterator[Json]:
    first = message | {"content": [], "stop_reason": None, "usage": message["usage"] | {"output_tokens": 1}}
    yield {"type": "message_start", "message": first}
    yield {"type": "ping"}
    blocks = list(enumerate(message["content"]))
    for index, block in blocks:
        if block["type"] != "tool_use":
            yield from block_events(index, block)
    calls = [(index, block) for index, block in blocks if block["type"] == "tool_use"]
    yield from (
        {"type": "content_block_start", "index": index, "content_block": c | {"input": {}}} for index, c in calls
    )
    yield from woven(
        [
            [delta(index, {"type": "input_json_delta", "partial_json": piece}) for piece in ["", *arguments(call)]]
            for (index, _), call in zip(calls, answer.calls, strict=True)
        ]
    )
    yield from ({"type": "content_block_stop", "index": index} for index, _ in calls)
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": OUTPUT_TOKENS}}
    yield {"type": "message_stop"}


def arguments(call: Made) -> list[str]:
    """A call without any streams nothing more than the empty piece before."""
    return pieces(arguments_of(call)) if call.arguments else []


def delta(index: int, said: Json) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": said}


def block_events(index: int, block: Json) -> Iterator[Json]:
    name = block["type"]
    empty = block | {name: ""} | ({"signature": ""} if name == "thinking" else {})
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    yield from (delta(index, {"type": f"{name}_delta", name: piece}) for piece in pieces(block[name]))
    if name == "thinking":
        yield delta(index, {"type": "signature_delta", "signature": block["signature"]})
    yield {"type": "content_block_stop", "index": index}


def refusal(status: int, words: str) -> tuple[dict[str, str], Json]:
    fault = {"type": TYPES[status], "message": words}
    return {"request-id": "req_1"}, {"type": "error", "error": fault, "request_id": "req_1"}


def broken(complaint: str) -> bytes:
    return sse({"type": "error", "error": {"type": "api_error", "message": complaint}}, "error")


WIRE = Wire(
    name="anthropic",
    path=re.compile(r"/v1/messages"),
    key=("x-api-key", ""),
    content_type="text/event-stream; charset=utf-8",
    model="claude-opus-4-5",
    streamed=lambda path, request: bool(request.get("stream")),
    hear=hear,
    whole=whole,
    stream=stream,
    refusal=refusal,
    broken=broken,
)
