"""What the model said, in the events and replies of every dialect, and nothing that it did not say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Json
from proxy.dialects.said import text_in
from proxy.translate import DIALECTS

PAYLOADS: dict[str, tuple[Json, str]] = {
    "openai": ({"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hi"}}]}, "hi"),
    "openai, thoughts": ({"choices": [{"delta": {"reasoning_content": "so", "content": None}}], "obfuscation": "zz"}, "so"),
    "openai, a call": (
        {"choices": [{"delta": {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": '{"a"'}}]}}]}, 'f{"a"',
    ),
    "openai, logprobs": (
        {"choices": [{"delta": {"content": "a"}, "logprobs": {"content": [{"token": "a", "content": "a"}]}}]}, "a",
    ),
    "openrouter": (
        {"choices": [{"delta": {"reasoning": "so", "reasoning_details": [{"type": "reasoning.text", "text": "so"}]}}]}, "so",
    ),
    "completions": ({"choices": [{"text": "and so on"}]}, "and so on"),
    "anthropic": ({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}}, "hi"),
    "anthropic, thoughts": ({"delta": {"type": "thinking_delta", "thinking": "so"}}, "so"),
    "anthropic, a signature": ({"delta": {"type": "signature_delta", "signature": "EqQB"}}, ""),
    "anthropic, a call": ({"delta": {"type": "input_json_delta", "partial_json": '{"a"'}}, '{"a"'),
    "anthropic, a reply": (
        {"content": [{"type": "text", "text": "hi"}, {"type": "tool_use", "id": "t", "name": "f", "input": {"a": "b"}}]},
        'hif{"a":"b"}',
    ),
    "gemini": ({"candidates": [{"content": {"parts": [{"text": "hi"}, {"thoughtSignature": "x"}], "role": "model"}}]}, "hi"),
    "gemini, a call": ({"candidates": [{"content": {"parts": [{"functionCall": {"args": {"a": 1}}}]}}]}, '{"a":1}'),
    "gemini, a picture": ({"candidates": [{"content": {"parts": [{"inlineData": {"data": "AAAA"}}]}}]}, ""),
    "gemini, pages": (
        {"candidates": [{"content": {"parts": [{"text": "hi"}]}, "groundingMetadata": {"supports": [{"text": "hi"}]}}]}, "hi",
    ),
    "bedrock": ({"contentBlockIndex": 0, "delta": {"text": "hi"}, "p": "abcdef"}, "hi"),
    "bedrock, a call": ({"delta": {"toolUse": {"input": '{"a"'}}}, '{"a"'),
    "bedrock_invoke": ({"bytes": "eyJkZWx0YSI6eyJ0ZXh0IjoiaGkifX0=", "p": "abc"}, "hi"),
    "cohere": ({"type": "content-delta", "delta": {"message": {"content": {"text": "hi"}}}}, "hi"),
    "cohere, a plan": ({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will"}}}, "I will"),
    "ollama": ({"model": "m", "message": {"role": "assistant", "content": "hi", "thinking": "so"}, "done": False}, "hiso"),
    "ollama, generate": ({"model": "m", "response": "hi", "context": [1, 2]}, "hi"),
    "responses": ({"type": "response.output_text.delta", "item_id": "msg", "delta": "hi", "obfuscation": "z"}, "hi"),
    "responses, said again": ({"type": "response.output_text.done", "text": "hi"}, ""),
    "responses, what it was told": ({"type": "response.created", "response": {"instructions": "do", "output": []}}, ""),
    "responses, a reply": (
        {"instructions": "do", "tools": [{"content": "x"}], "output": [{"content": [{"type": "output_text", "text": "hi"}]}]},
        "hi",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAYLOADS)
def test_what_was_said(name: str) -> None:
    payload, said = PAYLOADS[name]
    dialect = DIALECTS.get(name.partition(",")[0], DIALECTS["openai"])
    assert dialect.text_in(payload) == said


NAMES = st.sampled_from(["type", "content", "text", "delta", "args", "input", "response", "parts", "usage", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None, database=None)
@given(JSON)
def test_any_json_says_something_or_nothing(payload: Any) -> None:
    assert isinstance(text_in(payload), str)
