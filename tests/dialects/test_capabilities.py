"""Every row of the table of docs/unified.md, proven by behaviour: what a dialect claims to say is said, and what it does not
claim is named or refused. Each row is one unified request that uses it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects import Rendering
from proxy.dialects.capabilities import FIELDS, MESSAGES, ROWS
from proxy.translate import DIALECTS
from tests.unified_table import COLUMNS, DOCUMENT, written

#: For each dialect models that between them take all that it can say.
MODELS: Mapping[str, tuple[str, ...]] = {
    "openai": ("gpt-5.1",),
    "responses": ("gpt-5.1",),
    "anthropic": ("claude-sonnet-4-5",),
    "gemini": ("gemini-2.0-flash", "gemini-2.5-flash", "gemini-3-pro-preview"),
    "bedrock": ("anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-2-lite-v1:0"),
    "ollama": ("qwen3:8b",),
    "cohere": ("command-a-reasoning-08-2025",),
}
SPOKEN = [name for name in COLUMNS if name in DIALECTS]

HI: Json = {"role": "user", "content": "hi"}
SCHEMA: Json = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def tool(name: str, **said: Any) -> Json:
    return {"type": "function", "function": {"name": name, "description": "d", "parameters": SCHEMA, **said}}


TOOLS: Json = {"tools": [tool("f"), tool("g")]}
NAMED: Json = {"type": "function", "function": {"name": "f"}}
ALLOWED: Json = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [NAMED]}}

#: Row -> fields of a request that uses it.
ASKED: Mapping[str, Json] = {
    "model": {},
    "messages": {},
    "system": {"system": "be brief"},
    "max_tokens": {"max_tokens": 100},
    "max_completion_tokens": {"max_completion_tokens": 100},
    "temperature": {"temperature": 0.5},
    "top_p": {"top_p": 0.5},
    "top_k": {"top_k": 5},
    "frequency_penalty": {"frequency_penalty": 0.5},
    "presence_penalty": {"presence_penalty": 0.5},
    "seed": {"seed": 7},
    "stop": {"stop": ["END"]},
    "stop_sequences": {"stop_sequences": ["END"]},
    "n": {"n": 2},
    "logprobs": {"logprobs": True},
    "top_logprobs": {"logprobs": True, "top_logprobs": 2},
    "logit_bias": {"logit_bias": {"50256": 5}},
    "stream": {"stream": True},
    "stream_options": {"stream": True, "stream_options": {"include_usage": True}},
    "tools": TOOLS,
    "tools.strict": {"tools": [tool("f", strict=True)]},
    "tool_choice": {**TOOLS, "tool_choice": "required"},
    "tool_choice.named": {**TOOLS, "tool_choice": NAMED},
    "tool_choice.allowed_tools": {**TOOLS, "tool_choice": ALLOWED},
    "parallel_tool_calls": {**TOOLS, "parallel_tool_calls": False},
    "response_format.json_object": {"response_format": {"type": "json_object"}},
    "response_format.json_schema": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "thing", "schema": SCHEMA, "strict": True}}
    },
    "reasoning_effort": {"reasoning_effort": "low"},
    "reasoning.effort": {"reasoning": {"effort": "low"}},
    "reasoning.budget_tokens": {"reasoning": {"budget_tokens": 2048}},
    "reasoning.enabled": {"reasoning": {"enabled": True}},
    "cache_control": {"cache_control": {"type": "ephemeral"}},
    "user": {"user": "u1"},
    "safety_identifier": {"safety_identifier": "u1"},
    "metadata": {"metadata": {"user_id": "u1"}},
    "service_tier": {"service_tier": "flex"},
    "modalities": {"modalities": ["text", "image"]},
    "audio": {"audio": {"voice": "alloy", "format": "wav"}},
    "prediction": {"prediction": {"type": "content", "content": "x"}},
    "store": {"store": True},
    "verbosity": {"verbosity": "low"},
    "web_search_options": {"web_search_options": {"search_context_size": "low"}},
    "prompt_cache_key": {"prompt_cache_key": "k"},
    "timeout": {"timeout": 5},
    "fallbacks": {"fallbacks": ["b"]},
    "cache": {"cache": True},
}
#: Another request of the same row, for dialects that can say this much of it.
ALSO: Mapping[str, Json] = {
    "service_tier": {"service_tier": "default"},
    "tool_choice": {**TOOLS, "tool_choice": "none"},
    "messages.file.id": {
        "messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "files/file-abc123"}}]}]
    },
}
#: Rows that may be heard without a word: by the path, by what the model does anyway.
SILENT = frozenset({"model", "messages", "stream", "reasoning.enabled"})

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(24)).decode()
PDF = b64encode(b"%PDF-1.7\n" + bytes(24)).decode()
WAV = b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(24)).decode()
SIGNATURE = "c2lnbmVkIGJ5IHRoZSBtb2RlbA=="
MARKER: Json = {"type": "ephemeral"}
PAGE: Json = {"start_index": 0, "end_index": 2, "url": "https://example.org/page", "title": "Page"}


def user(*parts: Json) -> list[Json]:
    return [{"role": "user", "content": [{"type": "text", "text": "look"}, *parts]}]


def assistant(**said: Any) -> list[Json]:
    return [HI, {"role": "assistant", "content": "so", **said}, {"role": "user", "content": "go on"}]


def image(url: str, **said: Any) -> list[Json]:
    return user({"type": "image_url", "image_url": {"url": url, **said}})


def file(**said: Any) -> list[Json]:
    return user({"type": "file", "file": said})


def called(content: Any = "22 degrees", call: Json | None = None, **said: Any) -> list[Json]:
    function = {"name": "f", "arguments": '{"a":"Paris"}'}
    calls = [{"id": "call_1", "type": "function", "function": function, **(call or {})}]
    result = {"role": "tool", "tool_call_id": "call_1", "content": content, **said}
    return [HI, {"role": "assistant", "content": None, "tool_calls": calls}, result]


#: Row -> the messages that use it, and what of it must be found in the wire request, or must not.
TOLD: Mapping[str, tuple[list[Json], str]] = {
    "messages.system": ([{"role": "system", "content": "be brief"}, HI], "be brief"),
    "messages.developer": ([{"role": "developer", "content": "be brief"}, HI], "be brief"),
    "messages.name": ([{**HI, "name": "bob-the-builder"}], "bob-the-builder"),
    "messages.text": (user(), "look"),
    "messages.refusal": (assistant(content=[{"type": "refusal", "refusal": "I would not"}]), "I would not"),
    "messages.image.base64": (image(f"data:image/png;base64,{PNG}"), PNG),
    "messages.image.url": (image("https://example.org/a.png"), "https://example.org/a.png"),
    "messages.image.detail": (image(f"data:image/png;base64,{PNG}", detail="high"), ""),
    "messages.file.pdf": (file(file_data=f"data:application/pdf;base64,{PDF}", filename="a.pdf"), PDF),
    "messages.file.text": (
        file(file_data=f"data:text/plain;base64,{b64encode(b'some words').decode()}", filename="a.txt"),
        "",
    ),
    "messages.file.url": (file(file_url="https://example.org/a.pdf"), "https://example.org/a.pdf"),
    "messages.file.id": (file(file_id="file-abc123"), "file-abc123"),
    "messages.input_audio": (user({"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}), WAV),
    "messages.video_url": (
        user({"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}}),
        "https://example.org/a.mp4",
    ),
    "messages.tool_calls": (called(), "Paris"),
    "messages.tool.text": (called([{"type": "text", "text": "22 degrees"}]), "22 degrees"),
    "messages.tool.image": (
        called([{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]),
        PNG,
    ),
    "messages.tool.is_error": (called(is_error=True), ""),
    "messages.reasoning_content": (assistant(reasoning_content="a thought of mine"), "a thought of mine"),
    "messages.thinking_blocks.thinking": (
        assistant(thinking_blocks=[{"type": "thinking", "thinking": "hm", "signature": SIGNATURE}]),
        SIGNATURE,
    ),
    "messages.thinking_blocks.redacted_thinking": (
        assistant(thinking_blocks=[{"type": "redacted_thinking", "data": SIGNATURE}]),
        SIGNATURE,
    ),
    "messages.thinking_blocks.reasoning": (
        assistant(thinking_blocks=[{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": SIGNATURE}]),
        SIGNATURE,
    ),
    "messages.thought_signature": (
        called(call={"extra_content": {"google": {"thought_signature": SIGNATURE}}}),
        SIGNATURE,
    ),
    "messages.cache_control": (user({"type": "text", "text": "long", "cache_control": MARKER}), ""),
    "messages.annotations": (
        assistant(annotations=[{"type": "url_citation", "url_citation": PAGE, **PAGE}]),
        "https://example.org/page",
    ),
}


def request_of(row: str) -> Json:
    return {"messages": TOLD[row][0]} if row in TOLD else {"messages": [HI], **ASKED[row]}


def names(row: str, dropped: list[str]) -> bool:
    """Whether the row is among what was dropped, by its own name, a shorter one, or one of its members."""
    bare = [name.partition("[")[0] for name in dropped]
    return any(f"{row}.".startswith(f"{name}.") or name.startswith(f"{row}.") for name in bare)


def say(dialect: str, model: str, request: Json) -> Rendering | Failure:
    try:
        return DIALECTS[dialect].render_request(request, model)
    except Failure as failure:
        return failure


def test_every_row_has_its_sample_and_every_table_only_rows() -> None:
    assert [*ASKED] == [*FIELDS]
    assert [*TOLD] == [*MESSAGES]
    for name in SPOKEN:
        assert DIALECTS[name].support.keys() <= {*ROWS}, name


def test_the_document_says_what_the_tables_say() -> None:
    """`python -m tests.unified_table --write` writes it anew."""
    text = DOCUMENT.read_text("utf-8")
    assert text == written(text)


def is_said(dialect: str, model: str, row: str, request: Json) -> bool:
    said = say(dialect, model, request)
    if isinstance(said, Failure) or names(row, said.dropped):
        return False
    if row in TOLD:
        return TOLD[row][1].encode() in orjson.dumps(said.wire)
    plain = say(dialect, model, {"messages": [HI], **(TOOLS if row.startswith(("tool_choice", "parallel")) else {})})
    assert isinstance(plain, Rendering)
    return row in SILENT or DIALECTS[dialect].support[row] == "ours" or said.wire != plain.wire


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("dialect", SPOKEN)
def test_what_is_claimed_is_said_and_what_is_not_is_named_or_refused(dialect: str, row: str) -> None:
    if row in DIALECTS[dialect].support:
        requests = [request_of(row), *([{"messages": [HI], **ALSO[row]}] if row in ALSO else [])]
        assert any(is_said(dialect, model, row, request) for model in MODELS[dialect] for request in requests)
        return
    for model in MODELS[dialect]:
        said = say(dialect, model, request_of(row))
        if isinstance(said, Failure):
            assert said.kind == "unsupported_capability"
            assert said.param
        else:
            assert names(row, said.dropped)
            opaque = TOLD[row][1] if row in TOLD else ""
            assert not opaque or opaque.encode() not in orjson.dumps(said.wire)
