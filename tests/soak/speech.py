"""How questions and answers of the soak stand on the wire: the dialects as promises/dialects has them, and what those lack.

Tools in two dialects, embeddings whose numbers spell the answer, and what is relayed as it came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import orjson

from tests.promises.dialects import WIRES
from tests.promises.dialects.anthropic import USAGE as CLAUDE_USAGE
from tests.promises.dialects.anthropic import event, heard, message
from tests.promises.dialects.openai import CHAT_USAGE, chunk, delta
from tests.promises.dialects.wire import Heard, Json, Said, Wire, objects, sse, sse_payloads
from tests.promises.upstream import Asked

NAME = "note"
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


# ---- a tool whose argument is the answer


def arguments(words: Sequence[str]) -> list[str]:
    """The argument in pieces, a word in each; all but the text's end is sure to be JSON only together."""
    inner = [orjson.dumps(word).decode()[1:-1] for word in words]
    return ['{"text": "', *inner, '"}']


def argument(text: str) -> str:
    found = orjson.loads(text)["text"] if text.endswith('"}') else text.removeprefix('{"text": "')
    assert isinstance(found, str)
    return found


def function(text: str) -> Json:
    return {"name": NAME, "arguments": text}


def openai_tool_reply(text: str) -> Json:
    call = {"id": "call_1", "type": "function", "function": function("".join(arguments([text])))}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "usage": CHAT_USAGE}
    return {**head, "choices": [{"index": 0, "message": said, "finish_reason": "tool_calls"}]}


def openai_tool_stream(words: Sequence[str]) -> Said:
    first = {"index": 0, "id": "call_1", "type": "function", "function": function("")}
    return Said(
        [delta({"role": "assistant", "content": None, "tool_calls": [first]})],
        [delta({"tool_calls": [{"index": 0, "function": {"arguments": each}}]}) for each in arguments(words)],
        [delta({}, "tool_calls"), chunk([], usage=CHAT_USAGE), b"data: [DONE]\n\n"],
    )


def hear_openai_tool(data: bytes) -> Heard:
    events = objects(sse_payloads(data))
    said = [choice["delta"] for each in events for choice in each.get("choices", ())]
    calls = [call for each in said for call in each.get("tool_calls") or ()]
    text = "".join(call["function"].get("arguments") or "" for call in calls)
    return WIRES["openai"].hear(data)._replace(text=argument(text))


def claude_tool_reply(text: str) -> Json:
    return message([{"type": "tool_use", "id": "t1", "name": NAME, "input": {"text": text}}], "tool_use", CLAUDE_USAGE)


def claude_tool_stream(words: Sequence[str]) -> Said:
    block = {"type": "tool_use", "id": "t1", "name": NAME, "input": {}}
    opening = [
        event("message_start", message=message([], None, CLAUDE_USAGE | {"output_tokens": 1})),
        event("content_block_start", index=0, content_block=block),
    ]
    deltas = [
        event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": each})
        for each in arguments(words)
    ]
    stop = {"stop_reason": "tool_use", "stop_sequence": None}
    ending = [
        event("content_block_stop", index=0),
        event("message_delta", delta=stop, usage=CLAUDE_USAGE),
        event("message_stop"),
    ]
    return Said(*([sse(each, each["type"]) for each in part] for part in (opening, deltas, ending)))


def hear_claude_tool(data: bytes) -> Heard:
    events = objects(sse_payloads(data))
    deltas = [each["delta"].get("partial_json", "") for each in events if each["type"] == "content_block_delta"]
    return heard(events)._replace(text=argument("".join(deltas)))


