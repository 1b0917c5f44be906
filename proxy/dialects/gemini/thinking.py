"""Unified `reasoning` and `reasoning_effort` as Google's `thinkingConfig`, and back.

Which of budgets and levels a model understands stands in models.py. Source: https://ai.google.dev/gemini-api/docs/thinking.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from proxy.call import Json
from proxy.dialects.gemini.models import EFFORTS, Budget, Model
from proxy.dialects.gemini.spelling import camel
from proxy.dialects.shape import asked, chosen, wrong

#: Budgets that are no number of tokens: off, and as the model sees fit.
OFF, DYNAMIC = 0, -1


class Thought(NamedTuple):
    """What is to be said, and the names of what could not be said, or only otherwise."""

    config: Json
    dropped: tuple[str, ...] = ()
    translated: tuple[str, ...] = ()


def render_thinking(unified: Json, model: Model) -> Thought:
    """`reasoning` goes before `reasoning_effort`. An effort that nobody knows is the caller's mistake."""
    name, reasoning = wanted(unified)
    effort, budget = read_effort(name, reasoning), reasoning.get("budget_tokens")
    if budget is not None:
        asked(budget, int, "reasoning.budget_tokens")
    on = effort is not None or bool(reasoning.get("enabled")) or budget is not None
    if reasoning.get("enabled") is False or effort == "none" or budget == OFF:
        return render_off(name, model)
    if not (model.levels or model.budget):
        return Thought({}, (name,) if on else ())
    shown = {"includeThoughts": True} if is_shown(reasoning, on) else {}
    if model.budget:
        thought = render_budget(effort, budget, on, model.budget)
    else:
        thought = render_level(effort, budget, model.levels)
    return thought._replace(config={**shown, **thought.config})


def wanted(unified: Json) -> tuple[str, Json]:
    if unified.get("reasoning") is not None:
        return "reasoning", asked(unified["reasoning"], dict, "reasoning")
    effort = unified.get("reasoning_effort")
    return "reasoning_effort", {} if effort is None else {"effort": effort}


def read_effort(name: str, reasoning: Json) -> str | None:
    effort = reasoning.get("effort")
    if effort is None:
        return None
    path = name if name == "reasoning_effort" else f"{name}.effort"
    if asked(effort, str, path) != "none" and effort not in EFFORTS:
        raise wrong(path, f"must be one of none, {', '.join(EFFORTS)}")
    return str(effort)


def is_shown(reasoning: Json, on: bool) -> bool:
    """Thoughts are shown to whoever asked for thinking, unless it is said otherwise."""
    display = reasoning.get("display")
    return on if display is None else display != "omitted"


def render_off(name: str, model: Model) -> Thought:
    """As little as there is, and named, where thinking cannot be switched off."""
    if model.levels:
        return Thought({"thinkingLevel": model.levels[0].upper()}, (name,))
    if model.budget and not model.budget.off:
        return Thought({"thinkingBudget": model.budget.least}, (name,))
    return Thought({"thinkingBudget": OFF} if model.budget else {})


def render_budget(effort: str | None, budget: int | None, on: bool, limits: Budget) -> Thought:
    if budget is None and effort is None:
        return Thought({"thinkingBudget": DYNAMIC} if on else {})
    tokens = EFFORTS[effort or "medium"] if budget is None else budget
    if tokens < 0:
        return Thought({"thinkingBudget": DYNAMIC})
    said = min(max(tokens, limits.least), limits.most)
    cut = budget is not None and said != budget
    return Thought({"thinkingBudget": said}, translated=("reasoning.budget_tokens",) if cut else ())


def render_level(effort: str | None, budget: int | None, levels: tuple[str, ...]) -> Thought:
    if effort is None and budget is not None and budget > 0:
        level = nearest(effort_of(budget), levels)
        return Thought({"thinkingLevel": level}, translated=("reasoning.budget_tokens",))
    translated = () if budget is None or budget < 0 else ("reasoning.budget_tokens",)
    return Thought({} if effort is None else {"thinkingLevel": nearest(effort, levels)}, translated=translated)


def effort_of(budget: int) -> str:
    return next((effort for effort, tokens in EFFORTS.items() if effort != "minimal" and budget <= tokens), "max")


def nearest(effort: str, levels: tuple[str, ...]) -> str:
    """The level of that name, else the next above, else the highest."""
    order = tuple(EFFORTS)
    above = (level for level in levels if order.index(level) >= order.index(effort))
    return next(above, levels[-1]).upper()


def parse_thinking(config: Any, path: str) -> Json:
    """The unified `reasoning` of a thinkingConfig; {} when it says nothing."""
    wire = camel(config, path)
    level, budget = wire.get("thinkingLevel"), wire.get("thinkingBudget")
    reasoning: Json = {}
    if level is not None and asked(level, str, f"{path}.thinkingLevel") != "THINKING_LEVEL_UNSPECIFIED":
        reasoning["effort"] = level.lower()
        if reasoning["effort"] not in EFFORTS:
            raise wrong(f"{path}.thinkingLevel", f"must be one of {', '.join(EFFORTS).upper()}")
    if budget is not None:
        reasoning |= parse_budget(asked(budget, int, f"{path}.thinkingBudget"), path)
    shown = chosen(wire, ("includeThoughts",)).get("includeThoughts", False)
    if asked(shown, bool, f"{path}.includeThoughts"):
        reasoning["display"] = "summarized"
    elif reasoning and reasoning.get("enabled") is not False:
        reasoning["display"] = "omitted"
    return reasoning


def parse_budget(budget: int, path: str) -> Json:
    if budget < DYNAMIC:
        raise wrong(f"{path}.thinkingBudget", "must be at least -1")
    return {"enabled": budget == DYNAMIC} if budget <= OFF else {"budget_tokens": budget}
