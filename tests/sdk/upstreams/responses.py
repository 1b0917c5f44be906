"""OpenAI's responses: https://platform.openai.com/docs/api-reference/responses, events and all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from openai.types.responses import response_create_params
from pydantic import TypeAdapter

from tests.sdk.scenes import INPUT_TOKENS, OUTPUT_TOKENS, Answer, Heard, Json, Made
from tests.sdk.upstreams import openai_chat
from tests.sdk.upstreams.strict import strictly
from tests.sdk.upstreams.wire import Wire, arguments_of, matched, pieces, sse, woven

REQUEST: TypeAdapter[Any] = TypeAdapter(response_create_params.ResponseCreateParams)
USAGE: Json = {
    "input_tokens": INPUT_TOKENS,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": OUTPUT_TOKENS,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
}


def hear(request: Json) -> Heard:
    strictly(REQUEST, completed(request))
    heard = Heard(
        system=request.get("instructions") or "",
        limit=request.get("max_output_tokens"),
        temperature=request.get("temperature"),
        tools={tool["name"]: tool["parameters"] for tool in request.get("tools", []) if tool["type"] == "function"},
        thinks="reasoning" in request,
    )
    form = (request.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        heard.schema = form["schema"]
    results = []
    items = request["input"]
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    for item in items:
        kind = item.get("type", "message")
        if kind == "message":
            hear_message(heard, item)
        elif kind == "function_call":
            heard.calls.append(Made(item["call_id"], item["name"], json.loads(item["arguments"])))
        elif kind == "function_call_output":
            results.append((item["call_id"], text_of(item["output"])))
        elif kind == "reasoning" and item.get("encrypted_content"):
            heard.signatures.append(item["encrypted_content"])
    heard.results = matched(heard.calls, results)
    return heard


def completed(request: Json) -> Json:
    """With what the package's types want and the API does not: `strict` of a function, `detail` of an image."""
    said = dict(request)
    if "tools" in said:
        said["tools"] = [{"strict": True, **tool} if tool["type"] == "function" else tool for tool in said["tools"]]
    if isinstance(said["input"], list):
        said["input"] = [completed_item(item) for item in said["input"]]
    return said


def completed_item(item: Json) -> Json:
    if not isinstance(item.get("content"), list):
        return item
    parts = [{"detail": "auto", **part} if part["type"] == "input_image" else part for part in item["content"]]
    return {**item, "content": parts}


def hear_message(heard: Heard, message: Json) -> None:
    words = text_of(message["content"])
    if message["role"] in ("system", "developer"):
        heard.system += words
    elif message["role"] == "user":
        heard.words = words
        parts = message["content"] if isinstance(message["content"], list) else []
        heard.images += [part["image_url"] for part in parts if part["type"] == "input_image"]


def text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


# ---- what it answers


def response_of(model: str, status: str, output: list[Json], request: Json) -> Json:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_763_000_000,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": False,
        "temperature": 1.0,
        "text": {"format": (request.get("text") or {}).get("format") or {"type": "text"}},
        "tool_choice": "auto",
        "tools": request.get("tools", []),
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": USAGE if status == "completed" else None,
        "user": None,
        "metadata": {},
    }


def items_of(answer: Answer) -> list[Json]:
    items: list[Json] = []
    if answer.thought:
        summary = [{"type": "summary_text", "text": answer.thought}]
        items.append({"id": "rs_1", "type": "reasoning", "summary": summary, "encrypted_content": answer.signature})
    if answer.text:
        content = [{"type": "output_text", "annotations": [], "logprobs": [], "text": answer.text}]
        items.append({"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": content})
    for call in answer.calls:
        said = {"type": "function_call", "status": "completed", "arguments": arguments_of(call), "name": call.name}
        items.append({"id": f"fc_{call.id}", "call_id": call.id, **said})
    return items


def whole(answer: Answer, model: str) -> Json:
    return response_of(model, "completed", items_of(answer), {})


def stream(answer: Answer, model: str, request: Json) -> list[bytes]:
    numbers = count()
    return [
        sse(event | {"sequence_number": next(numbers)}, event["type"]) for event in events_of(answer, model, request)
    ]


def events_of(answer: Answer, model: str, request: Json) -> Iterator[Json]:
    begun = response_of(model, "in_progress", [], request)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    items = items_of(answer)
    calls = []
    for index, item in enumerate(items):
        if item["type"] == "function_call":
            yield added(index, item | {"status": "in_progress", "arguments": ""})
            calls.append([argument(index, item, piece) for piece in pieces(item["arguments"])])
        elif item["type"] == "message":
            yield from message_events(index, item)
        else:
            yield from reasoning_events(index, item)
    yield from woven(calls)
    for index, item in enumerate(items):
        if item["type"] == "function_call":
            where = {"item_id": item["id"], "output_index": index, "name": item["name"]}
            yield {"type": "response.function_call_arguments.done", "arguments": item["arguments"], **where}
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": response_of(model, "completed", items, request)}


def added(index: int, item: Json) -> Json:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def argument(index: int, item: Json, piece: str) -> Json:
    where = {"item_id": item["id"], "output_index": index}
    return {"type": "response.function_call_arguments.delta", "delta": piece, **where}


def message_events(index: int, item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"], "output_index": index, "content_index": 0}
    [part] = item["content"]
    yield added(index, item | {"status": "in_progress", "content": []})
    yield {"type": "response.content_part.added", "part": part | {"text": ""}, **where}
    for piece in pieces(part["text"]):
        yield {"type": "response.output_text.delta", "delta": piece, "logprobs": [], **where}
    yield {"type": "response.output_text.done", "text": part["text"], "logprobs": [], **where}
    yield {"type": "response.content_part.done", "part": part, **where}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def reasoning_events(index: int, item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    [part] = item["summary"]
    yield added(index, item | {"summary": []})
    yield {"type": "response.reasoning_summary_part.added", "part": part | {"text": ""}, **where}
    for piece in pieces(part["text"]):
        yield {"type": "response.reasoning_summary_text.delta", "delta": piece, **where}
    yield {"type": "response.reasoning_summary_text.done", "text": part["text"], **where}
    yield {"type": "response.reasoning_summary_part.done", "part": part, **where}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def broken(complaint: str) -> bytes:
    """As it was seen on the wire: an error event, then the response as it failed."""
    fault = {"type": "server_error", "code": "server_error", "message": complaint, "param": None}
    failed = response_of("gpt-5", "failed", [], {}) | {"error": {"code": "server_error", "message": complaint}}
    return sse({"type": "error", "sequence_number": 90, "error": fault}, "error") + sse(
        {"type": "response.failed", "sequence_number": 91, "response": failed}, "response.failed"
    )


WIRE = Wire(
    name="responses",
    path=re.compile(r"/v1/responses"),
    key=("authorization", "Bearer "),
    content_type="text/event-stream; charset=utf-8",
    model="gpt-5-mini",
    streamed=lambda path, request: bool(request.get("stream")),
    hear=hear,
    whole=whole,
    stream=stream,
    refusal=openai_chat.refusal,
    broken=broken,
)