OPENAI_TOOL = replace(
    WIRES["openai"],
    name="openai, tools",
    request=lambda text: {
        **WIRES["openai"].request(text),
        "tools": [{"type": "function", "function": {"name": NAME, "parameters": SCHEMA}}],
    },
    reply=openai_tool_reply,
    stream=openai_tool_stream,
    hear=hear_openai_tool,
    text_of=lambda body: argument(body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]),
)
CLAUDE_TOOL = replace(
    WIRES["anthropic"],
    name="anthropic, tools",
    request=lambda text: {**WIRES["anthropic"].request(text), "tools": [{"name": NAME, "input_schema": SCHEMA}]},
    reply=claude_tool_reply,
    stream=claude_tool_stream,
    hear=hear_claude_tool,
    text_of=lambda body: str(body["content"][0]["input"]["text"]),
)


# ---- vectors


def vectors(text: str) -> Json:
    numbers = [byte / 256 for byte in text.encode()]
    data = [{"object": "embedding", "index": 0, "embedding": numbers}]
    return {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 9, "total_tokens": 9}}


EMBEDDING = replace(
    WIRES["openai"],
    name="embeddings",
    path="/v1/embeddings",
    request=lambda text: {"input": text},
    reply=vectors,
    text_of=lambda body: bytes(round(number * 256) for number in body["data"][0]["embedding"]).decode(),
)


# ---- relayed as it came


def hear_relayed(data: bytes) -> Heard:
    events = objects(sse_payloads(data))
    errors = tuple(str(each["error"]) for each in events if "error" in each)
    return Heard("".join(each.get("piece", "") for each in events), any("end" in each for each in events), errors)


RELAYED = replace(
    WIRES["openai"],
    name="relayed",
    path="/providers/{model}/soak",
    stream_path="/providers/{model}/soak?stream",
    request=lambda text: {"soak": text},
    reply=lambda text: {"said": text},
    stream=lambda words: Said([sse({})], [sse({"piece": word}) for word in words], [sse({"end": True})]),
    hear=hear_relayed,
    text_of=lambda body: str(body["said"]),
)

#: What every application of the soak speaks.
SPEECHES: Mapping[str, Wire] = {
    **{name: WIRES[name] for name in ("openai", "responses", "anthropic", "gemini", "bedrock", "ollama", "cohere")},
    **{wire.name: wire for wire in (OPENAI_TOOL, CLAUDE_TOOL, EMBEDDING, RELAYED)},
}


# ---- what a provider is asked in


def says_tools(plain: Wire, tools: Wire, asked: Asked) -> Wire:
    return tools if b'"tools"' in asked.body else plain


#: Part of the path -> what is spoken there.
PLACES: Mapping[str, Any] = {
    "/soak": lambda asked: RELAYED,
    "/v1/chat/completions": partial(says_tools, WIRES["openai"], OPENAI_TOOL),
    "/v1/messages": partial(says_tools, WIRES["anthropic"], CLAUDE_TOOL),
    "/v1/responses": lambda asked: WIRES["responses"],
    "/v1/embeddings": lambda asked: EMBEDDING,
    "enerateContent": lambda asked: WIRES["gemini"],
    "/converse": lambda asked: WIRES["bedrock"],
    "/api/chat": lambda asked: WIRES["ollama"],
    "/v2/chat": lambda asked: WIRES["cohere"],
}


def spoken(asked: Asked) -> Wire:
    found: Wire = next(speak(asked) for place, speak in PLACES.items() if place in asked.line)
    return found


def wants_stream(asked: Asked) -> bool:
    if "soak" in asked.line or "/model/" in asked.line or "enerateContent" in asked.line:
        return "tream" in asked.line
    return bool(asked.json.get("stream", False))


def errors_midway(wire: Wire) -> list[bytes]:
    """Events by which a provider says that it has failed, and that another attempt may mend."""
    return [error.event for error in wire.errors.values() if error.kind.startswith("provider_")]


def shares(words: Sequence[bytes], parts: int) -> list[bytes]:
    """The bytes in so many parts of nearly the same length."""
    whole = b"".join(words)
    marks = [len(whole) * number // parts for number in range(parts + 1)]
    return [whole[start:end] for start, end in pairwise(marks)]
