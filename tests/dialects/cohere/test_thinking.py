"""Effort and budget, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.cohere.thinking import parse_thinking, say_reasoning


def say(model: str = "command-a-reasoning-08-2025", **fields: Any) -> Draft:
    draft = Draft(fields, {"model": model})
    say_reasoning(draft)
    return draft


@pytest.mark.parametrize(
    ("fields", "thinking"),
    [
        ({"reasoning_effort": "low"}, {"type": "enabled", "token_budget": 2048}),
        ({"reasoning_effort": "max"}, {"type": "enabled"}),
        ({"reasoning_effort": "none"}, {"type": "disabled"}),
        ({"reasoning": {"effort": "none"}, "reasoning_effort": "high"}, {"type": "disabled"}),
        ({"reasoning": {"budget_tokens": 77, "effort": "high"}}, {"type": "enabled", "token_budget": 77}),
        ({"reasoning": {"budget_tokens": 0}}, {"type": "disabled"}),
        ({"reasoning": {"enabled": True}}, {"type": "enabled"}),
        ({"reasoning": {"enabled": False}}, {"type": "disabled"}),
    ],
)
def test_what_is_said(fields: Json, thinking: Json) -> None:
    assert say(**fields).wire["thinking"] == thinking


@pytest.mark.parametrize(
    "model", ["command-a-03-2025", "command-r-plus-08-2024", "command-r", "command", "c4ai-aya-expanse-32b"]
)
def test_a_model_that_cannot_think_is_told_nothing(model: str) -> None:
    drafted = say(model, reasoning={"effort": "high", "display": "full"})
    assert "thinking" not in drafted.wire
    assert drafted.dropped == ["reasoning.display", "reasoning.effort"]
    assert say(model, reasoning_effort="low").dropped == ["reasoning_effort"]
    assert say(model, reasoning={"enabled": False}).dropped == []


def test_a_model_yet_to_come_is_told() -> None:
    assert "thinking" in say("command-b-2027", reasoning_effort="low").wire
    assert "thinking" in say("command-a-plus-05-2026", reasoning_effort="low").wire


def test_nothing_asked_nothing_said() -> None:
    assert say(reasoning={}, reasoning_effort=None).wire.keys() == {"model"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"reasoning": {"effort": 5}}, "reasoning.effort"),
        ({"reasoning": {"budget_tokens": "5"}}, "reasoning.budget_tokens"),
        ({"reasoning": "high"}, "reasoning"),
    ],
)
def test_what_is_wrong_is_named(fields: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        say(**fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        ({"type": "enabled", "token_budget": 5}, {"budget_tokens": 5}),
        ({"type": "enabled"}, {"enabled": True}),
        ({"type": "disabled"}, {"enabled": False}),
    ],
)
def test_what_is_parsed_comes_back(thinking: Json, reasoning: Json) -> None:
    unified = parse_thinking({"thinking": thinking})
    assert unified == {"reasoning": reasoning}
    assert say(**unified).wire["thinking"] == thinking


@pytest.mark.parametrize(
    ("limits", "budget"),
    [
        ({"max_tokens": 4000}, 4000 - 1024),
        ({"max_tokens": 9000, "max_completion_tokens": 4000}, 4000 - 1024),
        ({"max_tokens": 1000}, 500),
        ({"max_tokens": 16384}, 16384 - 1024),
    ],
)
def test_an_effort_leaves_something_to_the_answer(limits: Json, budget: int) -> None:
    drafted = say(reasoning_effort="high", **limits)
    assert drafted.wire["thinking"] == {"type": "enabled", "token_budget": budget}
    assert drafted.translated == ["reasoning_effort"]
    assert say(reasoning={"effort": "high"}, **limits).translated == ["reasoning.effort"]


@pytest.mark.parametrize("fields", [{"reasoning_effort": "high"}, {"reasoning": {"budget_tokens": 16384}}])
def test_a_budget_that_fits_or_was_given_stays(fields: Json) -> None:
    drafted = say(**fields, max_tokens=20000 if "reasoning_effort" in fields else 4000)
    assert (drafted.wire["thinking"]["token_budget"], drafted.translated) == (16384, [])


def test_a_limit_of_one_token_leaves_nothing_to_think() -> None:
    assert say(reasoning_effort="high", max_tokens=1).wire["thinking"] == {"type": "disabled"}
    drafted = say("command-r", reasoning_effort="high", max_tokens=4000)
    assert (drafted.dropped, drafted.translated) == (["reasoning_effort"], [])
