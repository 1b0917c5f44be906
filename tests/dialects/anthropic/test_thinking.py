"""Reasoning there and back, for each way a model is told to think."""

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic.models import BUDGETS, read_model
from proxy.dialects.anthropic.thinking import Thought, parse_thinking, render_reasoning

OLD, BOTH, NEW = (read_model(name) for name in ("claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-4-8"))


def test_nothing_asked_nothing_said() -> None:
    silent: list[Json] = [{}, {"reasoning": {}}, {"reasoning_effort": None}]
    for unified in silent:
        assert render_reasoning(unified, NEW) == Thought()


@pytest.mark.parametrize(("effort", "budget"), BUDGETS.items())
def test_an_effort_is_a_budget_where_the_model_wants_one(effort: str, budget: int) -> None:
    thought = render_reasoning({"reasoning_effort": effort}, OLD)
    assert thought == Thought({"type": "enabled", "budget_tokens": budget})


@pytest.mark.parametrize(
    ("effort", "said"), [("minimal", "low"), ("medium", "medium"), ("xhigh", "xhigh"), ("max", "max")]
)
def test_an_effort_is_an_effort_where_thinking_adapts(effort: str, said: str) -> None:
    assert render_reasoning({"reasoning": {"effort": effort}}, NEW) == Thought({"type": "adaptive"}, said)


def test_xhigh_is_high_where_there_is_no_xhigh() -> None:
    assert render_reasoning({"reasoning_effort": "xhigh"}, BOTH).effort == "high"


def test_a_budget_is_kept_where_it_is_taken_and_named_where_it_is_not() -> None:
    unified = {"reasoning": {"budget_tokens": 4000, "display": "summarized"}}
    said = {"type": "enabled", "budget_tokens": 4000, "display": "summarized"}
    assert render_reasoning(unified, OLD).thinking == render_reasoning(unified, BOTH).thinking == said
    adaptive = render_reasoning(unified, NEW)
    assert adaptive.thinking == {"type": "adaptive", "display": "summarized"}
    assert adaptive.dropped == ("reasoning.budget_tokens",)


def test_a_budget_is_at_least_what_the_api_accepts() -> None:
    raised = render_reasoning({"reasoning": {"budget_tokens": 10}}, OLD)
    assert raised.thinking == {"type": "enabled", "budget_tokens": 1024}
    assert raised.translated == ("reasoning.budget_tokens",)
    assert render_reasoning({"reasoning": {"budget_tokens": 1024}}, OLD).translated == ()


def test_enabled_alone_is_enough() -> None:
    assert render_reasoning({"reasoning": {"enabled": True}}, OLD).thinking == {
        "type": "enabled",
        "budget_tokens": BUDGETS["medium"],
    }
    assert render_reasoning({"reasoning": {"enabled": True}}, NEW) == Thought({"type": "adaptive"})


@pytest.mark.parametrize(
    "unified", [{"reasoning": {"enabled": False}}, {"reasoning_effort": "none"}, {"reasoning": {"budget_tokens": 0}}]
)
def test_off_is_said_in_the_models_way(unified: Json) -> None:
    assert render_reasoning(unified, OLD).thinking == {"type": "disabled"}
    assert render_reasoning(unified, NEW) == Thought()
    assert render_reasoning(unified, read_model("claude-3-haiku-20240307")).thinking is None
    always = render_reasoning(unified, read_model("claude-opus-5-5"))
    assert (always.thinking, always.effort, len(always.dropped)) == (None, "low", 1)


def test_a_model_that_cannot_think_drops_it_by_name() -> None:
    assert render_reasoning({"reasoning_effort": "high"}, read_model("claude-3-5-haiku")).dropped == (
        "reasoning_effort",
    )


@pytest.mark.parametrize(
    ("unified", "param"),
    [
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"reasoning": {"effort": ["high"]}}, "reasoning.effort"),
        ({"reasoning": "high"}, "reasoning"),
        ({"reasoning": {"budget_tokens": "many"}}, "reasoning.budget_tokens"),
    ],
)
def test_what_nobody_knows_is_refused(unified: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render_reasoning(unified, OLD)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


@pytest.mark.parametrize(
    ("wire", "reasoning"),
    [
        ({}, {}),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, {"budget_tokens": 2048}),
        ({"thinking": {"type": "disabled"}}, {"enabled": False}),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, {"enabled": True, "effort": "low"}),
        ({"output_config": {"effort": "max"}}, {"effort": "max"}),
    ],
)
def test_thinking_is_read_back(wire: Json, reasoning: Json) -> None:
    assert parse_thinking(wire) == reasoning
