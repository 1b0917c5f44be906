"""How much a model is to think: unified effort and budget, and Cohere's `thinking`.

Models that can think do so unless they are told not to; a budget bounds it, and without one there is no bound. Models that
cannot are told nothing. Source: https://docs.cohere.com/v2/docs/reasoning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from proxy.call import Json
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.cohere.sampling import limit_of
from proxy.dialects.shape import asked, wrong

#: Effort -> tokens for thoughts; None is as many as it takes.
BUDGETS: Mapping[str, int | None] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 24576,
    "max": None,
}
#: Models of before https://docs.cohere.com/v2/docs/reasoning, and those of other trades.
CANNOT_THINK = re.compile(r"command|(command-(light|nightly|r|r7b|a-03|a-vision|a-translate)|c4ai|tiny-aya)(-.*)?")
#: Tokens that Cohere recommends to leave for the answer.
ANSWER = 1024
SAID = frozenset({"effort", "budget_tokens", "enabled"})


def say_reasoning(draft: Draft) -> None:
    reasoning = asked(draft.unified.get("reasoning") or {}, dict, "reasoning")
    effort = reasoning.get("effort")
    name = "reasoning.effort" if effort is not None else "reasoning_effort"
    effort = draft.unified.get("reasoning_effort") if effort is None else effort
    draft.dropped += [
        f"reasoning.{name}" for name, value in reasoning.items() if name not in SAID and value is not None
    ]
    asks = effort is not None or any(reasoning.get(name) is not None for name in SAID)
    if not asks:
        return
    thinking = render_thinking(reasoning, effort, name)
    if CANNOT_THINK.fullmatch(draft.wire["model"]) is None:
        draft.wire["thinking"] = thinking if reasoning.get("budget_tokens") is not None else fit(thinking, name, draft)
    elif thinking["type"] == "enabled":
        draft.dropped += [f"reasoning.{name}" for name in SAID if reasoning.get(name) is not None]
        draft.dropped += ["reasoning_effort"] if draft.unified.get("reasoning_effort") is not None else []


def render_thinking(reasoning: Json, effort: object, name: str) -> Json:
    """A budget goes before an effort, an effort before a bare yes or no."""
    budget = reasoning.get("budget_tokens")
    if budget is not None:
        return render_budget(asked(budget, int, "reasoning.budget_tokens"))
    if effort is None:
        return {"type": "enabled" if asked(reasoning["enabled"], bool, "reasoning.enabled") else "disabled"}
    if effort == "none":
        return {"type": "disabled"}
    if not isinstance(effort, str) or effort not in BUDGETS:
        raise wrong(name, f"must be one of none, {', '.join(BUDGETS)}")
    return render_budget(BUDGETS[effort])


def fit(thinking: Json, name: str, draft: Draft) -> Json:
    """An effort's budget, cut where thoughts, which count against the limit, would leave nothing of it to the answer."""
    limit = limit_of(draft)
    if limit is None or thinking.get("token_budget", 0) < limit:
        return thinking
    draft.translated.append(name)
    return render_budget(max(limit - ANSWER, limit // 2))


def render_budget(budget: int | None) -> Json:
    """A budget is a positive number: none at all is no thinking."""
    if budget is None:
        return {"type": "enabled"}
    return {"type": "enabled", "token_budget": budget} if budget > 0 else {"type": "disabled"}


def parse_thinking(wire: Json) -> Json:
    """The unified `reasoning` of a chat request; {} when it says nothing."""
    if wire.get("thinking") is None:
        return {}
    thinking = asked(wire["thinking"], dict, "thinking")
    kind = asked(thinking.get("type", "enabled"), str, "thinking.type")
    if kind not in ("enabled", "disabled"):
        raise wrong("thinking.type", "must be enabled or disabled")
    budget = thinking.get("token_budget")
    if kind == "disabled" or budget is None:
        return {"reasoning": {"enabled": kind == "enabled"}}
    return {"reasoning": {"budget_tokens": asked(budget, int, "thinking.token_budget")}}
