"""How each family is told to think, and what is read from any of their words."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock.reasoning import take_reasoning
from proxy.dialects.bedrock.request import render_request

HI = {"role": "user", "content": "hi"}
NOVA, OSS, GPT = "us.amazon.nova-2-lite-v1:0", "openai.gpt-oss-20b-1:0", "openai.gpt-5.6-luna"
SONNET, NEWER, QWEN = "anthropic.claude-sonnet-4-5", "anthropic.claude-opus-4-8", "qwen.qwen3-32b-v1:0"


def say(model: str, **unified: Any) -> tuple[Json, list[str], Any]:
    wire, dropped, translated = render_request({"messages": [HI], **unified}, model)
    return wire.get("additionalModelRequestFields", {}), dropped, translated


@pytest.mark.parametrize(
    ("model", "reasoning", "fields"),
    [
        (SONNET, {"budget_tokens": 2000}, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (SONNET, {"effort": "low"}, {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        (SONNET, {"enabled": False}, {"thinking": {"type": "disabled"}}),
        (NEWER, {"effort": "high"}, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}),
        (NOVA, {"effort": "low"}, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}),
        (NOVA, {"enabled": True}, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}),
        (NOVA, {"effort": "none"}, {}),
        (OSS, {"effort": "max"}, {"reasoning_effort": "high"}),
        (GPT, {"effort": "minimal"}, {"reasoning": {"effort": "low"}}),
        (GPT, {"enabled": False}, {"reasoning": {"effort": "none"}}),
        (QWEN, {"effort": "high"}, {"reasoning_config": "high"}),
        ("amazon.nova-lite-v1:0", {"effort": "none"}, {}),
    ],
)
def test_each_family_in_its_words(model: str, reasoning: Json, fields: Json) -> None:
    assert say(model, reasoning=reasoning, max_tokens=4000) == (fields, [], [])


@pytest.mark.parametrize(
    ("model", "unified", "fields", "dropped", "translated"),
    [
        ("meta.llama3-3-70b", {"reasoning_effort": "low"}, {}, ["reasoning_effort"], []),
        (OSS, {"reasoning": {"enabled": False}}, {"reasoning_effort": "low"}, ["reasoning"], []),
        (
            OSS,
            {"reasoning": {"budget_tokens": 9000}},
            {"reasoning_effort": "high"},
            [],
            ["reasoning.budget_tokens"],
        ),
        (
            SONNET,
            {
                "reasoning_effort": "low",
                "tools": [{"name": "f"}],
                "tool_choice": "required",
            },
            {},
            ["reasoning_effort"],
            [],
        ),
        (
            NOVA,
            {"reasoning_effort": "high", "temperature": 0.5, "max_tokens": 100},
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
            ["max_tokens", "temperature"],
            [],
        ),
    ],
)
def test_what_a_family_does_not_take_is_named(
    model: str, unified: Json, fields: Json, dropped: list[str], translated: list[str]
) -> None:
    assert say(model, **unified) == (fields, dropped, translated)


@pytest.mark.parametrize("model", [SONNET, NOVA])
def test_an_effort_that_nobody_knows_is_the_callers_mistake(model: str) -> None:
    with pytest.raises(Failure) as caught:
        say(model, reasoning={"effort": "heroic"})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "reasoning.effort")


@pytest.mark.parametrize(
    ("fields", "reasoning", "left"),
    [
        ({"thinking": {"type": "adaptive", "display": "summarized"}}, {"enabled": True, "display": "summarized"}, {}),
        ({"reasoning_config": {"type": "enabled", "budget_tokens": 1024}}, {"budget_tokens": 1024}, {}),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, {"effort": "low"}, {}),
        ({"output_config": {"effort": "low", "x": 1}}, {"effort": "low"}, {"output_config": {"x": 1}}),
        ({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}, {"effort": "low"}, {}),
        ({"reasoningConfig": {"type": "disabled"}}, {"enabled": False}, {}),
        ({"reasoningConfig": {"novel": 1}}, {}, {"reasoningConfig": {"novel": 1}}),
        ({"reasoning_effort": "low", "top_k": 5}, {"effort": "low"}, {"top_k": 5}),
        ({"reasoning": {"effort": "none"}}, {"effort": "none"}, {}),
        ({"reasoning_config": "high"}, {"effort": "high"}, {}),
        ({"thinking": 5, "reasoning": "x"}, {}, {"thinking": 5, "reasoning": "x"}),
    ],
)
def test_any_familys_words_are_read_and_taken_out(fields: Json, reasoning: Json, left: Json) -> None:
    given = dict(fields)
    assert take_reasoning(given) == reasoning
    assert given == left


def test_a_budget_that_claude_would_refuse_is_raised_and_named() -> None:
    fields, dropped, translated = say(SONNET, reasoning={"budget_tokens": 10})
    assert fields == {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    assert (dropped, translated) == ([], ["reasoning.budget_tokens"])
