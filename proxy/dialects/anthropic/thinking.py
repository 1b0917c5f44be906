"""Unified `reasoning` and `reasoning_effort`, as Anthropic's `thinking` and `output_config.effort`, and back.

Which of the two a model understands stands in models.py. Source:
https://platform.claude.com/docs/en/build-with-claude/thinking, build-with-claude/extended-thinking,
build-with-claude/effort.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy.call import Json
from proxy.dialects.anthropic.models import BUDGETS, LEAST_BUDGET, Model
from proxy.dialects.shape import asked, chosen, wrong

ON = ("enabled", "adaptive")


class Thought(NamedTuple):
    """What is to be said: `thinking`, an effort, the names of what could not be said and of what was said otherwise."""

    thinking: Json | None = None
    effort: str | None = None
    dropped: tuple[str, ...] = ()
    translated: tuple[str, ...] = ()

    @property
    def is_on(self) -> bool:
        return self.thinking is not None and self.thinking["type"] in ON


def render_reasoning(unified: Json, model: Model) -> Thought:
    """`reasoning` goes before `reasoning_effort`. An effort that nobody knows is the caller's mistake."""
    name, reasoning = wanted(unified)
    effort = read_effort(name, reasoning)
    if reasoning.get("enabled") is False or effort == "none" or reasoning.get("budget_tokens") == 0:
        return render_off(name, model)
    if not (effort or reasoning.get("enabled") or reasoning.get("budget_tokens") is not None):
        return Thought()
    if model.generation.thinking == "none":
        return Thought(dropped=(name,))
    return render_on(reasoning, model)


def wanted(unified: Json) -> tuple[str, Json]:
    if unified.get("reasoning") is not None:
        return "reasoning", asked(unified["reasoning"], dict, "reasoning")
    effort = unified.get("reasoning_effort")
    return "reasoning_effort", {} if effort is None else {"effort": asked(effort, str, "reasoning_effort")}


def read_effort(name: str, reasoning: Json) -> str | None:
    effort = reasoning.get("effort")
    if effort is None:
        return None
    path = name if name == "reasoning_effort" else f"{name}.effort"
    if asked(effort, str, path) != "none" and effort not in BUDGETS:
        raise wrong(path, f"must be one of none, {', '.join(BUDGETS)}")
    return str(effort)


def render_off(name: str, model: Model) -> Thought:
    """Where thinking cannot be switched off, the lowest effort comes nearest, and the field counts as not honoured."""
    off = model.off
    if off is None:
        return Thought(effort="low", dropped=(name,))
    return Thought({"type": off}) if off and model.generation.thinking != "none" else Thought()


def render_on(reasoning: Json, model: Model) -> Thought:
    accepted, shown = model.generation.thinking, chosen(reasoning, ("display",))
    budget, effort = reasoning.get("budget_tokens"), reasoning.get("effort")
    if budget is not None and accepted != "adaptive":
        raised = () if asked(budget, int, "reasoning.budget_tokens") >= LEAST_BUDGET else ("reasoning.budget_tokens",)
        return Thought(render_budget(budget, shown), model.generation.efforts.get(effort or ""), translated=raised)
    if accepted == "budget":
        return Thought(render_budget(BUDGETS[effort or "medium"], shown))
    dropped = () if budget is None else ("reasoning.budget_tokens",)
    return Thought({"type": "adaptive", **shown}, model.generation.efforts.get(effort or ""), dropped)


def render_budget(budget: int, shown: Json) -> Json:
    return {"type": "enabled", "budget_tokens": max(budget, LEAST_BUDGET), **shown}


def parse_thinking(wire: Json) -> Json:
    """The unified `reasoning` of a Messages request; {} when it says nothing."""
    config = wire.get("output_config")
    effort = None if config is None else asked(config, dict, "output_config").get("effort")
    reasoning: Json = {} if effort is None else {"effort": asked(effort, str, "output_config.effort")}
    if wire.get("thinking") is None:
        return reasoning
    thinking = asked(wire["thinking"], dict, "thinking")
    reasoning |= chosen(thinking, ("budget_tokens", "display"))
    if "budget_tokens" not in reasoning:
        reasoning["enabled"] = thinking.get("type") not in ("disabled", "between_tools")
    return reasoning
