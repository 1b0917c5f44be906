"""What one provider signs comes back to it byte for byte, although the application between speaks another dialect.

Some applications send a message back as it came, others keep of a tool call its id, its name and its arguments. Both are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from tests.promises.caller import Answer
from tests.promises.dialects import WIRES, alone, speaking_alone
from tests.promises.dialects.bedrock import frames
from tests.promises.dialects.gemini import USAGE as GEMINI_USAGE
from tests.promises.dialects.openai import USAGE as RESPONSES_USAGE
from tests.promises.dialects.openai import event as responses_event
from tests.promises.dialects.openai import response
from tests.promises.dialects.wire import Json, Wire, lines, objects, sse, sse_payloads
from tests.promises.sidecars import sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import anthropic_event, anthropic_reply

#: Base64 of both alphabets, with padding and without, and a text that is none.
SIGNATURES = ["EuAB/+9sIgn==", "EuAB_-9sIgn", "a" * 3000 + "+/8=", 'no "base64" \\ ü', "Zg", "Zh=="]
ARGUMENTS = {"q": "ü", "n": 1}
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}, "n": {"type": "integer"}}}


# ---- applications


class App(NamedTuple):
    """How an application asks, and what it makes of the answer.

    first:   the body of the first turn, with a tool.
    calls:   the answer -> a message with its tool calls as it came, and the same with id, name and arguments alone.
    second:  what is appended: the message, and the result of its one call.
    """

    wire: Wire
    first: Json
    said: Callable[[Answer], Json]
    bare: Callable[[Json], Json]
    turns: str
    results: Callable[[Json], list[Json]]


def joined(deltas: Iterator[Json]) -> Json:
    """A message of OpenAI's from its deltas: texts joined, lists extended, calls by their index, anything else kept."""
    message: Json = {"role": "assistant", "content": ""}
    for delta in deltas:
        for name, value in delta.items():
            if name == "tool_calls":
                for call in value:
                    add_call(message.setdefault("tool_calls", []), call)
            elif isinstance(value, list):
                message[name] = message.get(name, []) + value
            elif isinstance(value, str) and name != "role":
                message[name] = (message.get(name) or "") + value
            elif value is not None:
                message[name] = value
    return message


def add_call(calls: list[Json], delta: Json) -> None:
    if delta["index"] == len(calls):
        calls.append({name: value for name, value in delta.items() if name != "index"})
        return
    calls[delta["index"]]["function"]["arguments"] += delta["function"].get("arguments") or ""


def chat_message(answer: Answer) -> Json:
    if answer.headers["content-type"] == "application/json":
        found: Json = answer.json["choices"][0]["message"]
        return found
    chunks = objects(sse_payloads(answer.body))
    return joined(choice["delta"] for chunk in chunks for choice in chunk["choices"])


def bare_chat(message: Json) -> Json:
    calls = [{name: call[name] for name in ("id", "type", "function")} for call in message["tool_calls"]]
    return {"role": "assistant", "content": message["content"], "tool_calls": calls}


def messages_message(answer: Answer) -> Json:
    """Anthropic's, from the reply or from its blocks."""
    if answer.headers["content-type"] == "application/json":
        return {"role": "assistant", "content": answer.json["content"]}
    blocks: dict[int, Json] = {}
    for each in objects(sse_payloads(answer.body)):
        if each["type"] == "content_block_start":
            blocks[each["index"]] = {**each["content_block"], "partial": ""}
        elif each["type"] == "content_block_delta":
            delta = each["delta"]
            block = blocks[each["index"]]
            for name, place in (("text", "text"), ("thinking", "thinking"), ("signature", "signature")):
                block[place] = block.get(place, "") + delta[name] if name in delta else block.get(place)
            block["partial"] += delta.get("partial_json", "")
    return {"role": "assistant", "content": [whole_block(block) for block in blocks.values()]}


def whole_block(block: Json) -> Json:
    partial = block.pop("partial")
    block = {name: value for name, value in block.items() if value is not None}
    return {**block, "input": orjson.loads(partial or "{}")} if block["type"] == "tool_use" else block


def bare_messages(message: Json) -> Json:
    kept = [
        {name: block[name] for name in ("type", "id", "name", "input")}
        for block in message["content"]
        if block["type"] == "tool_use"
    ]
    return {"role": "assistant", "content": kept}


def ollama_message(answer: Answer) -> Json:
    if answer.headers["content-type"] == "application/json":
        found: Json = answer.json["message"]
        return found
    message: Json = {"role": "assistant", "content": "", "tool_calls": []}
    for each in lines(answer.body):
        message["content"] += each["message"].get("content") or ""
        message["tool_calls"] += each["message"].get("tool_calls") or []
    return message


