"""How much may be said, and how it is chosen: `max_tokens`, samplers, stop sequences.

What thinking leaves room for is seen in the draft, so it is said before. Source: https://docs.claude.com/en/api/messages.
"""

from __future__ import annotations

from proxy.dialects.anthropic.fields import CACHE_ONLY, Draft
from proxy.dialects.anthropic.models import LEAST_ANSWER
from proxy.dialects.anthropic.thinking import ON
from proxy.dialects.shape import asked

NUMBERS = (int, float)


def say_limit(draft: Draft) -> None:
    """Required by Anthropic, with no default.

    Thinking counts against it: a limit no larger than the budget is raised by it, and named.
    """
    unified, wire = draft.unified, draft.wire
    if unified.get(CACHE_ONLY):
        wire["max_tokens"] = 0
        return
    name = "max_tokens" if unified.get("max_completion_tokens") is None else "max_completion_tokens"
    limit, default = unified.get(name), draft.model.generation.max_tokens
    budget = wire["thinking"].get("budget_tokens", 0) if "thinking" in wire else 0
    if limit is None:
        wire["max_tokens"] = max(default, budget + LEAST_ANSWER) if budget else default
    elif (limit if type(limit) is int else asked(limit, int, name)) > budget or not budget:
        wire["max_tokens"] = limit
    else:
        wire["max_tokens"] = limit + budget
        draft.translated.append(name)


def say_samplers(draft: Draft) -> None:
    """Temperature ends at 1 here. Newer models, and thinking, take the default values only."""
    unified, wire, dropped = draft.unified, draft.wire, draft.dropped
    for name in ("temperature", "top_p"):
        value = unified.get(name)
        if value is not None:
            wire[name] = value if type(value) in NUMBERS else asked(value, float, name)
    if wire.get("temperature", 0) > 1:
        wire["temperature"] = 1
        draft.translated.append("temperature")
    if draft.model.generation.samplers == "default" or ("thinking" in wire and wire["thinking"]["type"] in ON):
        for name in ("temperature", "top_k", "top_p"):
            if name in wire and (wire[name] != 1 or name == "top_k"):
                del wire[name]
                dropped.append(name)
    elif draft.model.generation.samplers == "one" and "temperature" in wire and "top_p" in wire:
        del wire["top_p"]
        dropped.append("top_p")


def say_stop(draft: Draft) -> None:
    """`stop` and `stop_sequences` together. Anthropic refuses a sequence of white space only."""
    sequences: list[str] = []
    for name in ("stop", "stop_sequences"):
        value = draft.unified.get(name)
        values = [] if value is None else [value] if isinstance(value, str) else asked(value, list, name)
        sequences += [asked(entry, str, f"{name}[{index}]") for index, entry in enumerate(values)]
        if not all(map(str.strip, sequences)):
            draft.dropped.append(name)
        sequences = [sequence for sequence in sequences if sequence.strip()]
    if sequences:
        draft.wire["stop_sequences"] = list(dict.fromkeys(sequences))
