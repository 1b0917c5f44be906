"""Limits, samplers and stop sequences, by model."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock.request import render_request

HI = {"role": "user", "content": "hi"}
HAIKU_3, SONNET, OPUS = "anthropic.claude-3-haiku", "anthropic.claude-sonnet-4-5", "anthropic.claude-opus-4-8"
NOVA, MISTRAL = "amazon.nova-lite-v1:0", "mistral.mistral-large-2407-v1:0"


def say(model: str, **unified: Any) -> tuple[Json, Json, list[str], Any]:
    wire, dropped, translated = render_request({"messages": [HI], **unified}, model)
    return wire.get("inferenceConfig", {}), wire.get("additionalModelRequestFields", {}), dropped, translated


@pytest.mark.parametrize(
    ("model", "unified", "config", "fields", "dropped", "translated"),
    [
        (MISTRAL, {"max_tokens": 9, "max_completion_tokens": 5}, {"maxTokens": 5}, {}, [], []),
        (MISTRAL, {"temperature": 1.5, "top_p": 1}, {"temperature": 1, "topP": 1}, {}, [], ["temperature"]),
        (MISTRAL, {"top_k": 5}, {}, {"top_k": 5}, [], []),
        (NOVA, {"top_k": 5, "temperature": 0}, {"temperature": 0}, {"inferenceConfig": {"topK": 5}}, [], []),
        ("cohere.command-r-v1:0", {"top_k": 5}, {}, {"k": 5}, [], []),
        ("meta.llama3-3-70b", {"top_k": 5}, {}, {}, ["top_k"], []),
        (
            HAIKU_3,
            {"temperature": 0.5, "top_p": 0.5, "top_k": 5},
            {"temperature": 0.5, "topP": 0.5},
            {"top_k": 5},
            [],
            [],
        ),
        (SONNET, {"temperature": 0.5, "top_p": 0.5}, {"temperature": 0.5}, {}, ["top_p"], []),
        (OPUS, {"temperature": 0.5, "top_p": 1, "top_k": 5}, {"topP": 1}, {}, ["temperature", "top_k"], []),
        (MISTRAL, {"stop": "a", "stop_sequences": ["b", "a"]}, {"stopSequences": ["a", "b"]}, {}, [], []),
        (MISTRAL, {"stop": ["\n", ""]}, {"stopSequences": ["\n"]}, {}, ["stop"], []),
        (SONNET, {"stop": ["\n"]}, {}, {}, ["stop"], []),
    ],
)
def test_by_model(
    model: str, unified: Json, config: Json, fields: Json, dropped: list[str], translated: list[str]
) -> None:
    assert say(model, **unified) == (config, fields, dropped, translated)


def test_thinking_leaves_the_default_samplers_and_room_for_an_answer() -> None:
    asked = {"reasoning": {"budget_tokens": 2000}, "temperature": 0.5, "max_tokens": 1500}
    config, fields, dropped, translated = say(SONNET, **asked)
    assert config == {"maxTokens": 3500}
    assert fields["thinking"]["budget_tokens"] == 2000
    assert (dropped, translated) == (["temperature"], ["max_tokens"])
    assert say(SONNET, reasoning={"budget_tokens": 2000})[0] == {}


@pytest.mark.parametrize(
    ("unified", "param"),
    [
        ({"max_tokens": "9"}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_k": 0.5}, "top_k"),
        ({"stop": 5}, "stop"),
        ({"stop_sequences": ["a", 5]}, "stop_sequences[1]"),
    ],
)
def test_a_mistake_is_named(unified: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        say(SONNET, **unified)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