def bare_ollama(message: Json) -> Json:
    return {"role": "assistant", "content": "", "tool_calls": message["tool_calls"]}


def converse_message(answer: Answer) -> Json:
    if answer.headers["content-type"] == "application/json":
        found: Json = answer.json["output"]["message"]
        return found
    blocks: dict[int, Json] = {}
    for kind, payload in frames(answer.body):
        if kind == "contentBlockStart":
            blocks[payload["contentBlockIndex"]] = {"toolUse": {**payload["start"]["toolUse"], "input": ""}}
        elif kind == "contentBlockDelta":
            add_block(blocks.setdefault(payload["contentBlockIndex"], {}), payload["delta"])
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = orjson.loads(block["toolUse"]["input"])
    return {"role": "assistant", "content": list(blocks.values())}


def add_block(block: Json, delta: Json) -> None:
    for name, said in delta.items():
        if name == "text":
            block["text"] = block.get("text", "") + said
        elif name == "toolUse":
            block["toolUse"]["input"] += said["input"]
        elif "redactedContent" in said:
            block[name] = {"redactedContent": said["redactedContent"]}
        else:
            inside = block.setdefault(name, {"reasoningText": {}})["reasoningText"]
            inside.update({key: inside.get(key, "") + value for key, value in said.items()})


def bare_converse(message: Json) -> Json:
    kept = [
        {"toolUse": {name: block["toolUse"][name] for name in ("toolUseId", "name", "input")}}
        for block in message["content"]
        if "toolUse" in block
    ]
    return {"role": "assistant", "content": kept}


def function(schema: Json) -> Json:
    return {"type": "function", "function": {"name": "look", "parameters": schema}}


def ids(message: Json) -> list[str]:
    return [call["id"] for call in message["tool_calls"]]


APPS = {
    "openai": App(
        WIRES["openai"],
        {"tools": [function(SCHEMA)]},
        chat_message,
        bare_chat,
        "messages",
        lambda message: [{"role": "tool", "tool_call_id": called, "content": "found"} for called in ids(message)],
    ),
    "anthropic": App(
        WIRES["anthropic"],
        {"tools": [{"name": "look", "input_schema": SCHEMA}]},
        messages_message,
        bare_messages,
        "messages",
        lambda message: [
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": block["id"], "content": "found"}
                    for block in message["content"]
                    if block["type"] == "tool_use"
                ],
            }
        ],
    ),
    "ollama": App(
        WIRES["ollama"],
        {"tools": [function(SCHEMA)]},
        ollama_message,
        bare_ollama,
        "messages",
        lambda message: [{"role": "tool", "tool_name": "look", "content": "found"} for _ in message["tool_calls"]],
    ),
    "bedrock": App(
        WIRES["bedrock"],
        {"toolConfig": {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": SCHEMA}}}]}},
        converse_message,
        bare_converse,
        "messages",
        lambda message: [
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": block["toolUse"]["toolUseId"], "content": [{"text": "found"}]}}
                    for block in message["content"]
                    if "toolUse" in block
                ],
            }
        ],
    ),
}


async def two_turns(app: App, theirs: Wire, said: Any, directory: Path, *, stream: bool, bare: bool) -> Json:
    """What the provider is asked in the second turn."""

    def answer(asked: Asked) -> None:
        if isinstance(said, bytes):
            asked.link.stream(said, theirs.content_type)
        else:
            asked.link.whole(said)

    with speaking_alone():
        async with Provider(answer) as provider, sidecar(directory, {"up": alone(theirs, provider.url)}) as running:
            path, model = app.wire.path_to, "up:claude-sonnet-4-5" if theirs.name == "anthropic" else "up:m"
            first = {**app.wire.ask(model, stream), **app.first}
            heard = await running.ask(first, app.wire.headers, path(model, stream))
            assert (heard.status, heard.complete) == (200, True), heard.body
            message = app.said(heard)
            message = app.bare(message) if bare else message
            second = first | {app.turns: [*first[app.turns], message, *app.results(message)]}
            again = await running.ask(second, app.wire.headers, path(model, stream))
            assert again.status == 200, again.body
            found: Json = orjson.loads(provider.requests[1].body)
            return found


# ---- Google's thought signatures


def signed_parts(signatures: list[str]) -> list[Json]:
    """Parallel calls, of which the first is signed, and now and then another."""
    called = {"functionCall": {"name": "look", "args": ARGUMENTS}}
    return [{**called, "thoughtSignature": signature} for signature in signatures] + [called]


