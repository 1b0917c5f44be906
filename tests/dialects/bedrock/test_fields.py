"""The tables of fields, and that each row of `support` is what the code does."""

import base64
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock import DIALECT
from proxy.dialects.bedrock.fields import KNOWN, OWN, SUPPORT
from proxy.dialects.capabilities import ROWS
from proxy.dialects.neutral import is_neutral

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
TOOL: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
USER = {"role": "user", "content": "hi"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}


def asking(**fields: Any) -> Json:
    return {"messages": [USER], **fields}


def saying(*parts: Json) -> Json:
    return {"messages": [{"role": "user", "content": [*parts, {"type": "text", "text": "hi"}]}]}


def history(assistant: Json, **result: Any) -> Json:
    calling = {"role": "assistant", "tool_calls": [CALL], **assistant}
    return {
        "messages": [USER, calling, {"role": "tool", "tool_call_id": "c", "content": "1", **result}],
        "tools": [TOOL],
    }


def file(url: str) -> Json:
    return {"type": "file", "file": {"file_data": url, "filename": "a"}}


SAMPLES: dict[str, Json] = {
    "model": asking(model="x"),
    "messages": asking(),
    "system": asking(system="s"),
    **{name: asking(**{name: 5}) for name in ("max_tokens", "max_completion_tokens", "top_k", "seed", "top_logprobs")},
    **{name: asking(**{name: 0.5}) for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty")},
    **{name: asking(**{name: ["x"]}) for name in ("stop", "stop_sequences", "fallbacks")},
    **{name: asking(**{name: True}) for name in ("logprobs", "stream", "store")},
    **{name: asking(**{name: {"a": 1}}) for name in ("logit_bias", "stream_options", "cache", "audio", "prediction")},
    **{name: asking(**{name: "x"}) for name in ("user", "safety_identifier", "verbosity", "prompt_cache_key")},
    "n": asking(n=2),
    "tools": asking(tools=[TOOL]),
    "tools.strict": asking(tools=[{"type": "function", "function": {**TOOL["function"], "strict": True}}]),
    "tool_choice": asking(tools=[TOOL], tool_choice="required"),
    "tool_choice.named": asking(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "f"}}),
    "tool_choice.allowed_tools": asking(
        tools=[TOOL], tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL]}}
    ),
    "parallel_tool_calls": asking(tools=[TOOL], parallel_tool_calls=False),
    "response_format.json_object": asking(response_format={"type": "json_object"}),
    "response_format.json_schema": asking(response_format=SCHEMA),
    "reasoning_effort": asking(reasoning_effort="low"),
    "reasoning.effort": asking(reasoning={"effort": "low"}),
    "reasoning.budget_tokens": asking(reasoning={"budget_tokens": 2000}),
    "reasoning.enabled": asking(reasoning={"enabled": True}),
    "cache_control": asking(cache_control={"type": "ephemeral"}),
    "metadata": asking(metadata={"a": "b"}),
    "service_tier": asking(service_tier="flex"),
    "modalities": asking(modalities=["text", "audio"]),
    "web_search_options": asking(web_search_options={"search_context_size": "low"}),
    "timeout": asking(timeout=3),
    "messages.system": {"messages": [{"role": "system", "content": "s"}, USER]},
    "messages.developer": {"messages": [{"role": "developer", "content": "s"}, USER]},
    "messages.name": {"messages": [{**USER, "name": "x"}]},
    "messages.text": saying({"type": "text", "text": "a"}),
    "messages.refusal": {"messages": [USER, {"role": "assistant", "refusal": "no"}, USER]},
    "messages.image.base64": saying({"type": "image_url", "image_url": {"url": PNG}}),
    "messages.image.url": saying({"type": "image_url", "image_url": {"url": "https://a/b.png"}}),
    "messages.image.detail": saying({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}),
    "messages.file.pdf": saying(file("data:application/pdf;base64,JVBERi0=")),
    "messages.file.text": saying(file("data:text/plain;base64,aGk=")),
    "messages.file.url": saying({"type": "file", "file": {"file_url": "https://a/b.pdf"}}),
    "messages.file.id": saying({"type": "file", "file": {"file_id": "file_1"}}),
    "messages.input_audio": saying({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
    "messages.video_url": saying({"type": "video_url", "video_url": {"url": "https://a/b.mp4"}}),
    "messages.tool_calls": history({}),
    "messages.tool.text": history({}),
    "messages.tool.image": history({}, content=[{"type": "image_url", "image_url": {"url": PNG}}]),
    "messages.tool.is_error": history({}, is_error=True),
    "messages.reasoning_content": history({"reasoning_content": "hm"}),
    "messages.thinking_blocks.thinking": history(
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}]}
    ),
    "messages.thinking_blocks.redacted_thinking": history(
        {"thinking_blocks": [{"type": "redacted_thinking", "data": "AAAA"}]}
    ),
    "messages.thinking_blocks.reasoning": history({"thinking_blocks": [{"type": "reasoning", "id": "rs_1"}]}),
    "messages.thought_signature": history(
        {"tool_calls": [{**CALL, "extra_content": {"google": {"thought_signature": "s"}}}]}
    ),
    "messages.cache_control": saying({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}),
    "messages.annotations": history(
        {"content": "a", "annotations": [{"type": "url_citation", "url_citation": {"url": "https://a"}}]}
    ),
}


def test_there_is_a_sample_of_every_row_and_no_row_is_made_up() -> None:
    assert SAMPLES.keys() == set(ROWS)
    assert SUPPORT.keys() <= set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_said_or_named_or_refused(row: str) -> None:
    dropped = named(SAMPLES[row])
    assert bool(dropped) == (row not in SUPPORT)
    assert all(name.startswith((row.split(".")[0], "refused")) for name in dropped)


def named(unified: Json) -> list[str]:
    """What a request leaves unsaid; one that is refused says nothing."""
    try:
        return DIALECT.render_request(unified, MODEL).dropped
    except Failure as failure:
        return [f"refused: {failure.kind}"] if failure.kind == "unsupported_capability" else []


def test_own_fields_go_as_they_are_and_nothing_is_changed() -> None:
    config = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
    unified = asking(guardrailConfig=config, additionalModelRequestFields={"a": {"b": 1}}, top_k=3)
    wire, dropped, _ = DIALECT.render_request(unified, MODEL)
    assert wire["guardrailConfig"] == config
    assert wire["additionalModelRequestFields"] == {"a": {"b": 1}, "top_k": 3}
    assert unified["additionalModelRequestFields"] == {"a": {"b": 1}}
    assert dropped == []
    assert DIALECT.own == OWN


def test_nothing_is_both_neutral_and_asked_for() -> None:
    assert is_neutral("seed", None)
    assert is_neutral("logprobs", False)
    assert not is_neutral("seed", 0)
    assert "seed" not in KNOWN


@pytest.mark.parametrize("name", ["guardrailConfig", "promptVariables"])
def test_what_lies_with_aws_is_not_left_out_elsewhere(name: str) -> None:
    assert name in DIALECT.stateful
    assert name in DIALECT.own
