"""Calls that were followed, as far as their spans need them."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from proxy.call import Call, Client, Target
from proxy.tracing.span import End, Span, Trace


class Endpoint(NamedTuple):
    kind: str = "openai"
    base_url: str = "https://api.openai.com/v1"


def target(name: str = "up", model: str = "gpt-4o", **endpoint: Any) -> Target:
    return Target(name, model, Endpoint(**endpoint))


def new_call(at: Target | None = None, **known: Any) -> Call:
    found = target() if at is None else at
    call = Call("the-id", "openai", "chat", b"", {}, "fast", False, {}, cast(Client, None), 100.0, target=found)
    call.targets = (found,)
    call.attempts = 1
    for name, value in known.items():
        setattr(call, name, value)
    return call


def trace(**known: Any) -> Trace:
    made = Trace("a" * 32, "b" * 16, 100.0, 1000.0, None, "")
    for name, value in known.items():
        setattr(made, name, value)
    return made


def attempt(of: Trace, at: Target | None = None, number: int = 1, **end: Any) -> Span:
    made = Span(of, "c" * 16, 101.0, at or target(), number)
    made.end = End(102.0, **end)
    return made