def gemini_answer(parts: list[Json], *, stream: bool) -> Any:
    content = {"role": "model", "parts": parts}
    whole = {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": GEMINI_USAGE,
        "modelVersion": "m",
        "responseId": "r1",
    }
    return sse(whole, newline="\r\n") if stream else whole


@pytest.mark.parametrize("bare", [True, False], ids=["bare", "as it came"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("client", ["openai", "anthropic", "bedrock", "ollama"])
async def test_thought_signatures_of_google(client: str, stream: bool, bare: bool, tmp_path: Path) -> None:
    parts = signed_parts(SIGNATURES)
    said = gemini_answer(parts, stream=stream)
    wire = await two_turns(APPS[client], WIRES["gemini"], said, tmp_path, stream=stream, bare=bare)
    [model] = [turn for turn in wire["contents"] if turn["role"] == "model"]
    called = [part for part in model["parts"] if "functionCall" in part]
    assert [part.get("thoughtSignature") for part in called] == [*SIGNATURES, None]
    assert [part["functionCall"]["args"] for part in called] == [ARGUMENTS] * len(parts)


# ---- Anthropic's


THINKING = {"type": "thinking", "thinking": 'I must "look" \\ it up…\n', "signature": "EqQB/+_-==" * 40}
REDACTED = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix/LafPsn4a" * 20}
TOOL = {"type": "tool_use", "id": "toolu_01A", "name": "look", "input": ARGUMENTS}


def anthropic_answer(*, stream: bool) -> Any:
    whole = anthropic_reply([THINKING, REDACTED, TOOL]) | {"stop_reason": "tool_use"}
    if not stream:
        return whole
    blocks: list[tuple[Json, list[Json]]] = [
        (
            {"type": "thinking", "thinking": "", "signature": ""},
            [
                {"type": "thinking_delta", "thinking": THINKING["thinking"]},
                {"type": "signature_delta", "signature": THINKING["signature"]},
            ],
        ),
        (REDACTED, []),
        ({**TOOL, "input": {}}, [{"type": "input_json_delta", "partial_json": orjson.dumps(ARGUMENTS).decode()}]),
    ]
    said = [anthropic_event("message_start", message=whole | {"content": [], "stop_reason": None})]
    for index, (start, deltas) in enumerate(blocks):
        said.append(anthropic_event("content_block_start", index=index, content_block=start))
        said += (anthropic_event("content_block_delta", index=index, delta=delta) for delta in deltas)
        said.append(anthropic_event("content_block_stop", index=index))
    said.append(anthropic_event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 9}))
    return b"".join([*said, anthropic_event("message_stop")])


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("client", ["openai", "bedrock"])
async def test_thinking_of_anthropic(client: str, stream: bool, tmp_path: Path) -> None:
    said = anthropic_answer(stream=stream)
    wire = await two_turns(APPS[client], WIRES["anthropic"], said, tmp_path, stream=stream, bare=False)
    [turn] = [turn for turn in wire["messages"] if turn["role"] == "assistant"]
    assert [block for block in turn["content"] if block["type"] != "text"] == [THINKING, REDACTED, TOOL]


# ---- OpenAI's encrypted reasoning


REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "hm"}],
    "encrypted_content": "gAAAAABp-rIa_" * 100 + "==",
}
CALL = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "look",
    "arguments": orjson.dumps(ARGUMENTS).decode(),
}


def responses_answer(*, stream: bool) -> Any:
    whole = response("completed", [REASONING, CALL], RESPONSES_USAGE)
    if not stream:
        return whole
    said = [responses_event("created", response=response("in_progress", [], None))]
    begun = [{**REASONING, "summary": []}, {**CALL, "arguments": "", "status": "in_progress"}]
    for index, (start, item) in enumerate(zip(begun, (REASONING, CALL), strict=True)):
        said.append(responses_event("output_item.added", output_index=index, item=start))
        said.append(responses_event("output_item.done", output_index=index, item=item))
    return b"".join([*said, responses_event("completed", response=whole)])


@pytest.mark.parametrize("stream", [True, False])
async def test_encrypted_reasoning_of_openai(stream: bool, tmp_path: Path) -> None:
    """The application sends the message back as it came; an item is then what it was."""
    said = responses_answer(stream=stream)
    wire = await two_turns(APPS["openai"], WIRES["responses"], said, tmp_path, stream=stream, bare=False)
    reasoning = [item for item in wire["input"] if item.get("type") == "reasoning"]
    assert reasoning == [REASONING]
    calls = [item for item in wire["input"] if item.get("type") == "function_call"]
    assert [(call["call_id"], orjson.loads(call["arguments"])) for call in calls] == [("call_1", ARGUMENTS)]
    assert "reasoning.encrypted_content" in wire["include"]
