"""Calls, providers that end them in one way or another, and a policy whose clock stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from proxy.call import Call, Client, Handler, Outcome, Target, Usage
from proxy.config.limits import Rule
from proxy.policies.rate_limit import RateLimit

NOW = 1000.0
PLAIN = Rule("plain", "", "", "", 10, None, None, 60.0, 0.0, 10, False)
FAST = PLAIN._replace(name="fast", model="fast", requests=10, tokens=1000)
THERE = PLAIN._replace(name="there", provider="there", requests=10, tokens=1000)


def asked(model: str = "fast", target: Target | None = None, **json: Any) -> Call:
    call = Call("id", "openai", "chat", b"", {"prompt": 100, **json}, model, False, {}, cast(Client, None))
    call.target = target
    return call


def policy(*rules: Rule, time: Callable[[], float] = lambda: NOW, **more: Any) -> RateLimit:
    inner = any(rule.provider for rule in rules)

    def provider_of(call: Call) -> str:
        assert call.target is not None
        return call.target.name

    subject = provider_of if inner else lambda call: call.model
    return RateLimit(rules, subject, lambda call: int(call.json["prompt"]), time, **more)


def answering(usage: Usage | None = None, phase: str = "streaming", end: BaseException | None = None) -> Handler:
    async def handler(call: Call) -> Outcome:
        call.attempts += 1
        call.phase, call.usage = phase, usage
        if end is not None:
            raise end
        return Outcome(200, usage)

    return handler


def used(limits: RateLimit, which: int = 0) -> tuple[float, float]:
    """Requests and tokens in use of one limit."""
    (limiter,) = limits.scopes[which].every()
    assert limiter.requests is not None
    assert limiter.tokens is not None
    return limiter.requests.fill(NOW)[0], limiter.tokens.fill(NOW)[0]
