"""What is wrong with a request is said before it is sent or paid: a 400 in the caller's dialect, naming the field it knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.promises.caller import get
from tests.promises.dialects import WIRES, like
from tests.promises.dialects.wire import Json, Wire
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import Provider

GIF = "R0lGODlhAQABAAAAACw="
NOT_BASE64 = "not base64!"
BAD: Json = {"type": "nonsense"}
CALLED = {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}
USER = {"role": "user", "content": "x"}


def function(parameters: Any = None) -> Json:
    return {"type": "function", "function": {"name": "look", "parameters": parameters or {"type": "object"}}}


def image(data: str) -> Json:
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def chat(part: Any) -> Json:
    return {"messages": [{"role": "user", "content": [part]}]}


def anthropic_image(data: str) -> Json:
    return chat({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}})


def anthropic_tool(schema: Any) -> Json:
    return {"name": "look", "input_schema": schema}


def gemini(*parts: Json) -> Json:
    return {"contents": [{"role": "user", "parts": list(parts)}]}


def gemini_tools(*schemas: Any) -> Json:
    return {"tools": [{"functionDeclarations": [{"name": "look", "parameters": schema} for schema in schemas]}]}


def converse(*blocks: Json) -> Json:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def converse_tools(*schemas: Any) -> Json:
    return {
        "toolConfig": {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": each}}} for each in schemas]}
    }


def responses_tool(schema: Any) -> Json:
    return {"type": "function", "name": "look", "parameters": schema, "strict": False}


OBJECT = {"type": "object", "properties": {}}
OPENAI: dict[str, Json] = {
    "temperature": {"temperature": 2.1},
    "top_p": {"top_p": -0.1},
    "presence_penalty": {"presence_penalty": 3},
    "max_tokens": {"max_tokens": 0},
    "n": {"n": 0},
    "stream": {"stream": "yes"},
    "messages": {"messages": []},
    "messages[0]": {"messages": ["hello"]},
    "messages[0].role": {"messages": [{"role": "king", "content": "x"}]},
    "messages[1].tool_call_id": {"messages": [USER, {"role": "tool", "tool_call_id": "none", "content": "x"}]},
    "tools[1].function.name": {"tools": [function(), function()]},
    "tools[0].function.parameters.type": {"tools": [function(BAD)]},
    "response_format.json_schema.schema.type": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": BAD}}
    },
    "messages[0].content[0].image_url.url": chat(image(NOT_BASE64)),
    "messages[0].content[0].image_url": chat(image(GIF)),
}
ANTHROPIC: dict[str, Json] = {
    "temperature": {"temperature": 1.1},
    "top_p": {"top_p": 2},
    "max_tokens": {"max_tokens": -1},
    "stream": {"stream": "yes"},
    "messages": {"messages": []},
    "messages[0].role": {"messages": [{"role": "king", "content": "x"}]},
    "messages[1].content[0].tool_use_id": {
        "messages": [USER, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "none"}]}]
    },
    "tools[1].name": {"tools": [anthropic_tool(OBJECT), anthropic_tool(OBJECT)]},
    "tools[0].input_schema.type": {"tools": [anthropic_tool(BAD)]},
    "messages[0].content[0].source.data": anthropic_image(NOT_BASE64),
    "messages[0].content[0].source": anthropic_image(GIF),
    "thinking.budget_tokens": {"thinking": {"type": "enabled", "budget_tokens": 5}},
}
GEMINI: dict[str, Json] = {
    "generationConfig.temperature": {"generationConfig": {"temperature": 2.5}},
    "generationConfig.topP": {"generationConfig": {"topP": 1.5}},
    "generationConfig.maxOutputTokens": {"generationConfig": {"maxOutputTokens": 0}},
    "generationConfig.candidateCount": {"generationConfig": {"candidateCount": 0}},
    "contents": {"contents": []},
    "contents[0].role": {"contents": [{"role": "king", "parts": [{"text": "x"}]}]},
    "contents[0].parts[0].functionResponse": gemini({"functionResponse": {"name": "none", "response": {}}}),
    "tools[0].functionDeclarations[1].name": gemini_tools(OBJECT, OBJECT),
    "tools[0].functionDeclarations[0].parameters": gemini_tools(BAD),
    "contents[0].parts[0].inlineData.data": gemini({"inlineData": {"mimeType": "image/png", "data": NOT_BASE64}}),
    "contents[0].parts[0].inlineData": gemini({"inlineData": {"mimeType": "image/png", "data": GIF}}),
}
BEDROCK: dict[str, Json] = {
    "inferenceConfig.temperature": {"inferenceConfig": {"temperature": 1.5}},
    "inferenceConfig.topP": {"inferenceConfig": {"topP": 1.5}},
    "inferenceConfig.maxTokens": {"inferenceConfig": {"maxTokens": 0}},
    "messages": {"messages": []},
    "messages[0].role": {"messages": [{"role": "king", "content": [{"text": "x"}]}]},
    "messages[0].content": converse({"toolResult": {"toolUseId": "none", "content": [{"text": "x"}]}}),
    "toolConfig.tools[1].toolSpec.name": converse_tools(OBJECT, OBJECT),
    "toolConfig.tools[0].toolSpec.inputSchema.json": converse_tools(BAD),
    "messages[0].content[0].image.source.bytes": converse(
        {"image": {"format": "png", "source": {"bytes": NOT_BASE64}}}
    ),
    "messages[0].content[0].image": converse({"image": {"format": "png", "source": {"bytes": GIF}}}),
}
OLLAMA: dict[str, Json] = {
    "options.temperature": {"options": {"temperature": "hot"}},
    "stream": {"stream": 1},
    "messages": {"messages": "none"},
    "messages[0].role": {"messages": [{"role": "king", "content": "x"}]},
    "messages[1]": {"messages": [USER, {"role": "tool", "tool_name": "none", "content": "x"}]},
    "tools[1].function.name": {"tools": [function(), function()]},
    "tools[0].function.parameters.type": {"tools": [function(BAD)]},
    "format": {"format": BAD},
    "messages[0].images[0]": {"messages": [USER | {"images": [NOT_BASE64]}]},
}
COHERE: dict[str, Json] = {
    "temperature": {"temperature": 1.5},
    "p": {"p": 1.5},
    "k": {"k": -1},
    "messages": {"messages": []},
    "messages[0].role": {"messages": [{"role": "king", "content": "x"}]},
    "messages[1].tool_call_id": {"messages": [USER, {"role": "tool", "tool_call_id": "none", "content": "x"}]},
    "tools[1].function.name": {"tools": [function(), function()]},
    "tools[0].function.parameters.type": {"tools": [function(BAD)]},
    "messages[0].content[0].image_url": chat(image(NOT_BASE64)),
}
RESPONSES: dict[str, Json] = {
    "temperature": {"temperature": 2.1},
    "top_p": {"top_p": 1.1},
    "max_output_tokens": {"max_output_tokens": 0},
    "input": {"input": []},
    "input[0].role": {"input": [{"role": "king", "content": "x"}]},
    "input[0]": {"input": [{"type": "function_call_output", "call_id": "none", "output": "x"}]},
    "tools[1].name": {"tools": [responses_tool(OBJECT), responses_tool(OBJECT)]},
    "tools[0].parameters.type": {"tools": [responses_tool(BAD)]},
    "text.format.schema.type": {"text": {"format": {"type": "json_schema", "name": "x", "schema": BAD}}},
    "input[0].content[0].image_url": {
        "input": [
            {
                "role": "user",
                "content": [{"type": "input_image", "image_url": f"data:image/png;base64,{NOT_BASE64}"}],
            }
        ]
    },
}
WRONG: Mapping[str, dict[str, Json]] = {
    "openai": OPENAI,
    "responses": RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "gemini_array": GEMINI,
    "bedrock": BEDROCK,
    "bedrock_invoke": {**ANTHROPIC, "anthropic_version": {"anthropic_version": "bedrock-1999-01-01"}},
    "ollama": OLLAMA,
    "ollama_generate": {
        "prompt": {"prompt": 5},
        "images[0]": {"images": [NOT_BASE64]},
        "format": {"format": BAD},
        "options.temperature": {"options": {"temperature": "hot"}},
    },
    "cohere": COHERE,
}
#: Whatever the door.
NO_BODIES = {
    "not JSON": b"hello",
    "half": b'{"messages": [',
    "NaN": b'{"temperature": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "nothing": b"",
    "a list": b"[]",
    "a word": b"null",
    "no text": b'{"model": "\xff\xfe"}',
    "a lone surrogate": b'{"model": "\\ud800"}',
    "two values": b"{} {}",
}


async def refused(running: InLoop, wire: Wire, body: Any, *, stream: bool) -> str:
    """The words of a 400 in the shape of this dialect."""
    answer = await running.ask(body, wire.headers, wire.path_to("up:m", stream))
    assert (answer.status, answer.complete) == (400, True), answer.body
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-should-retry"] == "false"
    shape(wire, answer.json, answer.headers)
    return wire.words_of(answer.json)


def shape(wire: Wire, body: Json, headers: Mapping[str, str]) -> None:
    """What the official SDK of this dialect chooses its exception by."""
    if wire.kind == "bedrock":
        assert headers["x-amzn-errortype"] == "ValidationException"
    elif wire.kind == "gemini":
        assert (body["error"]["code"], body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    elif wire.name == "anthropic":
        assert (body["type"], body["error"]["type"]) == ("error", "invalid_request_error")


@pytest.mark.parametrize("dialect", WIRES)
async def test_a_field_that_is_wrong_is_named(dialect: str, tmp_path: Path) -> None:
    """Whole or as a stream, on the way to its own provider: that one would have been paid for finding out."""
    wire = WIRES[dialect]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        for number, (field, more) in enumerate(WRONG[dialect].items()):
            stream = "stream" not in more and number % 2 == 1
            words = await refused(running, wire, {**wire.ask("up:m", stream), **more}, stream=stream)
            assert field in words, (field, words)
        assert provider.links == []
        assert await running.counted("llm_requests_failure", kind="invalid_request") == len(WRONG[dialect])
        assert await running.counted("provider_request_total") == 0


@pytest.mark.parametrize("dialect", WIRES)
async def test_a_body_that_is_none(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        for name, body in NO_BODIES.items():
            assert await refused(running, wire, body, stream=False), name
        assert provider.links == []


@pytest.mark.parametrize("dialect", WIRES)
async def test_a_model_that_nobody_has(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        answer = await running.ask(wire.ask("nobody:m"), wire.headers, wire.path_to("nobody:m"))
        assert answer.status == 404
        assert "nobody:m" in wire.words_of(answer.json)
        assert provider.links == []


@pytest.mark.parametrize("version", ["1999-01-01", "2023-06-1", "x" * 200])
async def test_a_version_of_anthropic_that_nobody_knows(version: str, tmp_path: Path) -> None:
    wire = WIRES["anthropic"]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        for path in ("/v1/messages", "/v1/messages/count_tokens"):
            answer = await running.ask(wire.ask("up:m"), {"anthropic-version": version}, path)
            assert answer.status == 400
            assert "anthropic-version" in wire.words_of(answer.json)
        assert provider.links == []


#: Paths in the land of each dialect that lead nowhere.
NOWHERE = {
    "openai": "/v1/nothing",
    "responses": "/v1/responses/resp_1/cancel",
    "anthropic": "/v1/messages/batches",
    "gemini": "/v1beta/cachedContents",
    "bedrock": "/model/m/apply-guardrail",
    "ollama": "/api/pull",
    "cohere": "/v2/classify",
}


@pytest.mark.parametrize("dialect", NOWHERE)
async def test_paths_and_methods_that_lead_nowhere(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        answer = await running.ask(wire.ask("up:m"), wire.headers, NOWHERE[dialect])
        assert answer.status == 404
        assert NOWHERE[dialect] in wire.words_of(answer.json)
        for method in ("GET", "PUT", "DELETE"):
            answer = await get(running.port, wire.path_to("up:m"), method)
            assert (answer.status, answer.headers["allow"]) == (405, "POST")
            assert method in wire.words_of(answer.json)
        assert provider.links == []


@pytest.mark.parametrize("dialect", WIRES)
async def test_the_provider_s_own_refusal_is_passed_on(dialect: str, tmp_path: Path) -> None:
    """As it was said, byte for byte, where both speak one dialect."""
    wire = WIRES[dialect]
    body = orjson.dumps(
        {"error": {"message": "no", "type": "x"}, "message": "no", "x": [1.5]}, option=orjson.OPT_INDENT_2
    )
    async with (
        Provider(lambda asked: asked.link.whole(body, 400)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        for stream in (False, True):
            answer = await running.ask(wire.ask("up:m", stream), wire.headers, wire.path_to("up:m", stream))
            assert (answer.status, answer.body) == (400, body)
            assert answer.headers["x-should-retry"] == "false"
        assert len(provider.requests) == 2
        assert await running.counted("provider_error_total") == 0
