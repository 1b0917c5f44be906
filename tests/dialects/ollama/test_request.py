"""A unified request as one for /api/chat: what is said, what is said otherwise, and what is named."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects import Rendering
from proxy.dialects.ollama.request import render_request

MESSAGES = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "function": {"name": "a", "description": "d", "parameters": {"type": "object"}}}
BARE = {"type": "function", "function": {"name": "a", "parameters": {"type": "object", "properties": {}}}}
#: One that has levels of thinking.
MODEL = "gpt-oss:20b"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def render(**request: Any) -> Rendering:
    return render_request({"model": "asked", "messages": MESSAGES, **request}, MODEL)


def added(**request: Any) -> Json:
    """What a request says besides the least, where nothing is lost."""
    wire, dropped, translated = render(**request)
    assert (dropped, list(translated)) == ([], [])
    return {name: value for name, value in wire.items() if name not in ("model", "messages", "stream")}


def test_the_least() -> None:
    assert render() == Rendering({"model": MODEL, "messages": MESSAGES, "stream": False}, [], [])
    assert render(stream=True).wire["stream"] is True


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"temperature": 1, "top_p": 0.5, "top_k": 3}, {"options": {"temperature": 1, "top_p": 0.5, "top_k": 3}}),
        ({"seed": 7, "presence_penalty": 0.1}, {"options": {"seed": 7, "presence_penalty": 0.1}}),
        ({"frequency_penalty": 0}, {"options": {"frequency_penalty": 0}}),
        ({"max_tokens": 5}, {"options": {"num_predict": 5}}),
        ({"max_tokens": 5, "max_completion_tokens": 6}, {"options": {"num_predict": 6}}),
        ({"stop": "x"}, {"options": {"stop": ["x"]}}),
        ({"stop": ["x", "y"], "stop_sequences": ["y", "z"]}, {"options": {"stop": ["x", "y", "z"]}}),
        ({"ollama_options": {"num_ctx": 9, "seed": 1}, "seed": 2}, {"options": {"num_ctx": 9, "seed": 2}}),
        ({"keep_alive": "5m", "truncate": False, "shift": True}, {"keep_alive": "5m", "truncate": False, "shift": True}),
        ({"logprobs": True, "top_logprobs": 2}, {"logprobs": True, "top_logprobs": 2}),
        ({"response_format": {"type": "text"}}, {}),
        ({"response_format": {"type": "json_object"}}, {"format": "json"}),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}}, {"format": SCHEMA}),
        ({"reasoning_effort": "none"}, {"think": False}),
        ({"reasoning_effort": "low"}, {"think": "low"}),
        ({"reasoning": {"effort": "max"}}, {"think": "max"}),
        ({"reasoning": {"enabled": True}}, {"think": True}),
        ({"reasoning": {"enabled": False, "effort": "high"}}, {"think": False}),
        ({"reasoning": {"enabled": True, "effort": "high"}}, {"think": "high"}),
        ({"reasoning": {"budget_tokens": 0}}, {"think": False}),
        ({"think": "model-defined"}, {"think": "model-defined"}),
        ({"tools": [TOOL]}, {"tools": [TOOL]}),
        ({"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": True}, {"tools": [TOOL]}),
        ({"tools": [{"name": "a"}]}, {"tools": [BARE]}),
        ({"tools": [{"type": "ollama", "ollama": {"type": "new"}}]}, {"tools": [{"type": "new"}]}),
        ({"tools": [], "tool_choice": "none", "parallel_tool_calls": False}, {}),
        ({"n": 1, "timeout": 3, "fallbacks": [], "cache": {}, "stream_options": {"include_usage": True}}, {}),
        ({"store": False, "logit_bias": {}, "modalities": ["text"], "metadata": {}, "user": None}, {}),
    ],
)  # fmt: skip
def test_what_is_said(request_: Json, said: Json) -> None:
    assert added(**request_) == said


def test_an_allowed_set_leaves_only_its_tools() -> None:
    other = {"type": "function", "function": {"name": "b"}}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL]}}
    assert added(tools=[TOOL, other], tool_choice=allowed) == {"tools": [TOOL]}
    allowed["allowed_tools"] = {"mode": "required", "tools": [TOOL]}
    wire, dropped, _ = render(tools=[TOOL, other], tool_choice=allowed)
    assert (wire["tools"], dropped) == ([TOOL], ["tool_choice"])


def test_none_leaves_the_tools_out_and_tells() -> None:
    wire, dropped, translated = render(tools=[TOOL], tool_choice="none")
    assert "tools" not in wire
    assert (dropped, translated) == ([], ["tool_choice"])


@pytest.mark.parametrize(
    ("request_", "dropped"),
    [
        ({"tools": [TOOL], "tool_choice": "required"}, ["tool_choice"]),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "a"}}}, ["tool_choice"]),
        ({"tools": [TOOL], "tool_choice": {"type": "custom", "custom": {"name": "a"}}}, ["tool_choice"]),
        ({"tools": [TOOL], "parallel_tool_calls": False}, ["parallel_tool_calls"]),
        ({"tools": [{**TOOL, "cache_control": {"type": "ephemeral"}}]}, ["tools.cache_control"]),
        ({"tools": [{"name": "a", "strict": True}, {"name": "b", "strict": True}]}, ["tools.strict"]),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}, TOOL]}, ["tools[0]"]),
        ({"reasoning": {"budget_tokens": 9}}, ["reasoning.budget_tokens"]),
        ({"reasoning": {"display": "summarized"}}, ["reasoning.display"]),
        ({"response_format": {"type": "grammar"}}, ["response_format"]),
        ({"logit_bias": {"1": 2}, "user": "u", "new": 1}, ["logit_bias", "user", "new"]),
        ({"cache_control": {"type": "ephemeral"}, "service_tier": "flex"}, ["cache_control", "service_tier"]),
    ],
)
def test_what_has_no_word_is_named_once(request_: Json, dropped: list[str]) -> None:
    assert render(**request_).dropped == dropped


def test_a_tool_choice_without_a_word_leaves_the_tools() -> None:
    assert render(tools=[TOOL], tool_choice="required").wire["tools"] == [TOOL]


@pytest.mark.parametrize(("effort", "think"), [("low", True), ("max", True), ("none", False)])
def test_a_model_without_levels_thinks_or_not(effort: str, think: bool) -> None:
    asked = {"messages": MESSAGES, "reasoning_effort": effort}
    wire, dropped, translated = render_request(asked, "qwen3:8b")
    assert (wire["think"], dropped, list(translated)) == (think, [], ["reasoning_effort"] if think else [])


@pytest.mark.parametrize(("effort", "think"), [("minimal", "low"), ("xhigh", "high")])
def test_an_effort_between_the_levels_is_told(effort: str, think: str) -> None:
    assert render(reasoning_effort=effort)[::2] == (
        {"model": MODEL, "messages": MESSAGES, "think": think, "stream": False},
        ["reasoning_effort"],
    )
    assert render(reasoning={"effort": effort}).translated == ["reasoning.effort"]


@pytest.mark.parametrize(
    ("request_", "kind", "param"),
    [
        ({"n": 2}, "unsupported_capability", "n"),
        ({"temperature": "hot"}, "invalid_request", "temperature"),
        ({"seed": 1.5}, "invalid_request", "seed"),
        ({"max_tokens": "5"}, "invalid_request", "max_tokens"),
        ({"stop": [3]}, "invalid_request", "stop[0]"),
        ({"tools": [{"type": "function"}]}, "invalid_request", "tools[0].function.name"),
        ({"tool_choice": "maybe"}, "invalid_request", "tool_choice"),
        ({"reasoning_effort": "hard"}, "invalid_request", "reasoning_effort"),
        ({"reasoning": {"enabled": 1}}, "invalid_request", "reasoning.enabled"),
        ({"response_format": {"type": "json_schema"}}, "invalid_request", "response_format.json_schema"),
        ({"ollama_options": [1]}, "invalid_request", "ollama_options"),
    ],
)
def test_what_is_wrong(request_: Json, kind: str, param: str) -> None:
    with pytest.raises(Failure) as failure:
        render(**request_)
    assert (failure.value.kind, failure.value.param) == (kind, param)


def test_the_request_is_not_changed() -> None:
    request = {
        "model": "m",
        "messages": [dict(MESSAGES[0])],
        "tools": [TOOL],
        "ollama_options": {"num_ctx": 1},
        "seed": 3,
    }
    before = repr(request)
    render_request(request, "x")
    assert repr(request) == before
