"""A unified request as Google's, field by field, and by generation of the model."""

from copy import deepcopy
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.request import render_request

ASK: Json = {"messages": [{"role": "user", "content": "a"}]}
CONTENTS = [{"role": "user", "parts": [{"text": "a"}]}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
FORM = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}
TOOL = {"type": "function", "function": {"name": "f"}}


def render(model: str = "gemini-3.5-flash", **fields: Any) -> Any:
    return render_request({**ASK, **fields}, model)


def config_of(**fields: Any) -> Json:
    rendering = render(**fields)
    assert not rendering.dropped
    assert rendering.wire.keys() <= {"contents", "generationConfig"}
    return dict(rendering.wire.get("generationConfig", {}))


@pytest.mark.parametrize(
    ("fields", "config"),
    [
        (
            {"temperature": 0, "top_p": 0.5, "top_k": 3, "seed": 7},
            {"temperature": 0, "topP": 0.5, "topK": 3, "seed": 7},
        ),
        ({"presence_penalty": 0, "frequency_penalty": 0.0}, {}),
        ({"n": 2, "logprobs": True, "top_logprobs": 4}, {"candidateCount": 2, "responseLogprobs": True, "logprobs": 4}),
        ({"max_tokens": 5, "max_completion_tokens": 9}, {"maxOutputTokens": 9}),
        ({"max_tokens": 5}, {"maxOutputTokens": 5}),
        ({"stop": "x", "stop_sequences": ["y", "x", "y"]}, {"stopSequences": ["x", "y"]}),
        ({"modalities": ["text", "image"]}, {"responseModalities": ["TEXT", "IMAGE"]}),
        ({"response_format": {"type": "json_object"}}, {"responseMimeType": "application/json"}),
        ({"response_format": FORM}, {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}),
        ({"response_format": {"type": "text"}, "temperature": None, "stop": None}, {}),
        ({"reasoning_effort": "low"}, {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "LOW"}}),
        ({"generationConfig": {"mediaResolution": "X", "seed": 1}, "seed": 2}, {"mediaResolution": "X", "seed": 2}),
        ({"stream": True, "stream_options": {}, "timeout": 3, "fallbacks": [], "cache": True, "model": "m"}, {}),
    ],
)
def test_generation_config(fields: Json, config: Json) -> None:
    assert config_of(**fields) == config


def test_an_argument_is_left_as_it_was() -> None:
    unified = {**ASK, "tools": [TOOL], "generationConfig": {"a": 1}, "seed": 1, "stop": ["x"]}
    before = deepcopy(unified)
    render_request(unified, "gemini-3.5-flash")
    assert unified == before


@pytest.mark.parametrize(
    ("tier", "said"), [("auto", None), ("default", "standard"), ("flex", "flex"), ("priority", "priority")]
)
def test_service_tier(tier: str, said: str | None) -> None:
    assert render(service_tier=tier).wire.get("serviceTier") == said


def test_what_cannot_be_said_is_named() -> None:
    rendering = render(
        user="u", logit_bias={"1": 1}, thing=1, store=True, service_tier="scale", parallel_tool_calls=False
    )
    assert rendering.dropped == ["service_tier", "user", "logit_bias", "thing", "store"]
    assert rendering.wire == {"contents": CONTENTS}
    assert not render(thing=None, logit_bias={}, store=False, metadata={}, parallel_tool_calls=True).dropped


def test_a_schema_beside_tools_came_with_gemini_3() -> None:
    assert "responseJsonSchema" in render(tools=[TOOL], response_format=FORM).wire["generationConfig"]
    old = render("gemini-2.5-pro", tools=[TOOL], response_format=FORM)
    assert old.dropped == ["response_format.json_schema"]
    assert "generationConfig" not in old.wire
    any_json = render("gemini-2.5-pro", tools=[TOOL], response_format={"type": "json_object"})
    assert any_json.dropped == ["response_format.json_object"]


@pytest.mark.parametrize(
    ("fields", "said", "dropped"),
    [
        ({"stop": list("abcdefa")}, list("abcde"), ["stop"]),
        ({"stop": list("aabcd"), "stop_sequences": list("defg")}, list("abcde"), ["stop_sequences"]),
        ({"stop": list("abcde"), "stop_sequences": list("edcba")}, list("abcde"), []),
    ],
)
def test_five_sequences_to_stop_at_are_the_most(fields: Json, said: list[str], dropped: list[str]) -> None:
    rendering = render(**fields)
    assert rendering.wire["generationConfig"] == {"stopSequences": said}
    assert rendering.dropped == dropped


@pytest.mark.parametrize(
    ("model", "taken"),
    [
        ("gemini-2.0-flash", True),
        ("gemini-2.5-flash", False),
        ("models/gemini-3-pro-preview", False),
        ("gemini-flash-latest", False),
    ],
)
def test_penalties_ended_with_gemini_2_5(model: str, taken: bool) -> None:
    rendering = render(model, presence_penalty=1, frequency_penalty=-0.5)
    config = {"presencePenalty": 1, "frequencyPenalty": -0.5}
    assert rendering.wire.get("generationConfig") == (config if taken else None)
    assert rendering.dropped == ([] if taken else ["presence_penalty", "frequency_penalty"])


def test_an_excuse_is_told_once() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turn = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": "a"}]
    assert render(messages=[*ASK["messages"], *turn, *turn]).translated == ["messages.thought_signature"]


def test_what_is_googles_own() -> None:
    own: Json = {"safetySettings": [{}], "cachedContent": "c", "labels": {"a": "b"}, "gemini_store": True}
    config = {"functionCallingConfig": {"mode": "VALIDATED"}, "includeServerSideToolInvocations": True}
    rendering = render(**own, tools=[TOOL], tool_choice="auto", toolConfig=config)
    assert not rendering.dropped
    assert rendering.wire["toolConfig"] == config
    assert rendering.wire["store"] is True
    assert rendering.wire["labels"] == {"a": "b"}


def test_budgets_that_were_cut_are_told() -> None:
    assert render("gemini-2.5-flash", reasoning={"budget_tokens": 99999}).translated == ["reasoning.budget_tokens"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"stop": 3}, "stop"),
        ({"stop": ["a", {}]}, "stop[1]"),
        ({"modalities": "text"}, "modalities"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"service_tier": 1}, "service_tier"),
        ({"generationConfig": 3}, "generationConfig"),
        ({"tools": [3]}, "tools[0]"),
    ],
)
def test_wrong_fields(fields: Json, param: str) -> None:
    with pytest.raises(Failure) as raised:
        render(**fields)
    assert (raised.value.kind, raised.value.param) == ("invalid_request", param)
