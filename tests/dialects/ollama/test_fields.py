"""The table of what Ollama can say, row by row against what it does say."""

from collections.abc import Mapping
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.capabilities import ROWS
from proxy.dialects.neutral import NEUTRAL, is_neutral
from proxy.dialects.ollama.fields import OWN, SUPPORT
from proxy.dialects.ollama.request import render_request

PNG = "data:image/png;base64,iVBORw0KGgo="
TOOL = {"type": "function", "function": {"name": "a", "parameters": {"type": "object"}}}
CALL = {"id": "c", "type": "function", "function": {"name": "a", "arguments": "{}"}}
SIGNATURE = {"extra_content": {"google": {"thought_signature": "s"}}}
PDF = "data:application/pdf;base64,JVBERi0="


def user(*parts: Json) -> Json:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def assistant(**more: Any) -> Json:
    return {"messages": [{"role": "assistant", "content": "x", **more}]}


def result(content: Any, **more: Any) -> Json:
    called = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    return {"messages": [called, {"role": "tool", "tool_call_id": "c", "content": content, **more}]}


def thought(kind: str) -> Json:
    return assistant(thinking_blocks=[{"type": kind, "thinking": "t", "signature": "s", "data": "d", "id": "r"}])


def chosen(choice: Any) -> Json:
    return {"tools": [TOOL], "tool_choice": choice}


#: Row -> a request that uses it.
SAMPLES: Mapping[str, Json] = {
    "model": {},
    "messages": {},
    "system": {"system": "s"},
    "max_tokens": {"max_tokens": 1},
    "max_completion_tokens": {"max_completion_tokens": 1},
    "temperature": {"temperature": 1.5},
    "top_p": {"top_p": 0.5},
    "top_k": {"top_k": 5},
    "frequency_penalty": {"frequency_penalty": 1},
    "presence_penalty": {"presence_penalty": 1},
    "seed": {"seed": 1},
    "stop": {"stop": "x"},
    "stop_sequences": {"stop_sequences": ["x"]},
    "n": {"n": 2},
    "logprobs": {"logprobs": True},
    "top_logprobs": {"logprobs": True, "top_logprobs": 1},
    "logit_bias": {"logit_bias": {"1": 1}},
    "stream": {"stream": True},
    "stream_options": {"stream_options": {"include_usage": True}},
    "tools": {"tools": [TOOL]},
    "tools.strict": {"tools": [{"name": "a", "strict": True}]},
    "tool_choice": chosen("none"),
    "tool_choice.named": chosen({"type": "function", "function": {"name": "a"}}),
    "tool_choice.allowed_tools": chosen({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL]}}),
    "parallel_tool_calls": {"tools": [TOOL], "parallel_tool_calls": False},
    "response_format.json_object": {"response_format": {"type": "json_object"}},
    "response_format.json_schema": {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
    "reasoning_effort": {"reasoning_effort": "high"},
    "reasoning.effort": {"reasoning": {"effort": "high"}},
    "reasoning.budget_tokens": {"reasoning": {"budget_tokens": 9}},
    "reasoning.enabled": {"reasoning": {"enabled": True}},
    "cache_control": {"cache_control": {"type": "ephemeral"}},
    "user": {"user": "u"},
    "safety_identifier": {"safety_identifier": "u"},
    "metadata": {"metadata": {"a": "b"}},
    "service_tier": {"service_tier": "flex"},
    "modalities": {"modalities": ["text", "audio"]},
    "audio": {"audio": {"voice": "alloy"}},
    "prediction": {"prediction": {"type": "content", "content": "x"}},
    "store": {"store": True},
    "verbosity": {"verbosity": "low"},
    "web_search_options": {"web_search_options": {}},
    "prompt_cache_key": {"prompt_cache_key": "k"},
    "timeout": {"timeout": 1},
    "fallbacks": {"fallbacks": ["x"]},
    "cache": {"cache": {"ttl": 1}},
    "messages.system": {"messages": [{"role": "system", "content": "x"}]},
    "messages.developer": {"messages": [{"role": "developer", "content": "x"}]},
    "messages.name": assistant(name="bob"),
    "messages.text": user({"type": "text", "text": "x"}),
    "messages.refusal": assistant(content=None, refusal="no"),
    "messages.image.base64": user({"type": "image_url", "image_url": {"url": PNG}}),
    "messages.image.url": user({"type": "image_url", "image_url": {"url": "https://a/b.png"}}),
    "messages.image.detail": user({"type": "image_url", "image_url": {"url": PNG, "detail": "high"}}),
    "messages.file.pdf": user({"type": "file", "file": {"file_data": PDF}}),
    "messages.file.text": user({"type": "file", "file": {"file_data": "data:text/plain;base64,aGk="}}),
    "messages.file.url": user({"type": "file", "file": {"file_url": "https://a/b.pdf"}}),
    "messages.file.id": user({"type": "file", "file": {"file_id": "f"}}),
    "messages.input_audio": user({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}),
    "messages.video_url": user({"type": "video_url", "video_url": {"url": "https://a"}}),
    "messages.tool_calls": result("x"),
    "messages.tool.text": result("x"),
    "messages.tool.image": result([{"type": "image_url", "image_url": {"url": PNG}}]),
    "messages.tool.is_error": result("x", is_error=True),
    "messages.reasoning_content": assistant(reasoning_content="hm"),
    "messages.thinking_blocks.thinking": thought("thinking"),
    "messages.thinking_blocks.redacted_thinking": thought("redacted_thinking"),
    "messages.thinking_blocks.reasoning": thought("reasoning"),
    "messages.thought_signature": assistant(**SIGNATURE),
    "messages.cache_control": assistant(cache_control={"type": "ephemeral"}),
    "messages.annotations": assistant(annotations=[{"type": "url_citation"}]),
}
#: What cannot be left out without asking another question.
REFUSED = frozenset({"n"}) | {
    f"messages.{name}" for name in ("image.url", "file.pdf", "file.url", "file.id", "input_audio", "video_url")
}
#: What the row is named by where the name is not the row itself.
NAMES: Mapping[str, str] = {
    "tool_choice.named": "tool_choice",
    **dict.fromkeys(
        (f"messages.thinking_blocks.{kind}" for kind in ("thinking", "redacted_thinking", "reasoning")),
        "messages.thinking_blocks",
    ),
}


def test_every_row_has_a_sample() -> None:
    assert SAMPLES.keys() == set(ROWS)
    assert SUPPORT.keys() <= SAMPLES.keys()


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_said_or_named_or_refused(row: str) -> None:
    request = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **SAMPLES[row]}
    if row in REFUSED:
        with pytest.raises(Failure) as failure:
            render_request(request, "m")
        assert (failure.value.kind, row in SUPPORT) == ("unsupported_capability", False)
    else:
        assert render_request(request, "m").dropped == ([] if row in SUPPORT else [NAMES.get(row, row)])


def test_nothing_of_its_own_is_neutral() -> None:
    assert is_neutral("seed", None)
    assert not is_neutral("seed", 0)
    assert not OWN & NEUTRAL.keys()
