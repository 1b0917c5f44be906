"""Cohere's second chat API: https://docs.cohere.com/reference/chat and https://docs.cohere.com/v2/docs/streaming."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from inspect import signature
from typing import Any

from cohere import ClientV2

from tests.sdk.scenes import INPUT_TOKENS, OUTPUT_TOKENS, Answer, Heard, Json, Made
from tests.sdk.upstreams.wire import Wire, arguments_of, matched, only, pieces, sse

MEMBERS = [*(set(signature(ClientV2.chat).parameters) - {"self", "request_options"}), "stream"]
MESSAGES = {
    "system": ("role", "content"),
    "user": ("role", "content"),
    "assistant": ("role", "content", "tool_calls", "tool_plan", "citations"),
    "tool": ("role", "content", "tool_call_id"),
}
PARTS = {
    "text": ("type", "text"),
    "image_url": ("type", "image_url"),
    "thinking": ("type", "thinking"),
    "document": ("type", "document"),
}
USAGE: Json = {
    "billed_units": {"input_tokens": INPUT_TOKENS - 3, "output_tokens": OUTPUT_TOKENS - 2},
    "tokens": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS},
}


def hear(request: Json) -> Heard:
    only(request, MEMBERS)
    form = request.get("response_format") or {}
    heard = Heard(
        limit=request.get("max_tokens"),
        temperature=request.get("temperature"),
        tools={tool["function"]["name"]: tool["function"]["parameters"] for tool in request.get("tools") or []},
        schema=form.get("json_schema", form.get("schema")),
        thinks=(request.get("thinking") or {}).get("type") == "enabled",
    )
    results = []
    for message in request["messages"]:
        role = message["role"]
        only(message, MESSAGES[role], f"a message of {role}")
        for call in message.get("tool_calls") or []:
            heard.calls.append(
                Made(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"] or "{}"))
            )
        if role == "tool":
            results.append((message["tool_call_id"], text_of(message["content"])))
        elif role == "system":
            heard.system = text_of(message["content"])
        elif role == "user":
            heard.words = text_of(message["content"])
            heard.images += images_of(message["content"])
    heard.results = matched(heard.calls, results)
    return heard


def text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    for part in content:
        only(part, PARTS[part["type"]], "a part")
    texts = [part["document"]["data"] if part["type"] == "document" else part.get("text", "") for part in content]
    return "".join(said if isinstance(said, str) else json.dumps(said) for said in texts)


def images_of(content: Any) -> list[str]:
    parts = content if isinstance(content, list) else []
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


# ---- what it answers


def content_of(answer: Answer) -> list[Json]:
    thoughts = [{"type": "thinking", "thinking": answer.thought}] if answer.thought else []
    return thoughts + ([{"type": "text", "text": answer.text}] if answer.text else [])


def call_of(call: Made, arguments: str) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def finish_of(answer: Answer) -> str:
    return "TOOL_CALL" if answer.calls else "COMPLETE"


def whole(answer: Answer, model: str) -> Json:
    message: Json = {"role": "assistant"}
    if content_of(answer):
        message["content"] = content_of(answer)
    if answer.calls:
        message["tool_calls"] = [call_of(call, arguments_of(call)) for call in answer.calls]
    return {"id": "35c028fc", "message": message, "finish_reason": finish_of(answer), "usage": USAGE}


def stream(answer: Answer, model: str, request: Json) -> list[bytes]:
    return [*(sse(event, event["type"]) for event in events_of(answer)), b"data: [DONE]\n\n"]


def events_of(answer: Answer) -> Iterator[Json]:
    """Calls come one after the other; one without arguments has an empty text of them, and no delta."""
    empty: Json = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield {"id": "35c028fc", "type": "message-start", "delta": {"message": empty}}
    for index, block in enumerate(content_of(answer)):
        kind = block["type"]
        yield said("content-start", index, {"content": {"type": kind, kind: ""}})
        yield from (said("content-delta", index, {"content": {kind: piece}}) for piece in pieces(block[kind]))
        yield {"type": "content-end", "index": index}
    for index, call in enumerate(answer.calls):
        yield said("tool-call-start", index, {"tool_calls": call_of(call, "")})
        for piece in pieces(arguments_of(call)) if call.arguments else []:
            yield said("tool-call-delta", index, {"tool_calls": {"function": {"arguments": piece}}})
        yield {"type": "tool-call-end", "index": index}
    yield {"type": "message-end", "delta": {"finish_reason": finish_of(answer), "usage": USAGE}}


def said(kind: str, index: int, message: Json) -> Json:
    return {"type": kind, "index": index, "delta": {"message": message}}


def refusal(status: int, words: str) -> tuple[dict[str, str], Json]:
    return {}, {"id": "c167e04b", "message": words}


def broken(complaint: str) -> bytes:
    delta = {"finish_reason": "ERROR", "usage": {}, "error": complaint}
    return sse({"type": "message-end", "delta": delta}, "message-end") + b"data: [DONE]\n\n"


WIRE = Wire(
    name="cohere",
    path=re.compile(r"/v2/chat"),
    key=("authorization", "Bearer "),
    content_type="text/event-stream",
    model="command-a-reasoning-08-2025",
    streamed=lambda path, request: bool(request.get("stream")),
    hear=hear,
    whole=whole,
    stream=stream,
    refusal=refusal,
    broken=broken,
)
