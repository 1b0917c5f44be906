"""Each row of the table is proved by behaviour: what is in it is said, what is not is named."""

from typing import Any

import pytest

from proxy.call import Json
from proxy.dialects.capabilities import ROWS
from proxy.dialects.gemini import DIALECT
from proxy.dialects.gemini.fields import SUPPORT

PNG = "data:image/png;base64,iVBORw0KGgo="
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}


def user(*parts: Any, **members: Any) -> Json:
    return {"messages": [{"role": "user", "content": list(parts) or "a", **members}]}


def assistant(**members: Any) -> Json:
    return {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", **members}]}


def result(**members: Any) -> Json:
    turn = {"role": "assistant", "tool_calls": [CALL]}
    return {"messages": [{"role": "user", "content": "a"}, turn, {"role": "tool", "tool_call_id": "c", **members}]}


def file(**members: Any) -> Json:
    return user({"type": "file", "file": members})


def tools(**members: Any) -> Json:
    return {"tools": [FUNCTION], **members}


#: Row -> a request that uses it. A field that takes any value is in no need of a sample: it is sent as VALUES or as a string.
SAMPLES: dict[str, Json] = {
    "tools": tools(),
    "tools.strict": {"tools": [{"type": "function", "function": {"name": "f", "strict": True}}]},
    "tool_choice": tools(tool_choice="required"),
    "tool_choice.named": tools(tool_choice={"type": "function", "function": {"name": "f"}}),
    "tool_choice.allowed_tools": tools(
        tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [FUNCTION]}}
    ),
    "parallel_tool_calls": tools(parallel_tool_calls=False),
    "response_format.json_object": {"response_format": {"type": "json_object"}},
    "response_format.json_schema": {"response_format": SCHEMA},
    "reasoning.effort": {"reasoning": {"effort": "low"}},
    "reasoning.budget_tokens": {"reasoning": {"budget_tokens": 2000}},
    "reasoning.enabled": {"reasoning": {"enabled": True}},
    "messages.system": {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}]},
    "messages.developer": {"messages": [{"role": "developer", "content": "s"}, {"role": "user", "content": "a"}]},
    "messages.name": user(name="n"),
    "messages.text": user({"type": "text", "text": "t"}),
    "messages.refusal": assistant(content=[{"type": "refusal", "refusal": "no"}]),
    "messages.image.base64": user({"type": "image_url", "image_url": {"url": PNG}}),
    "messages.image.url": user({"type": "image_url", "image_url": {"url": "https://a/b.png"}}),
    "messages.image.detail": user({"type": "image_url", "image_url": {"url": PNG, "detail": "high"}}),
    "messages.file.pdf": file(file_data="data:application/pdf;base64,JVBERi0="),
    "messages.file.text": file(file_data="data:text/plain;base64,aGk="),
    "messages.file.url": file(file_url="https://a/b.pdf"),
    "messages.file.id": file(file_id="files/x"),
    "messages.input_audio": user({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}),
    "messages.video_url": user({"type": "video_url", "video_url": {"url": "https://a/b.mp4"}}),
    "messages.tool_calls": result(content="ok"),
    "messages.tool.text": result(content="ok"),
    "messages.tool.image": result(content=[{"type": "image_url", "image_url": {"url": PNG}}]),
    "messages.tool.is_error": result(content="no", is_error=True),
    "messages.reasoning_content": assistant(reasoning_content="hm"),
    "messages.thinking_blocks.thinking": assistant(thinking_blocks=[{"type": "thinking", "signature": "s"}]),
    "messages.thinking_blocks.redacted_thinking": assistant(thinking_blocks=[{"type": "redacted_thinking"}]),
    "messages.thinking_blocks.reasoning": assistant(thinking_blocks=[{"type": "reasoning"}]),
    "messages.thought_signature": assistant(extra_content={"google": {"thought_signature": "c2ln"}}),
    "messages.cache_control": user({"type": "text", "text": "t", "cache_control": {"type": "ephemeral"}}),
    "messages.annotations": assistant(annotations=[{"type": "url_citation"}]),
}
VALUES: dict[str, Any] = {
    **dict.fromkeys(("max_tokens", "max_completion_tokens", "top_k", "seed", "top_logprobs", "timeout"), 5),
    **dict.fromkeys(("temperature", "top_p", "frequency_penalty", "presence_penalty"), 0.5),
    **{name: ["text"] for name in ("stop_sequences", "modalities", "fallbacks")},
    **{name: {"a": "b"} for name in ("stream_options", "metadata", "audio", "prediction", "cache", "cache_control")},
    **dict.fromkeys(("logprobs", "stream", "store"), True),
    "n": 2,
    "logit_bias": {"1": 1},
    "web_search_options": {},
    "reasoning_effort": "low",
    "service_tier": "flex",
    "messages": [{"role": "user", "content": "a"}],
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_said_or_named(row: str) -> None:
    sample = SAMPLES.get(row) or {row: VALUES.get(row, "x")}
    unified = {"messages": [{"role": "user", "content": "a"}], **sample}
    rendering = DIALECT.render_request(unified, "gemini-2.0-flash" if "penalty" in row else "gemini-3.5-flash")
    named = any(row == name or row.startswith(f"{name}.") for name in rendering.dropped)
    assert named == (row not in SUPPORT), rendering.dropped


def test_the_table_has_no_rows_of_its_own() -> None:
    assert set(SUPPORT) <= set(ROWS)
    assert not DIALECT.own & set(ROWS)


def test_what_lies_with_google_cannot_be_left_out() -> None:
    assert DIALECT.stateful == {"cachedContent"}
    assert DIALECT.stateful <= DIALECT.own
