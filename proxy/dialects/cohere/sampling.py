"""How much may be said, and how it is chosen: `max_tokens`, samplers, stop sequences.

A number outside Cohere's range becomes the nearest in it, and is named. Source: https://docs.cohere.com/v2/reference/chat;
the upper end of `temperature` is what the API itself says in its errors (https://docs.cohere.com/v2/reference/errors).
"""

from __future__ import annotations

from typing import Any

from proxy.dialects.cohere.fields import Draft
from proxy.dialects.shape import asked

NUMBERS = (int, float)
#: Unified name, Cohere's name, least, most.
RANGES = (
    ("temperature", "temperature", 0, 1),
    ("top_p", "p", 0.01, 0.99),
    ("top_k", "k", 0, 500),
    ("frequency_penalty", "frequency_penalty", 0, 1),
    ("presence_penalty", "presence_penalty", 0, 1),
)
SAMPLERS = tuple(name for name, *_ in RANGES)
MOST_STOPS = 5


def say_samplers(draft: Draft) -> None:
    unified = draft.unified
    for name, theirs, least, most in RANGES:
        if name not in unified or unified[name] is None:
            continue
        number = unified[name]
        if type(number) not in NUMBERS:
            asked(number, float, name)
        if not least <= number <= most:
            draft.translated.append(name)
            number = min(max(number, least), most)
        draft.wire[theirs] = number


def say_limit(draft: Draft) -> None:
    limit = draft.unified.get("max_tokens")
    if type(limit) is not int or "max_completion_tokens" in draft.unified:
        limit = limit_of(draft)
    if limit is not None:
        draft.wire["max_tokens"] = limit


def limit_of(draft: Draft) -> int | None:
    """`max_completion_tokens` goes before `max_tokens`."""
    name = "max_tokens" if draft.unified.get("max_completion_tokens") is None else "max_completion_tokens"
    limit = draft.unified.get(name)
    return None if limit is None else asked(limit, int, name)


def say_stop(draft: Draft) -> None:
    """`stop` and `stop_sequences` together. Cohere takes five; what is beyond is dropped by name."""
    sequences: dict[str, str] = {}
    for name in ("stop", "stop_sequences"):
        value: Any = draft.unified.get(name)
        values = [] if value is None else [value] if isinstance(value, str) else asked(value, list, name)
        for index, entry in enumerate(values):
            sequences.setdefault(asked(entry, str, f"{name}[{index}]"), name)
    draft.dropped += [*sequences.values()][MOST_STOPS:]
    if sequences:
        draft.wire["stop_sequences"] = [*sequences][:MOST_STOPS]
