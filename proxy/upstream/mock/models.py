"""What a model name asks the mock to do: one table, which `GET /v1/models` and docs/mock.md show.

It knows names and their numbers only; what each kind looks like on the wire is in answer.py and script.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A parsed model name. `events`, `tokens` and `times` are counts; `retry_after` is kept as it was spelled."""

    kind: str = "text"
    status: int = 0
    retry_after: str | None = None
    events: int | None = None
    tokens: int | None = None
    times: int = 0
    seconds: float | None = None


class Model(NamedTuple):
    """A row: `form` with its fields in braces, one `example` of it, and what it does in either mode."""

    kind: str
    form: str
    example: str
    streamed: str
    whole: str


SAME = "the same"

MODELS: tuple[Model, ...] = (
    Model("text", "mock", "mock", "says back the last user message", SAME),
    Model("tools", "mock-tools", "mock-tools", "calls every tool of the request at once, one after another", SAME),
    Model(
        "tools-interleaved",
        "mock-tools-interleaved",
        "mock-tools-interleaved",
        "as `mock-tools`, but the pieces of parallel calls take turns, which OpenAI never does and others may",
        "as `mock-tools`",
    ),
    Model(
        "reasoning",
        "mock-reasoning",
        "mock-reasoning",
        "`reasoning_content` deltas first, then text; `reasoning_tokens` in the usage",
        "`reasoning_content` beside `content`; `reasoning_tokens` in the usage",
    ),
    Model(
        "tokens", "mock-tokens-{tokens}", "mock-tokens-1000", "an answer of exactly 1000 tokens (at most 100000)", SAME
    ),
    Model(
        "slow", "mock-slow-{seconds}", "mock-slow-2.5", "nothing, not even the head, for 2.5 s; then as `mock`", SAME
    ),
    Model(
        "status", "mock-status-{status}", "mock-status-429", "that status (400 to 599) with OpenAI's error body", SAME
    ),
    Model(
        "status",
        "mock-status-{status}-retry-after-{retry_after}",
        "mock-status-429-retry-after-2",
        "as above, with the header `retry-after: 2` (decimals allowed)",
        SAME,
    ),
    Model(
        "flaky",
        "mock-flaky-{times}",
        "mock-flaky-2",
        "503 for the first two of identical requests, the third works; then it begins again",
        SAME,
    ),
    Model(
        "cut",
        "mock-cut-{events}",
        "mock-cut-3",
        "closes the connection after 3 content events, inside an HTTP chunk, between two events",
        "closes the connection halfway through the body",
    ),
    Model(
        "cut-event",
        "mock-cut-event-{events}",
        "mock-cut-event-3",
        "closes the connection in the middle of the event after 3 content events",
        "closes the connection halfway through the body",
    ),
    Model("cut-head", "mock-cut-head", "mock-cut-head", "closes the connection inside the response head", SAME),
    Model(
        "truncated",
        "mock-truncated",
        "mock-truncated",
        "every event up to `[DONE]`, then closes the connection without the terminating chunk",
        "closes the connection halfway through the body that `content-length` announced",
    ),
    Model(
        "end-early",
        "mock-end-early-{events}",
        "mock-end-early-3",
        "a clean HTTP end after 3 content events: no finish reason, no `[DONE]`",
        "a clean HTTP end halfway through the JSON",
    ),
    Model(
        "stall",
        "mock-stall-{events}",
        "mock-stall-3",
        "goes silent after 3 content events and keeps the connection open",
        "never answers",
    ),
    Model(
        "malformed",
        "mock-malformed-{events}",
        "mock-malformed-3",
        "after 3 content events one event of broken JSON, then the rest as if nothing had happened",
        "a clean HTTP end halfway through the JSON",
    ),
    Model(
        "error-event",
        "mock-error-event",
        "mock-error-event",
        "status 200, and an error as the first and only event",
        "status 200 with an error body",
    ),
    Model(
        "error-event",
        "mock-error-event-{events}",
        "mock-error-event-3",
        "an error event after 3 content events, and no `[DONE]`",
        "status 200 with an error body",
    ),
    Model("html", "mock-html", "mock-html", "status 200 with a page of HTML", SAME),
    Model("empty", "mock-empty", "mock-empty", "status 200 with an empty body", SAME),
)

#: How each field of a form is spelled, and what it becomes.
FIELDS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "status": (r"[45]\d\d", int),
    "retry_after": (r"\d{1,6}(?:\.\d{1,3})?", str),
    "events": (r"\d{1,5}", int),
    "tokens": (r"\d{1,5}|100000", int),
    "times": (r"\d{1,3}", int),
    "seconds": (r"\d{1,4}(?:\.\d{1,3})?", float),
}


def _compile(form: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", lambda field: f"(?P<{field[1]}>{FIELDS[field[1]][0]})", form), re.ASCII)


PATTERNS = tuple((model.kind, _compile(model.form)) for model in MODELS)


def parse_model(name: str) -> Behaviour:
    """What `name` asks for; a name that is in no row answers like `mock`."""
    for kind, pattern in PATTERNS:
        match = pattern.fullmatch(name)
        if match is not None:
            return Behaviour(kind, **{field: FIELDS[field][1](text) for field, text in match.groupdict().items()})
    return Behaviour()
