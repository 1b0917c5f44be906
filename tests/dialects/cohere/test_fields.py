"""The table of what can be said of the unified form, proven by saying it."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects import Dialect
from proxy.dialects.by_name import BY_NAME, SEVEN, STATEFUL
from proxy.dialects.capabilities import ROWS
from proxy.dialects.cohere import DIALECT
from proxy.dialects.cohere.fields import KNOWN, OWN, SUPPORT
from proxy.dialects.cohere.request import render_request
from proxy.dialects.neutral import is_neutral

PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0xLjQ="
TEXT = "data:text/plain;base64,aGVsbG8="
FUNCTION: Json = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
ALLOWED = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "look"}}]}
CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
SCHEMA = {"name": "answer", "schema": {"type": "object"}}


def part(said: Json) -> Json:
    return {"messages": [{"role": "user", "content": [said]}]}


def turn(**members: Any) -> Json:
    return {"messages": [{"role": "assistant", "content": "Well.", **members}]}


def result(**members: Any) -> Json:
    return {"messages": [{"role": "tool", "tool_call_id": "c", "content": "14 C", **members}]}


#: Row -> a request that says it.
SAMPLES: Mapping[str, Json] = {
    "model": {"model": "fast"},
    "messages": {},
    "system": {"system": "Be brief."},
    "max_tokens": {"max_tokens": 9},
    "max_completion_tokens": {"max_completion_tokens": 9},
    "temperature": {"temperature": 0.5},
    "top_p": {"top_p": 0.5},
    "top_k": {"top_k": 5},
    "frequency_penalty": {"frequency_penalty": 0.5},
    "presence_penalty": {"presence_penalty": 0.5},
    "seed": {"seed": 5},
    "stop": {"stop": "END"},
    "stop_sequences": {"stop_sequences": ["END"]},
    "n": {"n": 2},
    "logprobs": {"logprobs": True},
    "top_logprobs": {"top_logprobs": 2},
    "logit_bias": {"logit_bias": {"5": 1}},
    "stream": {"stream": True},
    "stream_options": {"stream_options": {"include_usage": True}},
    "tools": {"tools": [FUNCTION]},
    "tools.strict": {"tools": [{"type": "function", "function": {"name": "look", "strict": True}}]},
    "tool_choice": {"tools": [FUNCTION], "tool_choice": "required"},
    "tool_choice.named": {"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "look"}}},
    "tool_choice.allowed_tools": {
        "tools": [FUNCTION],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": ALLOWED},
    },
    "parallel_tool_calls": {"tools": [FUNCTION], "parallel_tool_calls": False},
    "response_format.json_object": {"response_format": {"type": "json_object"}},
    "response_format.json_schema": {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
    "reasoning_effort": {"reasoning_effort": "low"},
    "reasoning.effort": {"reasoning": {"effort": "low"}},
    "reasoning.budget_tokens": {"reasoning": {"budget_tokens": 100}},
    "reasoning.enabled": {"reasoning": {"enabled": False}},
    "cache_control": {"cache_control": {"type": "ephemeral"}},
    "user": {"user": "u"},
    "safety_identifier": {"safety_identifier": "u"},
    "metadata": {"metadata": {"a": "b"}},
    "service_tier": {"service_tier": "flex"},
    "modalities": {"modalities": ["audio"]},
    "audio": {"audio": {"voice": "alloy"}},
    "prediction": {"prediction": {"type": "content", "content": "x"}},
    "store": {"store": True},
    "verbosity": {"verbosity": "low"},
    "web_search_options": {"web_search_options": {}},
    "prompt_cache_key": {"prompt_cache_key": "k"},
    "timeout": {"timeout": 5},
    "fallbacks": {"fallbacks": ["other"]},
    "cache": {"cache": False},
    "messages.system": {"messages": [{"role": "system", "content": "Be brief."}]},
    "messages.developer": {"messages": [{"role": "developer", "content": "Be brief."}]},
    "messages.name": {"messages": [{"role": "user", "name": "ann", "content": "hi"}]},
    "messages.text": part({"type": "text", "text": "hi"}),
    "messages.refusal": turn(content=[{"type": "refusal", "refusal": "No."}]),
    "messages.image.base64": part({"type": "image_url", "image_url": {"url": PNG}}),
    "messages.image.url": part({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
    "messages.image.detail": part({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}),
    "messages.file.pdf": part({"type": "file", "file": {"file_data": PDF}}),
    "messages.file.text": part({"type": "file", "file": {"file_data": TEXT}}),
    "messages.file.url": part({"type": "file", "file": {"file_url": "https://example.com/a.txt"}}),
    "messages.file.id": part({"type": "file", "file": {"file_id": "f"}}),
    "messages.input_audio": part({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}),
    "messages.video_url": part({"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}),
    "messages.tool_calls": turn(tool_calls=[CALL]),
    "messages.tool.text": result(),
    "messages.tool.image": result(content=[{"type": "image_url", "image_url": {"url": PNG}}]),
    "messages.tool.is_error": result(is_error=True),
    "messages.reasoning_content": turn(reasoning_content="Hm."),
    "messages.thinking_blocks.thinking": turn(thinking_blocks=[{"type": "thinking", "thinking": "", "signature": "s"}]),
    "messages.thinking_blocks.redacted_thinking": turn(thinking_blocks=[{"type": "redacted_thinking", "data": "d"}]),
    "messages.thinking_blocks.reasoning": turn(thinking_blocks=[{"type": "reasoning", "encrypted_content": "e"}]),
    "messages.thought_signature": turn(extra_content={"google": {"thought_signature": "s"}}),
    "messages.cache_control": part({"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}),
    "messages.annotations": turn(
        annotations=[{"type": "citation", "start_index": 0, "end_index": 4, "citation": {}, "dialect": "cohere"}]
    ),
}


def dropped_or_refused(unified: Json, row: str) -> list[str]:
    try:
        return render_request(unified, "command-a-reasoning-08-2025").dropped
    except Failure as failure:
        return [row] if failure.kind == "unsupported_capability" else [f"{failure}"]


@pytest.mark.parametrize("row", ROWS)
def test_what_the_table_says_is_what_happens(row: str) -> None:
    unified = {"messages": [{"role": "user", "content": "hi"}], **SAMPLES[row]}
    dropped = dropped_or_refused(unified, row)
    assert bool(dropped) == (row not in SUPPORT), dropped
    assert all(row.startswith(name) for name in dropped)


def test_nothing_is_both_neutral_and_asked_for() -> None:
    assert is_neutral("seed", None)
    assert is_neutral("parallel_tool_calls", True)
    assert not is_neutral("seed", 0)
    assert not any(is_neutral(name, {}) for name in OWN)


def test_own_fields_are_known_and_are_no_rows() -> None:
    assert OWN <= KNOWN
    assert OWN.isdisjoint(ROWS)


@pytest.mark.parametrize("target", [BY_NAME[name] for name in SEVEN if name != "cohere"], ids=lambda it: it.name)
def test_documents_are_the_grounding_of_the_question(target: Dialect) -> None:
    """No other provider is asked without them; and what a tool's document left in the unified form stays with us."""
    assert "documents" in STATEFUL
    called = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    document = {"type": "document", "document": {"id": "1", "data": {"t": "x"}}}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "a", "content": [document]},
    ]
    unified = DIALECT.parse_request({"model": "m", "messages": messages})
    assert b"extra_content" not in orjson.dumps(target.render_request(unified, "m").wire)
