"""Efforts, budgets and levels, by model and back."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.models import read_model
from proxy.dialects.gemini.thinking import parse_thinking, render_thinking

OLD, PRO, FLASH, LITE, THREE, NEW = (
    *("gemini-2.0-flash", "gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite"),
    *("gemini-3-pro-preview", "gemini-3.5-flash"),
)
SHOWN = {"includeThoughts": True}


@pytest.mark.parametrize(
    ("model", "reasoning", "config", "dropped", "translated"),
    [
        (OLD, {"effort": "high"}, {}, ["reasoning"], []),
        (OLD, {"effort": "none"}, {}, [], []),
        (FLASH, {"effort": "low"}, {**SHOWN, "thinkingBudget": 1024}, [], []),
        (FLASH, {"effort": "max"}, {**SHOWN, "thinkingBudget": 24576}, [], []),
        (FLASH, {"effort": "none"}, {"thinkingBudget": 0}, [], []),
        (PRO, {"enabled": False}, {"thinkingBudget": 128}, ["reasoning"], []),
        (PRO, {"budget_tokens": 100000}, {**SHOWN, "thinkingBudget": 32768}, [], ["reasoning.budget_tokens"]),
        (LITE, {"budget_tokens": 1000, "display": "omitted"}, {"thinkingBudget": 1000}, [], []),
        (LITE, {"enabled": True}, {**SHOWN, "thinkingBudget": -1}, [], []),
        (THREE, {"effort": "minimal"}, {**SHOWN, "thinkingLevel": "LOW"}, [], []),
        (THREE, {"effort": "medium"}, {**SHOWN, "thinkingLevel": "HIGH"}, [], []),
        (THREE, {"effort": "xhigh"}, {**SHOWN, "thinkingLevel": "HIGH"}, [], []),
        (THREE, {"effort": "none"}, {"thinkingLevel": "LOW"}, ["reasoning"], []),
        (NEW, {"effort": "minimal"}, {**SHOWN, "thinkingLevel": "MINIMAL"}, [], []),
        (NEW, {"budget_tokens": 8000}, {**SHOWN, "thinkingLevel": "MEDIUM"}, [], ["reasoning.budget_tokens"]),
        (NEW, {"budget_tokens": 99999}, {**SHOWN, "thinkingLevel": "HIGH"}, [], ["reasoning.budget_tokens"]),
        (NEW, {"enabled": True}, SHOWN, [], []),
        (NEW, {}, {}, [], []),
    ],
)
def test_how_a_model_is_told(
    model: str, reasoning: Json, config: Json, dropped: list[str], translated: list[str]
) -> None:
    thought = render_thinking({"reasoning": reasoning}, read_model(model))
    assert (thought.config, list(thought.dropped), list(thought.translated)) == (config, dropped, translated)


def test_reasoning_goes_before_reasoning_effort() -> None:
    assert render_thinking({"reasoning_effort": "low"}, read_model(NEW)).config["thinkingLevel"] == "LOW"
    both = render_thinking({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, read_model(NEW))
    assert both.config["thinkingLevel"] == "HIGH"


@pytest.mark.parametrize(
    ("field", "value"), [("reasoning_effort", "huge"), ("reasoning", {"effort": 3}), ("reasoning", [])]
)
def test_an_effort_nobody_knows_is_refused(field: str, value: Any) -> None:
    with pytest.raises(Failure) as raised:
        render_thinking({field: value}, read_model(NEW))
    assert (raised.value.kind, str(raised.value.param).partition(".")[0]) == ("invalid_request", field)


@pytest.mark.parametrize(
    ("wire", "reasoning"),
    [
        ({}, {}),
        ({"includeThoughts": False}, {}),
        ({"thinking_level": "LOW"}, {"effort": "low", "display": "omitted"}),
        ({"thinkingLevel": "high", "include_thoughts": True}, {"effort": "high", "display": "summarized"}),
        ({"thinkingBudget": 0}, {"enabled": False}),
        ({"thinkingBudget": -1}, {"enabled": True, "display": "omitted"}),
        ({"thinkingBudget": 500}, {"budget_tokens": 500, "display": "omitted"}),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, {}),
    ],
)
def test_what_a_client_asks_for(wire: Json, reasoning: Json) -> None:
    assert parse_thinking(wire, "t") == reasoning


@pytest.mark.parametrize(
    "wire", [{"thinkingLevel": "SOME"}, {"thinkingBudget": -2}, {"thinkingBudget": "1"}, {"includeThoughts": 1}]
)
def test_what_is_no_thinking_config(wire: Json) -> None:
    with pytest.raises(Failure) as raised:
        parse_thinking(wire, "generationConfig.thinkingConfig")
    assert raised.value.param == f"generationConfig.thinkingConfig.{next(iter(wire))}"
