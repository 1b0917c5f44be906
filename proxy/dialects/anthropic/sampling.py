"""How much may be said, and how it is chosen: `max_tokens`, samplers, stop sequences.

What thinking leaves room for is seen in the draft, so it is said before. Source: https://docs.claude.com/en/api/messages.
"""

from __future__ import annotations

from proxy.dialects.anthropic.fields import Draft
from proxy.dialects.anthropic.models import LEAST_ANSWER
from proxy.dialects.anthropic.shape import asked
from proxy.dialects.anthropic.thinking import ON


def say_limit(draft: Draft) -> None:
    """Required by Anthropic, with no default.

    Thinking counts against it: a limit no larger than the budget is raised by it, and named.
    """
    name = "max_completion_tokens" if draft.unified.get("max_completion_tokens") is not None else "max_tokens"
    limit, default = draft.unified.get(name), draft.model.generation.max_tokens
    budget = draft.wire.get("thinking", {}).get("budget_tokens", 0)
    if limit is None:
        draft.wire["max_tokens"] = max(default, budget + LEAST_ANSWER) if budget else default
    elif asked(limit, int, name) > budget or not budget:
        draft.wire["max_tokens"] = limit
    else:
        draft.wire["max_tokens"] = limit + budget
        draft.drop(name)


def say_samplers(draft: Draft) -> None:
    """Temperature ends at 1 here. Newer models, and thinking, take the default values only."""
    wire, samplers = draft.wire, draft.model.generation.samplers
    wire |= {name: number(draft, name) for name in ("temperature", "top_p") if draft.unified.get(name) is not None}
    if wire.get("temperature", 0) > 1:
        wire["temperature"] = 1
        draft.drop("temperature")
    refused = set()
    if samplers == "default" or wire.get("thinking", {}).get("type") in ON:
        refused = {name for name in ("temperature", "top_p", "top_k") if wire.get(name, 1) != 1 or name == "top_k"}
    elif samplers == "one" and "temperature" in wire:
        refused = {"top_p"}
    for name in sorted(refused & wire.keys()):
        del wire[name]
        draft.drop(name)


def number(draft: Draft, name: str) -> int | float:
    value = draft.unified[name]
    return value if type(value) is int else asked(value, float, name)


def say_stop(draft: Draft) -> None:
    """`stop` and `stop_sequences` together. Anthropic refuses a sequence of white space only."""
    sequences: list[str] = []
    for name in ("stop", "stop_sequences"):
        value = draft.unified.get(name)
        values = [] if value is None else [value] if isinstance(value, str) else asked(value, list, name)
        sequences += [asked(entry, str, f"{name}[{index}]") for index, entry in enumerate(values)]
        if not all(map(str.strip, sequences)):
            draft.drop(name)
        sequences = [sequence for sequence in sequences if sequence.strip()]
    if sequences:
        draft.wire["stop_sequences"] = list(dict.fromkeys(sequences))
