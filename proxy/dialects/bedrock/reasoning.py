"""How a model is told to think, unified and in the words of its family; and back, from any of them.

Converse has no word of its own that every model takes: Claude has `thinking` and `output_config`, Nova
`reasoningConfig`, others an effort under one of three names, all in `additionalModelRequestFields` (Converse's own
`outputConfig.effort` is refused for models that take Claude's). Sources:
https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html,
https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html, and what models.py names.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.bedrock.fields import Draft
from proxy.dialects.bedrock.tools import is_forced
from proxy.dialects.claude import BUDGETS, Model, parse_thinking, read_effort, render_reasoning, wanted
from proxy.dialects.shape import asked

#: What Nova takes no other word beside.
UNSET_WHEN_HIGH = ("max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k")
#: Spellings of the same by the models that have them, as paths in `additionalModelRequestFields`.
NOVA = "reasoningConfig"
THINKING = ("thinking", "reasoning_config")
EFFORTS = (("reasoning_effort",), ("reasoning", "effort"), ("reasoning_config",), ("output_config", "effort"))


def say_reasoning(draft: Draft) -> None:
    claude = draft.known.claude
    if claude is not None:
        say_thinking(draft, claude)
    else:
        say_effort(draft)


def say_thinking(draft: Draft, claude: Model) -> None:
    """Thinking and a forced tool exclude each other. The tool is what the app's code relies on, so thinking gives way."""
    thought = render_reasoning(draft.unified, claude)
    draft.dropped += thought.dropped
    if thought.effort:
        draft.add(("output_config", "effort"), thought.effort)
    if thought.is_on and is_forced(draft.wire):
        draft.dropped.append("reasoning" if draft.unified.get("reasoning") is not None else "reasoning_effort")
    elif thought.thinking is not None:
        draft.add(("thinking",), thought.thinking)
        draft.translated += thought.translated


def say_effort(draft: Draft) -> None:
    name, reasoning = wanted(draft.unified)
    effort, path = wanted_effort(draft, name, reasoning), draft.known.family.effort
    if effort is None:
        return
    said = draft.known.family.efforts.get(effort)
    if said is not None:
        draft.add(path, said)
        if path[0] == NOVA:
            draft.add((NOVA, "type"), "enabled")
    elif effort != "none":
        draft.dropped.append(name)
    elif path and path[0] != NOVA:
        # Nova thinks only when it is told to, and so do models without a word for it; these always do.
        draft.add(path, "low")
        draft.dropped.append(name)


def wanted_effort(draft: Draft, name: str, reasoning: Json) -> str | None:
    """The effort that is asked for; a budget is said by the effort that comes nearest."""
    effort, budget = read_effort(name, reasoning), reasoning.get("budget_tokens")
    if reasoning.get("enabled") is False or budget == 0:
        return "none"
    if budget is not None and effort is None:
        if draft.known.family.efforts:
            draft.translated.append("reasoning.budget_tokens")
        tokens = asked(budget, int, "reasoning.budget_tokens")
        return next((word for word, most in BUDGETS.items() if tokens <= most), "max")
    return effort or ("medium" if reasoning.get("enabled") else None)


def is_alone(draft: Draft) -> bool:
    """Whether the model takes no samplers and no limit beside what it has been told."""
    config = draft.wire.get("additionalModelRequestFields", {}).get(NOVA)
    return isinstance(config, dict) and config.get("maxReasoningEffort") == "high"


def take_reasoning(fields: Json) -> Json:
    """The unified `reasoning` in a model's own fields, which are taken out of them; {} when they say nothing of it."""
    reasoning: Json = {}
    for name in THINKING:
        if isinstance(fields.get(name), dict) and "type" in fields[name]:
            reasoning |= parse_thinking({"thinking": fields.pop(name)})
    config = fields.get(NOVA)
    if isinstance(config, dict) and config.keys() <= {"type", "maxReasoningEffort"}:
        del fields[NOVA]
        effort = config.get("maxReasoningEffort")
        reasoning |= {"enabled": config.get("type") == "enabled"} if effort is None else {"effort": effort}
    for path in EFFORTS:
        effort = take(fields, path)
        if effort is not None:
            reasoning["effort"] = effort
    if "effort" in reasoning and reasoning.get("enabled"):
        del reasoning["enabled"]
    return reasoning


def take(fields: Json, path: tuple[str, ...]) -> str | None:
    """A text by its path, taken out; what held nothing else goes with it."""
    held: Any = fields
    for step in path[:-1]:
        held = held.get(step) if isinstance(held, dict) else None
    if not isinstance(held, dict) or not isinstance(held.get(path[-1]), str):
        return None
    if len(path) > 1:
        fields[path[0]] = held = dict(held)
    words: str = held.pop(path[-1])
    if len(path) > 1 and not held:
        del fields[path[0]]
    return words
